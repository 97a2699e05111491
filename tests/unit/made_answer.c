/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "made_answer.h"

#include "check.h"
#include "seen_events.h"

static void want_record(struct made_answer *answer, const struct made_node *node,
                        const struct node_keys *keys)
{
	struct node_record record;

	made_node_record(node, keys, &record);
	seen_record(&answer->wanted, &record);
}

static void make_list(struct made_answer *answer, const struct node_keys *keys,
                      struct chance *chance, size_t count)
{
	struct text list = {0}, metadata = {0};

	add_text(
		&answer->json,
		"{\"kind\":\"NodeList\",\"metadata\":{\"resourceVersion\":\"7\",\"continue\":\"x\"},"
		"\"items\":[");
	proto_add_text(&metadata, 2, "7");
	proto_add_text(&metadata, 3, "x");
	proto_add_number(&metadata, 4, 9);
	proto_add_message(&list, 1, &metadata);
	seen_line(&answer->wanted, "listed", "7");
	seen_line(&answer->wanted, "next page", "x");
	for (size_t i = 0; i < count; i++) {
		struct made_node node;
		struct text object = {0};

		made_node_fill(&node, chance, keys, i);
		add_text(&answer->json, i > 0 ? "," : "");
		json_add_node(&answer->json, &node, chance);
		proto_add_node(&object, &node, chance);
		proto_add_message(&list, 2, &object);
		want_record(answer, &node, keys);
	}
	add_text(&answer->json, "]}\n");
	proto_add_unknown(&answer->proto, "NodeList", &list);
	seen_line(&answer->wanted, "whole", "");
}

static void add_bookmark(struct made_answer *answer, const char *version, bool initial_end,
                         struct chance *chance)
{
	struct text object = {0}, metadata = {0}, pair = {0};

	add_text(&answer->json,
	         "{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"Node\",\"metadata\":{"
	         "\"resourceVersion\":");
	json_add_string(&answer->json, version, chance);
	proto_add_text(&metadata, 6, version);
	if (initial_end) {
		add_text(&answer->json,
		         ",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}");
		proto_add_text(&pair, 1, NODE_INITIAL_EVENTS_END);
		proto_add_text(&pair, 2, "true");
		proto_add_message(&metadata, 12, &pair);
	}
	add_text(&answer->json, "},\"spec\":{},\"status\":{}}}\n");
	proto_add_message(&object, 1, &metadata);
	proto_add_event(&answer->proto, "BOOKMARK", "Node", &object);
	seen_line(&answer->wanted, initial_end ? "initial end" : "bookmark", version);
}

static void add_error(struct made_answer *answer)
{
	struct text object = {0};

	add_text(&answer->json, "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"status\":"
	                        "\"Failure\",\"message\":\"too old \\u00e9\",\"reason\":"
	                        "\"Expired\",\"code\":410}}\n");
	proto_add_text(&object, 2, "Failure");
	proto_add_text(&object, 3, "too old \xc3\xa9");
	proto_add_text(&object, 4, "Expired");
	proto_add_number(&object, 6, 410);
	proto_add_event(&answer->proto, "ERROR", "Status", &object);
	seen_line(&answer->wanted, "error 410", "too old \xc3\xa9");
	seen_line(&answer->wanted, "failed", "the watch ended with an error event");
}

static void add_node_event(struct made_answer *answer, const struct node_keys *keys,
                           struct chance *chance, size_t number)
{
	static const char *const types[] = {"ADDED", "MODIFIED", "DELETED"};
	const char *type = types[chance_below(chance, COUNT(types))];
	struct made_node node;
	struct text object = {0};

	made_node_fill(&node, chance, keys, number);
	add_text(&answer->json, "{\"type\":\"");
	add_text(&answer->json, type);
	add_text(&answer->json, "\",\"object\":");
	json_add_node(&answer->json, &node, chance);
	add_text(&answer->json, "}\n");
	proto_add_node(&object, &node, chance);
	proto_add_event(&answer->proto, type, "Node", &object);
	if (strcmp(type, "DELETED") == 0)
		seen_line(&answer->wanted, "removed", node.name);
	else
		want_record(answer, &node, keys);
	seen_line(&answer->wanted, "version", node.version);
}

static void make_watch(struct made_answer *answer, const struct node_keys *keys,
                       struct chance *chance, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (chance_below(chance, 6) == 0)
			add_bookmark(answer, "5", chance_below(chance, 2), chance);
		add_node_event(answer, keys, chance, i);
	}
	if (chance_below(chance, 2))
		add_error(answer);
	else
		seen_line(&answer->wanted, "whole", "");
}

void answer_make(struct made_answer *answer, enum node_stream_kind kind,
                 const struct node_keys *keys, struct chance *chance, size_t count)
{
	*answer = (struct made_answer){0};
	if (kind == NODE_STREAM_LIST)
		make_list(answer, keys, chance, count);
	else
		make_watch(answer, keys, chance, count);
}

void answer_free(struct made_answer *answer)
{
	text_free(&answer->json);
	text_free(&answer->proto);
	text_free(&answer->wanted);
}
