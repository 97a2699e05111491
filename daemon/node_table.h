/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The nodes that the source has told of, one small record each, in checked
 * form: what a node claims (pod CIDRs) and where it says it is (next hops).
 * Whether a claim is honoured is the plan's to decide.
 */
#ifndef DAEMON_NODE_TABLE_H
#define DAEMON_NODE_TABLE_H

#include "hostgw/node.h"
#include "hostgw/prefix.h"

struct node {
	const char *name;
	int64_t created; /* seconds since 1970; 0: not known */
	struct prefix pod_cidrs[NODE_POD_CIDRS_MAX];
	uint8_t pod_cidr_count;
	struct ip_addr next_hop[IP_FAMILIES]; /* family 0: the node names none */
	bool bad_pod_cidr;                    /* one of its pod CIDRs is none */
	bool other_backend;                   /* its annotation names another backend type */
};

struct node_table;

int node_table_new(struct node_table **out, struct error *err);
void node_table_free(struct node_table *table); /* NULL is fine */

/* Enters or updates the record's node. *changed: something that a plan reads is different.
 * -ENOMEM: the table is as it was. */
int node_table_upsert(struct node_table *table, const struct node_record *record, bool *changed,
                      struct error *err);
/* True if there was such a node. */
bool node_table_remove(struct node_table *table, const char *name);

/* A complete list: every node that is not entered again between begin and end goes at the end.
 * Returns how many went. A begin without its end removes nothing. */
void node_table_list_begin(struct node_table *table);
size_t node_table_list_end(struct node_table *table);

const struct node *node_table_find(const struct node_table *table, const char *name);
size_t node_table_count(const struct node_table *table);
/* Another number each time something that a plan reads is different: until then a plan that was
 * made is what it would be, and what it borrows stands. */
uint64_t node_table_version(const struct node_table *table);

/* Visits all nodes in the order of their names. */
void node_table_each(const struct node_table *table, void (*visit)(const struct node *, void *),
                     void *ctx);

#endif
