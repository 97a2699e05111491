/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seen_items.h"

#include "check.h"

static void see(struct text *seen, const char *what, const char *text)
{
	add_text(seen, what);
	add_text(seen, text);
	add_text(seen, "\n");
}

static int on_item(void *ctx, const struct item *item, struct error *err)
{
	(void)err;
	assert_int_equal(strlen(item->text), item->length);
	see(ctx, "item ", item->text);
	return 0;
}

static int on_metadata(void *ctx, const struct item *item, struct error *err)
{
	(void)err;
	see(ctx, "metadata ", item->text);
	return 0;
}

static int on_kind(void *ctx, const struct item *item, struct error *err)
{
	(void)err;
	see(ctx, "kind ", item->text);
	return 0;
}

static int on_skipped(void *ctx, const struct item *item, const char *why, struct error *err)
{
	(void)err;
	assert_int_equal(item->text[item->length], '\0'); /* any byte may be before it */
	see(ctx, "skipped ", why);
	return 0;
}

static int push(void *ctx, const char *bytes, size_t length, struct error *err)
{
	return item_stream_push(ctx, bytes, length, err);
}

void seen_items_run(struct text *seen, const struct item_stream_options *options, const char *text,
                    size_t length, struct pieces pieces)
{
	struct item_stream_events events = {seen, on_item, on_metadata, on_kind, on_skipped};
	struct item_stream *stream;
	struct error err = {0};
	int result;

	assert_int_equal(item_stream_new(options, &events, &stream, &err), 0);
	result = pieces_push(text, length, pieces, push, stream, &err);
	if (result == 0)
		result = item_stream_end(stream, &err);
	see(seen, result == 0 ? "whole" : "failed ", result == 0 ? "" : err.text);
	item_stream_free(stream);
}

/* As cJSON writes names: such a member is kept whole, whatever it is called. */
static bool needs_escapes(const char *name)
{
	for (; *name; name++)
		if ((unsigned char)*name < 0x20 || *name == '"' || *name == '\\')
			return true;
	return false;
}

static void reduce_member(cJSON *reduced, const cJSON *member, const struct projection *members)
{
	if (needs_escapes(member->string))
		cJSON_AddItemToObject(reduced, member->string, cJSON_Duplicate(member, true));
	for (const struct projection *rule = members; rule->name; rule++)
		if (strcmp(rule->name, member->string) == 0)
			cJSON_AddItemToObject(reduced, member->string,
			                      seen_items_reduce(member, rule->members));
}

cJSON *seen_items_reduce(const cJSON *value, const struct projection *members)
{
	cJSON *reduced = cJSON_IsArray(value) ? cJSON_CreateArray() : cJSON_CreateObject();
	const cJSON *child;

	if (!members || !(cJSON_IsObject(value) || cJSON_IsArray(value))) {
		cJSON_Delete(reduced);
		return cJSON_Duplicate(value, true);
	}
	cJSON_ArrayForEach(child, value)
	{
		if (cJSON_IsArray(value))
			cJSON_AddItemToArray(reduced, seen_items_reduce(child, members));
		else
			reduce_member(reduced, child, members);
	}
	return reduced;
}
