/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node_stream.h"

#include <errno.h>
#include <stdlib.h>

#include "item_stream.h"
#include "node_decode.h"

struct node_stream {
	const struct node_keys *keys;
	struct node_stream_events events;
	struct node_projection projection;
	struct item_stream *items;
};

enum event_type { EVENT_CHANGED, EVENT_REMOVED, EVENT_BOOKMARK, EVENT_ERROR, EVENT_UNKNOWN };

static enum event_type event_type(const cJSON *event)
{
	static const struct {
		const char *name;
		enum event_type type;
	} types[] = {
		{"ADDED", EVENT_CHANGED},   {"MODIFIED", EVENT_CHANGED},
		{"DELETED", EVENT_REMOVED}, {"BOOKMARK", EVENT_BOOKMARK},
		{"ERROR", EVENT_ERROR},
	};
	const char *name = json_string(event, "type");

	for (size_t i = 0; name && i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(name, types[i].name) == 0)
			return types[i].type;
	return EVENT_UNKNOWN;
}

static int skip(struct node_stream *stream, unsigned long line, const char *why)
{
	struct error err;

	error_set(&err, EINVAL, "line %lu of the answer: %s", line, why);
	stream->events.skipped(stream->events.ctx, &err);
	return 0;
}

static int on_list_item(void *ctx, const struct item *item, struct error *err)
{
	struct node_stream *stream = ctx;
	__attribute__((cleanup(json_release)))
	cJSON *object = cJSON_ParseWithLength(item->text, item->length);
	struct node_record record;

	(void)err;
	if (!object)
		return skip(stream, item->line, "a node that cannot be read");
	if (!node_decode(object, stream->keys, &record))
		return skip(stream, item->line, "a node without a name");
	stream->events.changed(stream->events.ctx, &record);
	return 0;
}

static void tell_version(struct node_stream *stream, const cJSON *object)
{
	const char *version = json_string(json_member(object, "metadata"), "resourceVersion");

	if (version && *version)
		stream->events.version(stream->events.ctx, version);
}

static int tell_error(struct node_stream *stream, const cJSON *status, struct error *err)
{
	const cJSON *code = json_member(status, "code");
	const char *message = json_string(status, "message");
	bool sane = cJSON_IsNumber(code) && code->valuedouble >= 0 && code->valuedouble < 1000;

	stream->events.failed(stream->events.ctx, sane ? code->valueint : 0,
	                      message ? message : "");
	return error_set(err, ECANCELED, "the watch ended with an error event");
}

static int tell_event(struct node_stream *stream, const cJSON *event, unsigned long line,
                      struct error *err)
{
	const cJSON *object = json_member(event, "object");
	enum event_type type = event_type(event);
	struct node_record record;

	switch (type) {
	case EVENT_ERROR:
		return tell_error(stream, object, err);
	case EVENT_CHANGED:
	case EVENT_REMOVED:
		if (!node_decode(object, stream->keys, &record))
			return skip(stream, line, "an event about a node without a name");
		if (type == EVENT_CHANGED)
			stream->events.changed(stream->events.ctx, &record);
		else
			stream->events.removed(stream->events.ctx, record.name);
		break;
	case EVENT_BOOKMARK:
		break;
	case EVENT_UNKNOWN:
		return skip(stream, line, "an event of unknown type");
	}
	tell_version(stream, object);
	return 0;
}

static int on_event_item(void *ctx, const struct item *item, struct error *err)
{
	struct node_stream *stream = ctx;
	__attribute__((cleanup(json_release)))
	cJSON *event = cJSON_ParseWithLength(item->text, item->length);

	if (!event)
		return skip(stream, item->line, "an event that cannot be read");
	return tell_event(stream, event, item->line, err);
}

static int on_metadata(void *ctx, const struct item *item, struct error *err)
{
	struct node_stream *stream = ctx;
	__attribute__((cleanup(json_release)))
	cJSON *metadata = cJSON_ParseWithLength(item->text, item->length);
	const char *version = json_string(metadata, "resourceVersion");
	const char *next_page = json_string(metadata, "continue");

	(void)err;
	stream->events.listed(stream->events.ctx, version ? version : "",
	                      next_page && *next_page ? next_page : NULL);
	return 0;
}

static int on_skipped(void *ctx, const char *why, struct error *err)
{
	struct node_stream *stream = ctx;
	struct error skipped;

	(void)err;
	error_set(&skipped, EINVAL, "%s", why);
	stream->events.skipped(stream->events.ctx, &skipped);
	return 0;
}

int node_stream_new(enum node_stream_kind kind, const char *content_type,
                    const struct node_keys *keys, const struct node_stream_events *events,
                    struct node_stream **out, struct error *err)
{
	bool list = kind == NODE_STREAM_LIST;
	struct item_stream_options options = {.mode = list ? ITEM_STREAM_LIST : ITEM_STREAM_WATCH};
	struct item_stream_events item_events = {.item = list ? on_list_item : on_event_item,
	                                         .metadata = on_metadata,
	                                         .skipped = on_skipped};
	struct node_stream *stream;
	int result;

	if (strncmp(content_type, "application/json", strlen("application/json")) != 0)
		return error_set(err, EPROTO,
		                 "the answer is \"%.60s\", not JSON: this is no API server (is the "
		                 "URL right, is there a proxy in between?)",
		                 content_type);
	stream = calloc(1, sizeof(*stream));
	if (!stream)
		return error_set(err, ENOMEM, "out of memory");
	stream->keys = keys;
	stream->events = *events;
	node_projection_init(&stream->projection, keys);
	options.projection = list ? stream->projection.node : stream->projection.event;
	item_events.ctx = stream;
	result = item_stream_new(&options, &item_events, &stream->items, err);
	if (result < 0) {
		free(stream);
		return result;
	}
	*out = stream;
	return 0;
}

void node_stream_free(struct node_stream *stream)
{
	if (!stream)
		return;
	item_stream_free(stream->items);
	free(stream);
}

int node_stream_push(struct node_stream *stream, const char *bytes, size_t length,
                     struct error *err)
{
	return item_stream_push(stream->items, bytes, length, err);
}

int node_stream_end(struct node_stream *stream, struct error *err)
{
	return item_stream_end(stream->items, err);
}
