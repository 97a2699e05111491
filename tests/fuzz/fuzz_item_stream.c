/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON of lists and watches. Whatever pieces it comes in, the item stream and the node stream
 * behind it tell the same; and of a list that cJSON can write, so that it is surely JSON, the
 * items are those that cJSON reads, in the members that the projection names.
 */
#include <stdlib.h>

#include "fuzz_answer.h"
#include "k8s/node_decode.h"
#include "tests/unit/seen_items.h"

static void split(const struct item_stream_options *options, const uint8_t *data, size_t size,
                  struct chance *chance)
{
	const struct pieces cuts[] = {{1, 1, NULL}, {0, 0, chance}};
	const char *text = (const char *)data;
	struct text whole = {0};

	seen_items_run(&whole, options, text, size, (struct pieces){0, size + 1, NULL});
	for (size_t i = 0; i < COUNT(cuts); i++) {
		struct text seen = {0};

		seen_items_run(&seen, options, text, size, cuts[i]);
		fuzz_check_same(&seen, &whole, "in pieces it tells");
		text_free(&seen);
	}
	text_free(&whole);
}

/* ---- against cJSON ---- */

static unsigned depth_of(const cJSON *value)
{
	unsigned deepest = 0;
	const cJSON *child;

	cJSON_ArrayForEach(child, value)
	{
		unsigned depth = depth_of(child);

		deepest = depth > deepest ? depth : deepest;
	}
	return deepest + (cJSON_IsObject(value) || cJSON_IsArray(value));
}

/* The array of a list that the stream must take; NULL: it is none. */
static const cJSON *items_of(const cJSON *root)
{
	const cJSON *member, *items = NULL;

	if (!cJSON_IsObject(root) || depth_of(root) > ITEM_STREAM_NESTING_MAX)
		return NULL;
	cJSON_ArrayForEach(member, root)
	{
		if (strcmp(member->string, "items") != 0)
			continue;
		if (items || !cJSON_IsArray(member))
			return NULL;
		items = member;
	}
	return items;
}

struct comparison {
	const cJSON *next; /* the item that the stream should tell next */
	const struct projection *projection;
};

static int compare_item(void *ctx, const struct item *item, struct error *err)
{
	struct comparison *comparison = ctx;
	cJSON *wanted = seen_items_reduce(comparison->next, comparison->projection);
	cJSON *seen = cJSON_Parse(item->text);
	char *wanted_text = cJSON_PrintUnformatted(wanted);
	char *seen_text = cJSON_PrintUnformatted(seen);

	(void)err;
	assert_true(cJSON_IsObject(comparison->next));
	assert_string_equal(seen_text, wanted_text);
	comparison->next = comparison->next->next;
	cJSON_free(wanted_text);
	cJSON_free(seen_text);
	cJSON_Delete(wanted);
	cJSON_Delete(seen);
	return 0;
}

static int compare_skipped(void *ctx, const struct item *item, const char *why, struct error *err)
{
	struct comparison *comparison = ctx;

	(void)item, (void)err;
	if (!comparison->next || cJSON_IsObject(comparison->next))
		fail_msg("a good item is skipped: %s", why);
	comparison->next = comparison->next->next;
	return 0;
}

static int drop_metadata(void *ctx, const struct item *metadata, struct error *err)
{
	(void)ctx, (void)metadata, (void)err;
	return 0;
}

static void compare(const struct item_stream_options *options, const char *text, const cJSON *items)
{
	struct comparison comparison = {items->child, options->projection};
	struct item_stream_events events = {&comparison, compare_item, drop_metadata,
	                                    NULL, compare_skipped};
	struct item_stream *stream;
	struct error err;

	assert_int_equal(item_stream_new(options, &events, &stream, &err), 0);
	if (item_stream_push(stream, text, strlen(text), &err) < 0 ||
	    item_stream_end(stream, &err) < 0)
		fail_msg("a good list is refused: %s\n%s", err.text, text);
	assert_null(comparison.next);
	item_stream_free(stream);
}

/* cJSON reads more than JSON; what it writes is JSON. */
static void agree_with_cjson(const struct item_stream_options *options, const uint8_t *data,
                             size_t size)
{
	cJSON *read = cJSON_ParseWithLength((const char *)data, size);
	char *text = read ? cJSON_PrintUnformatted(read) : NULL;
	cJSON *root = text ? cJSON_Parse(text) : NULL;
	const cJSON *items = items_of(root);

	if (items)
		compare(options, text, items);
	cJSON_Delete(root);
	cJSON_free(text);
	cJSON_Delete(read);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct chance chance = fuzz_chance(data, size);
	struct node_projection projection;
	struct node_keys keys;
	struct error err;

	assert_int_equal(node_keys_init(&keys, "flannel.alpha.coreos.com", &err), 0);
	node_projection_init(&projection, &keys);
	const struct item_stream_options options[] = {
		{.mode = ITEM_STREAM_LIST, .projection = projection.node},
		{.mode = ITEM_STREAM_LIST, .projection = projection.node, .bare_list = true},
		{.mode = ITEM_STREAM_WATCH, .projection = projection.event},
	};

	for (size_t i = 0; i < COUNT(options); i++)
		split(&options[i], data, size, &chance);
	fuzz_split_answer(JSON_TYPE, data, size);
	agree_with_cjson(&options[0], data, size);
	return 0;
}

bool fuzz_make_seed(size_t number, struct text *seed)
{
	struct made_answer answer;

	if (!fuzz_make_answer(number, &answer))
		return false;
	add_bytes(seed, answer.json.bytes, answer.json.length);
	answer_free(&answer);
	return true;
}
