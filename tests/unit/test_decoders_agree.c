/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nodes that chance made, written both in JSON and in protobuf, must give the records that
 * were meant, from both decoders, whatever pieces the bytes come in. DECODERS_SEED repeats a run.
 */
#include "check.h"

#include <stdlib.h>

#include "made_answer.h"
#include "mutation.h"
#include "seen_events.h"

#define ROUNDS    250
#define NODES_MAX 24

static struct node_keys keys;
static struct chance chance;

static int begin(void **state)
{
	struct error err;

	(void)state;
	chance_seed(&chance, "DECODERS_SEED");
	return node_keys_init(&keys, "flannel.alpha.coreos.com", &err);
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
			struct made_answer answer;

			answer_make(&answer, kind, &keys, &chance,
			            chance_below(&chance, NODES_MAX));
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
		struct made_answer answer;

		answer_make(&answer, kind, &keys, &chance, 3);
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
		struct made_answer answer;

		answer_make(&answer, kind, &keys, &chance, 6);
		for (size_t length = 0; length < answer.json.length; length++)
			cut_at(kind, JSON_TYPE, &answer.json, length, answer.wanted.bytes);
		for (size_t length = 0; length < answer.proto.length; length++)
			cut_at(kind, PROTOBUF_TYPE, &answer.proto, length, answer.wanted.bytes);
		answer_free(&answer);
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
		struct made_answer answer;

		answer_make(&answer, kind, &keys, &chance, 1 + chance_below(&chance, 4));
		mutate_bytes(&answer.json, &answer.json, &chance);
		mutate_bytes(&answer.proto, &answer.proto, &chance);
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
