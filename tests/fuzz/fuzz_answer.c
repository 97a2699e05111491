/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz_answer.h"

#define MADE_SEEDS 6

static void make_keys(struct node_keys *keys)
{
	struct error err;

	assert_int_equal(node_keys_init(keys, "flannel.alpha.coreos.com", &err), 0);
}

static void split(enum node_stream_kind kind, const char *content_type,
                  const struct node_keys *keys, const struct text *answer, struct chance *chance)
{
	const struct pieces cuts[] = {{1, 1, NULL}, {0, 0, chance}};
	struct text whole = {0};

	seen_run(&whole, kind, content_type, keys, answer,
	         (struct pieces){0, answer->length + 1, NULL}, NULL);
	for (size_t i = 0; i < COUNT(cuts); i++) {
		struct text seen = {0};

		seen_run(&seen, kind, content_type, keys, answer, cuts[i], NULL);
		fuzz_check_same(&seen, &whole, "in pieces it tells");
		text_free(&seen);
	}
	text_free(&whole);
}

void fuzz_split_answer(const char *content_type, const uint8_t *data, size_t size)
{
	struct text answer = {(char *)(uintptr_t)data, size, size};
	struct chance chance = fuzz_chance(data, size);
	struct node_keys keys;

	make_keys(&keys);
	split(NODE_STREAM_LIST, content_type, &keys, &answer, &chance);
	split(NODE_STREAM_WATCH, content_type, &keys, &answer, &chance);
}

bool fuzz_make_answer(size_t number, struct made_answer *answer)
{
	struct chance chance = {(number + 1) * 0x9e3779b97f4a7c15u};
	struct node_keys keys;

	if (number >= MADE_SEEDS)
		return false;
	make_keys(&keys);
	answer_make(answer, number % 2 ? NODE_STREAM_WATCH : NODE_STREAM_LIST, &keys, &chance,
	            1 + number / 2);
	return true;
}
