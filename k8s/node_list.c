/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hostgw/node_list.h"

#include <errno.h>

#include "item_stream.h"
#include "json_strict.h"
#include "node_decode.h"
#include "yaml_json.h"

struct reading {
	struct node_keys keys;
	struct node_projection projection;
	node_list_visit_fn visit;
	void *ctx;
	struct item_stream *stream;
};

static const char *missing_name(const cJSON *object)
{
	const cJSON *metadata = json_member(object, "metadata");
	const cJSON *name = json_member(metadata ? metadata : object, "name");

	if (!name)
		return "this node has no name";
	return cJSON_IsString(name) ? "this node's name is empty"
	                            : "this node's name is not a text (put it in quotes)";
}

static int check(const cJSON *object, unsigned long line, struct error *err)
{
	const char *kind = json_string(object, "kind");

	if (kind && strcmp(kind, "Node") != 0)
		return error_set(err, EINVAL, "line %lu: this is a %s, only Nodes are read", line,
		                 kind);
	return 0;
}

static int on_item(void *ctx, const struct item *item, struct error *err)
{
	struct reading *reading = ctx;
	char fault[JSON_FAULT_MAX];
	__attribute__((cleanup(json_release)))
	cJSON *object = json_parse_strict(item->text, item->length, fault);
	struct node_record record;
	int result;

	if (!object)
		return error_set(err, EINVAL, "line %lu: %s", item->line, fault);
	result = check(object, item->line, err);
	if (result < 0)
		return result;
	if (!node_decode(object, &reading->keys, &record))
		return error_set(err, EINVAL, "line %lu: %s", item->line, missing_name(object));
	return reading->visit(reading->ctx, &record, err);
}

static int on_metadata(void *ctx, const struct item *metadata, struct error *err)
{
	(void)ctx, (void)metadata, (void)err;
	return 0;
}

static int on_skipped(void *ctx, const struct item *item, const char *why, struct error *err)
{
	(void)ctx, (void)item;
	return error_set(err, EINVAL, "%s", why);
}

static int on_json(void *ctx, const char *json, size_t length, struct error *err)
{
	struct reading *reading = ctx;

	return item_stream_push(reading->stream, json, length, err);
}

/* Notepad begins a file with a byte order mark; libyaml knows it, JSON does not. */
static void skip_byte_order_mark(const char **text, size_t *length)
{
	if (*length < 3 || memcmp(*text, "\xef\xbb\xbf", 3) != 0)
		return;
	*text += 3;
	*length -= 3;
}

static bool is_json(const char *text, size_t length)
{
	size_t i = 0;

	while (i < length &&
	       (text[i] == ' ' || text[i] == '\t' || text[i] == '\r' || text[i] == '\n'))
		i++;
	return i < length && (text[i] == '{' || text[i] == '[');
}

static int read_stream(struct reading *reading, bool json, const char *text, size_t length,
                       struct error *err)
{
	int result;

	if (json)
		result = item_stream_push(reading->stream, text, length, err);
	else
		result = yaml_json_convert(text, length, on_json, reading, err);
	return result < 0 ? result : item_stream_end(reading->stream, err);
}

int node_list_read(const char *text, size_t length, const char *annotation_prefix,
                   node_list_visit_fn visit, void *ctx, struct error *err)
{
	struct reading reading = {.visit = visit, .ctx = ctx};
	struct item_stream_events events = {
		.ctx = &reading, .item = on_item, .metadata = on_metadata, .skipped = on_skipped};
	struct item_stream_options options = {
		.mode = ITEM_STREAM_LIST, .projection = reading.projection.node, .bare_list = true};
	int result = node_keys_init(&reading.keys, annotation_prefix, err);

	if (result < 0)
		return result;
	node_projection_init(&reading.projection, &reading.keys);
	skip_byte_order_mark(&text, &length);
	options.lines_only = !is_json(text, length);
	result = item_stream_new(&options, &events, &reading.stream, err);
	if (result < 0)
		return result;
	result = read_stream(&reading, !options.lines_only, text, length, err);
	item_stream_free(reading.stream);
	return result;
}
