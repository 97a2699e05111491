/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node_maker.h"

#include "check.h"

void add_bytes(struct text *out, const char *bytes, size_t length)
{
	assert_int_equal(text_append(out, bytes, length, MADE_BYTES_MAX), 0);
}

void add_text(struct text *out, const char *text)
{
	add_bytes(out, text, strlen(text));
}

static void make_text(char text[static MADE_TEXT], struct chance *chance)
{
	static const char *const pieces[] = {
		"a",
		"10.1.2.0/24",
		"fd00::/64",
		"{\"VtepMAC\":\"x\"}",
		"\"",
		"\\",
		"\n",
		"/",
		"\x01",
		"\x7f",
		"\xc3\xa9",
		"]}",
		"k8s",
		" ",
		"\t",
		"\xe4\xb8\xad",
		"\"name\":\"b\"",
		"\xf0\x9f\x98\x80",
		"\\u0041",
		"\xef\xbf\xbd",
	};

	text[0] = '\0';
	for (size_t i = chance_below(chance, 6); i > 0; i--)
		strcat(text, pieces[chance_below(chance, COUNT(pieces))]);
}

static const char *one_of(struct chance *chance, const char *const *texts, size_t count)
{
	return texts[chance_below(chance, count)];
}

static void fill_annotations(struct made_node *node, struct chance *chance,
                             const struct node_keys *keys)
{
	size_t first = chance_below(chance, NODE_ANNOTATIONS);

	node->annotation_count = chance_below(chance, MADE_MAX);
	for (size_t i = 0; i < node->annotation_count; i++) {
		struct made_pair *pair = &node->annotations[i];

		make_text(pair->value, chance);
		pair->has_key = true;
		pair->has_value = pair->value[0] != '\0' || chance_below(chance, 2);
		if (chance_below(chance, 3)) /* names must differ from each other */
			assert_true(snprintf(pair->key, MADE_TEXT, "%s",
			                     keys->names[(first + i) % NODE_ANNOTATIONS]) <
			            MADE_TEXT);
		else
			snprintf(pair->key, MADE_TEXT, "other.example/%zu\xc3\xa9", i);
	}
}

static void fill_spec(struct made_node *node, struct chance *chance)
{
	node->has_spec = chance_below(chance, 10) > 0;
	node->has_pod_cidr = chance_below(chance, 4) > 0;
	make_text(node->pod_cidr, chance);
	node->pod_cidr_count = chance_below(chance, MADE_MAX);
	for (size_t i = 0; i < node->pod_cidr_count; i++)
		make_text(node->pod_cidrs[i], chance);
}

static void fill_pairs(struct made_pair *pairs, size_t *count, struct chance *chance,
                       const char *const *types, size_t type_count)
{
	static const char *const states[] = {"True", "False", "Unknown", ""};
	static const char *const reasons[] = {"FlannelIsUp", "NoRoute", ""};

	*count = chance_below(chance, MADE_MAX);
	for (size_t i = 0; i < *count; i++) {
		pairs[i].has_key = chance_below(chance, 20) > 0;
		pairs[i].has_value = chance_below(chance, 20) > 0;
		strcpy(pairs[i].key, one_of(chance, types, type_count));
		strcpy(pairs[i].value, one_of(chance, states, COUNT(states)));
		strcpy(pairs[i].reason, one_of(chance, reasons, COUNT(reasons)));
	}
}

static void fill_status(struct made_node *node, struct chance *chance)
{
	static const char *const address_types[] = {"InternalIP", "InternalIP", "ExternalIP",
	                                            "Hostname", ""};
	static const char *const condition_types[] = {"NetworkUnavailable", "Ready", ""};

	node->has_status = chance_below(chance, 10) > 0;
	fill_pairs(node->addresses, &node->address_count, chance, address_types,
	           COUNT(address_types));
	for (size_t i = 0; i < node->address_count; i++)
		make_text(node->addresses[i].value, chance);
	fill_pairs(node->conditions, &node->condition_count, chance, condition_types,
	           COUNT(condition_types));
}

void made_node_fill(struct made_node *node, struct chance *chance, const struct node_keys *keys,
                    size_t number)
{
	*node = (struct made_node){0};
	snprintf(node->name, MADE_TEXT, "node-%zu", number);
	snprintf(node->version, MADE_TEXT, "%zu", 1000 + number);
	node->has_created = chance_below(chance, 5) > 0;
	node->created = (int64_t)chance_below(chance, 0x7fffffffu) * 2;
	fill_annotations(node, chance, keys);
	fill_spec(node, chance);
	fill_status(node, chance);
	node->noise = chance_below(chance, 2);
}

static void record_pod_cidrs(const struct made_node *node, struct node_record *record)
{
	for (size_t i = 0; i < node->pod_cidr_count; i++)
		if (node->pod_cidrs[i][0] != '\0' && record->pod_cidr_count < NODE_POD_CIDRS_MAX)
			record->pod_cidrs[record->pod_cidr_count++] = node->pod_cidrs[i];
	if (record->pod_cidr_count == 0 && node->has_pod_cidr && node->pod_cidr[0] != '\0')
		record->pod_cidrs[record->pod_cidr_count++] = node->pod_cidr;
}

static bool pair_is(const struct made_pair *pair, const char *key)
{
	return pair->has_key && strcmp(pair->key, key) == 0;
}

static void record_status(const struct made_node *node, struct node_record *record)
{
	for (size_t i = 0; i < node->address_count; i++) {
		const struct made_pair *pair = &node->addresses[i];

		if (record->address_count < NODE_ADDRESSES_MAX && pair_is(pair, "InternalIP") &&
		    pair->has_value && pair->value[0] != '\0')
			record->addresses[record->address_count++] = pair->value;
	}
	for (size_t i = 0; i < node->condition_count; i++) {
		const struct made_pair *pair = &node->conditions[i];

		if (pair_is(pair, "NetworkUnavailable"))
			record->network_available = pair->has_value &&
			                            strcmp(pair->value, "False") == 0 &&
			                            strcmp(pair->reason, "FlannelIsUp") == 0;
	}
}

void made_node_record(const struct made_node *node, const struct node_keys *keys,
                      struct node_record *record)
{
	*record = (struct node_record){.name = node->name,
	                               .created = node->has_created ? node->created : 0};
	for (size_t i = 0; i < node->annotation_count; i++)
		for (size_t k = 0; k < NODE_ANNOTATIONS; k++)
			if (strcmp(node->annotations[i].key, keys->names[k]) == 0)
				record->annotations[k] = node->annotations[i].has_value
				                                 ? node->annotations[i].value
				                                 : "";
	if (node->has_spec)
		record_pod_cidrs(node, record);
	if (node->has_status)
		record_status(node, record);
}
