/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nodes that chance made, written both in JSON and in protobuf, must give the records that
 * were meant, from both decoders, whatever pieces the bytes come in. DECODERS_SEED repeats a run.
 */
#include "check.h"

#include <stdlib.h>
#include <time.h>

#include "seen_events.h"

#define ROUNDS    250
#define NODES_MAX 24

static struct node_keys keys;
static struct chance chance;

static int begin(void **state)
{
	const char *given = getenv("DECODERS_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
	struct error err;

	(void)state;
	print_message("DECODERS_SEED=%llu\n", (unsigned long long)seed);
	chance.state = seed * 0x9e3779b97f4a7c15u | 1;
	return node_keys_init(&keys, "flannel.alpha.coreos.com", &err);
}

/* One answer in both formats, and what both must give. */
struct answer {
	struct text json, proto, wanted;
};

static void answer_free(struct answer *answer)
{
	text_free(&answer->json);
	text_free(&answer->proto);
	text_free(&answer->wanted);
}

static void want_record(struct answer *answer, const struct made_node *node)
{
	struct node_record record;

	made_node_record(node, &keys, &record);
	seen_record(&answer->wanted, &record);
}

static void make_list(struct answer *answer, size_t count)
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

		made_node_fill(&node, &chance, &keys, i);
		add_text(&answer->json, i > 0 ? "," : "");
		json_add_node(&answer->json, &node, &chance);
		proto_add_node(&object, &node, &chance);
		proto_add_message(&list, 2, &object);
		want_record(answer, &node);
	}
	add_text(&answer->json, "]}\n");
	proto_add_unknown(&answer->proto, "NodeList", &list);
	seen_line(&answer->wanted, "whole", "");
}

static void add_bookmark(struct answer *answer, const char *version, bool initial_end)
{
	struct text object = {0}, metadata = {0}, pair = {0};

	add_text(&answer->json,
	         "{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"Node\",\"metadata\":{"
	         "\"resourceVersion\":");
	json_add_string(&answer->json, version, &chance);
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

static void add_error(struct answer *answer)
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

static void add_node_event(struct answer *answer, size_t number)
{
	static const char *const types[] = {"ADDED", "MODIFIED", "DELETED"};
	const char *type = types[chance_below(&chance, COUNT(types))];
	struct made_node node;
	struct text object = {0};

	made_node_fill(&node, &chance, &keys, number);
	add_text(&answer->json, "{\"type\":\"");
	add_text(&answer->json, type);
	add_text(&answer->json, "\",\"object\":");
	json_add_node(&answer->json, &node, &chance);
	add_text(&answer->json, "}\n");
	proto_add_node(&object, &node, &chance);
	proto_add_event(&answer->proto, type, "Node", &object);
	if (strcmp(type, "DELETED") == 0)
		seen_line(&answer->wanted, "removed", node.name);
	else
		want_record(answer, &node);
	seen_line(&answer->wanted, "version", node.version);
}

static void make_watch(struct answer *answer, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (chance_below(&chance, 6) == 0)
			add_bookmark(answer, "5", chance_below(&chance, 2));
		add_node_event(answer, i);
	}
	if (chance_below(&chance, 2))
		add_error(answer);
	else
		seen_line(&answer->wanted, "whole", "");
}

static void make(struct answer *answer, enum node_stream_kind kind, size_t count)
{
	*answer = (struct answer){0};
	if (kind == NODE_STREAM_LIST)
		make_list(answer, count);
	else
		make_watch(answer, count);
}

static void check(enum node_stream_kind kind, const char *type, const struct text *bytes,
                  const char *wanted, struct pieces pieces)
{
	struct text seen = {0};

	seen_run(&seen, kind, type, &keys, bytes, pieces, NULL);
	assert_string_equal(seen.bytes, wanted);
	text_free(&seen);
}

static void test_same_records(void **state)
{
	(void)state;
	for (size_t round = 0; round < ROUNDS; round++) {
		for (enum node_stream_kind kind = NODE_STREAM_LIST; kind <= NODE_STREAM_WATCH;
		     kind++) {
			struct pieces by_chance = {.chance = &chance};
			struct answer answer;

			make(&answer, kind, chance_below(&chance, NODES_MAX));
			check(kind, JSON_TYPE, &answer.json, answer.wanted.bytes, by_chance);
			check(kind, PROTOBUF_TYPE, &answer.proto, answer.wanted.bytes, by_chance);
			answer_free(&answer);
		}
	}
}

