/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node_table.h"

#include <errno.h>
#include <search.h>
#include <stddef.h>
#include <stdlib.h>

/* The tree holds these; `name` follows the struct in the same allocation. */
struct node_entry {
	struct node node; /* first: a visitor's node is its entry */
	uint32_t seen_in; /* number of the list that named it last */
	char name[];
};

struct node_table {
	void *tree; /* of struct node_entry, tsearch(3) */
	size_t count;
	uint32_t list;    /* number of the present list */
	uint64_t version; /* see node_table_version */
};

static int compare_entries(const void *a, const void *b)
{
	return strcmp(((const struct node *)a)->name, ((const struct node *)b)->name);
}

static struct node_entry *find_entry(const struct node_table *table, const char *name)
{
	struct node key = {.name = name};
	struct node_entry **found = tfind(&key, &table->tree, compare_entries);

	return found ? *found : NULL;
}

int node_table_new(struct node_table **out, struct error *err)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : error_set(err, ENOMEM, "out of memory");
}

void node_table_free(struct node_table *table)
{
	if (!table)
		return;
	tdestroy(table->tree, free);
	free(table);
}

static void read_pod_cidrs(struct node *node, const struct node_record *record)
{
	for (size_t i = 0; i < record->pod_cidr_count && i < NODE_POD_CIDRS_MAX; i++) {
		if (prefix_parse(record->pod_cidrs[i], &node->pod_cidrs[node->pod_cidr_count]))
			node->pod_cidr_count++;
		else
			node->bad_pod_cidr = true;
	}
}

static void read_next_hop(struct node *node, const char *text)
{
	struct ip_addr addr;

	if (text && ip_parse(text, &addr) &&
	    node->next_hop[ip_family_index(addr.family)].family == 0)
		node->next_hop[ip_family_index(addr.family)] = addr;
}

/*
 * The overwrite annotation comes first, as an administrator set it; then what
 * the node's own daemon published; then its InternalIP, so that routes stand
 * before that daemon has run.
 */
static void read_next_hops(struct node *node, const struct node_record *record)
{
	const char *const *annotations = record->annotations;
	const char *backend = annotations[NODE_ANNOTATION_BACKEND_TYPE];

	node->other_backend = backend && strcmp(backend, "host-gw") != 0;
	read_next_hop(node, annotations[NODE_ANNOTATION_PUBLIC_IP_OVERWRITE]);
	read_next_hop(node, annotations[NODE_ANNOTATION_PUBLIC_IPV6_OVERWRITE]);
	read_next_hop(node, annotations[NODE_ANNOTATION_PUBLIC_IP]);
	read_next_hop(node, annotations[NODE_ANNOTATION_PUBLIC_IPV6]);
	for (size_t i = 0; i < record->address_count && i < NODE_ADDRESSES_MAX; i++)
		read_next_hop(node, record->addresses[i]);
}

static bool same_node(const struct node *a, const struct node *b)
{
	if (a->created != b->created || a->pod_cidr_count != b->pod_cidr_count ||
	    a->bad_pod_cidr != b->bad_pod_cidr || a->other_backend != b->other_backend)
		return false;
	for (size_t i = 0; i < a->pod_cidr_count; i++)
		if (!prefix_equal(&a->pod_cidrs[i], &b->pod_cidrs[i]))
			return false;
	return ip_equal(&a->next_hop[IP_V4], &b->next_hop[IP_V4]) &&
	       ip_equal(&a->next_hop[IP_V6], &b->next_hop[IP_V6]);
}

static struct node_entry *add_entry(struct node_table *table, const char *name)
{
	size_t size = strlen(name) + 1;
	struct node_entry *entry = calloc(1, sizeof(*entry) + size);

	if (!entry)
		return NULL;
	memcpy(entry->name, name, size);
	entry->node.name = entry->name;
	if (!tsearch(entry, &table->tree, compare_entries)) {
		free(entry);
		return NULL;
	}
	table->count++;
	return entry;
}

int node_table_upsert(struct node_table *table, const struct node_record *record, bool *changed,
                      struct error *err)
{
	struct node node = {.created = record->created};
	struct node_entry *entry = find_entry(table, record->name);

	read_pod_cidrs(&node, record);
	read_next_hops(&node, record);
	*changed = !entry || !same_node(&entry->node, &node);
	if (!entry)
		entry = add_entry(table, record->name);
	if (!entry)
		return error_set(err, ENOMEM, "out of memory for node %s", record->name);
	node.name = entry->name;
	entry->node = node;
	entry->seen_in = table->list;
	table->version += *changed;
	return 0;
}

static void remove_entry(struct node_table *table, struct node_entry *entry)
{
	tdelete(entry, &table->tree, compare_entries);
	table->count--;
	table->version++;
	free(entry);
}

bool node_table_remove(struct node_table *table, const char *name)
{
	struct node_entry *entry = find_entry(table, name);

	if (entry)
		remove_entry(table, entry);
	return entry != NULL;
}

void node_table_list_begin(struct node_table *table)
{
	table->list++;
}

/* A tree must not lose entries while it is walked: collect them first. */
struct unseen {
	struct node_entry **entries;
	size_t count;
	uint32_t list;
};

static void collect_unseen(const void *position, VISIT visit, void *ctx)
{
	struct node_entry *entry = *(struct node_entry *const *)position;
	struct unseen *unseen = ctx;

	if ((visit == postorder || visit == leaf) && entry->seen_in != unseen->list)
		unseen->entries[unseen->count++] = entry;
}

size_t node_table_list_end(struct node_table *table)
{
	struct unseen unseen = {.list = table->list};

	unseen.entries = calloc(table->count + 1, sizeof(struct node_entry *));
	if (!unseen.entries)
		return 0; /* they stay, which is safe, until the next list */
	twalk_r(table->tree, collect_unseen, &unseen);
	for (size_t i = 0; i < unseen.count; i++)
		remove_entry(table, unseen.entries[i]);
	free(unseen.entries);
	return unseen.count;
}

const struct node *node_table_find(const struct node_table *table, const char *name)
{
	struct node_entry *entry = find_entry(table, name);

	return entry ? &entry->node : NULL;
}

size_t node_table_count(const struct node_table *table)
{
	return table->count;
}

uint64_t node_table_version(const struct node_table *table)
{
	return table->version;
}

struct walk {
	void (*visit)(const struct node *, void *);
	void *ctx;
};

static void visit_entry(const void *position, VISIT visit, void *ctx)
{
	const struct walk *walk = ctx;

	if (visit == postorder || visit == leaf)
		walk->visit(&(*(struct node_entry *const *)position)->node, walk->ctx);
}

void node_table_each(const struct node_table *table, void (*visit)(const struct node *, void *),
                     void *ctx)
{
	struct walk walk = {.visit = visit, .ctx = ctx};

	twalk_r(table->tree, visit_entry, &walk);
}