static void split_everywhere(enum node_stream_kind kind, const char *type, const struct text *bytes,
                             const char *wanted)
{
	for (size_t first = 1; first < bytes->length; first++)
		check(kind, type, bytes, wanted, (struct pieces){first, bytes->length, NULL});
	for (size_t step = 1; step < 8; step++)
		check(kind, type, bytes, wanted, (struct pieces){step, step, NULL});
}

static void test_any_split(void **state)
{
	(void)state;
	for (enum node_stream_kind kind = NODE_STREAM_LIST; kind <= NODE_STREAM_WATCH; kind++) {
		struct answer answer;

		make(&answer, kind, 3);
		split_everywhere(kind, JSON_TYPE, &answer.json, answer.wanted.bytes);
		split_everywhere(kind, PROTOBUF_TYPE, &answer.proto, answer.wanted.bytes);
		answer_free(&answer);
	}
}

/* Whatever was told before the cut must be the beginning of what the whole tells. */
static void cut_at(enum node_stream_kind kind, const char *type, const struct text *whole,
                   size_t length, const char *wanted)
{
	struct text bytes = {whole->bytes, length, length};
	struct text seen = {0};
	char *last;

	seen_run(&seen, kind, type, &keys, &bytes, (struct pieces){0, length + 1, NULL}, NULL);
	seen.bytes[seen.length - 1] = '\0';
	last = strrchr(seen.bytes, '\n');
	last = last ? last + 1 : seen.bytes;
	if (strncmp(wanted, seen.bytes, (size_t)(last - seen.bytes)) != 0)
		fail_msg("cut at %zu of %zu:\n%s\nis no beginning of\n%s", length, whole->length,
		         seen.bytes, wanted);
	if (kind == NODE_STREAM_LIST && strncmp(last, "failed", 6) != 0 &&
	    !strstr(wanted, seen.bytes))
		fail_msg("cut at %zu of %zu: taken for whole", length, whole->length);
	text_free(&seen);
}

static void test_cut_anywhere(void **state)
{
	(void)state;
	for (enum node_stream_kind kind = NODE_STREAM_LIST; kind <= NODE_STREAM_WATCH; kind++) {
		struct answer answer;

		make(&answer, kind, 6);
		for (size_t length = 0; length < answer.json.length; length++)
			cut_at(kind, JSON_TYPE, &answer.json, length, answer.wanted.bytes);
		for (size_t length = 0; length < answer.proto.length; length++)
			cut_at(kind, PROTOBUF_TYPE, &answer.proto, length, answer.wanted.bytes);
		answer_free(&answer);
	}
}

static void mutate(struct text *bytes)
{
	for (size_t i = 1 + chance_below(&chance, 3); i > 0; i--) {
		size_t at = chance_below(&chance, bytes->length);
		size_t length = chance_below(&chance, 40);

		switch (chance_below(&chance, 4)) {
		case 0:
			bytes->bytes[at] = (char)chance_next(&chance);
			break;
		case 1:
			bytes->bytes[at] ^= (char)(1 << chance_below(&chance, 8));
			break;
		case 2: /* a piece is missing */
			if (length >= bytes->length - at)
				break;
			memmove(bytes->bytes + at, bytes->bytes + at + length,
			        bytes->length - at - length);
			bytes->length -= length;
			break;
		default: /* a piece is there twice */
			if (length > bytes->length - at)
				length = bytes->length - at;
			memmove(bytes->bytes + at,
			        bytes->bytes + chance_below(&chance, bytes->length - length + 1),
			        length);
			break;
		}
	}
}

/* Nothing may break here but the answer; a stream that failed stays silent (seen_run). */
static void test_mutations(void **state)
{
	(void)state;
	for (size_t round = 0; round < 12 * ROUNDS; round++) {
		enum node_stream_kind kind = round % 2 ? NODE_STREAM_LIST : NODE_STREAM_WATCH;
		struct pieces by_chance = {.chance = &chance};
		struct text seen = {0};
		struct answer answer;

		make(&answer, kind, 1 + chance_below(&chance, 4));
		mutate(&answer.json);
		mutate(&answer.proto);
		if (answer.json.length > 0)
			seen_run(&seen, kind, JSON_TYPE, &keys, &answer.json, by_chance, NULL);
		if (answer.proto.length > 0)
			seen_run(&seen, kind, PROTOBUF_TYPE, &keys, &answer.proto, by_chance, NULL);
		text_free(&seen);
		answer_free(&answer);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_records),
		cmocka_unit_test(test_any_split),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_mutations),
	};

	return cmocka_run_group_tests(tests, begin, NULL);
}
