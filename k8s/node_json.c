/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node_json.h"

#include <errno.h>
#include <stdlib.h>

#include "item_stream.h"
#include "json_strict.h"
#include "node_decode.h"

#define NAME_MAX_LENGTH 254 /* with the NUL: a DNS subdomain */

struct node_json {
	const struct node_keys *keys;
	struct node_reader_events events;
	struct node_projection projection;
	struct item_stream *items;
};

static int skip(struct node_json *json, const struct item *item, const char *why)
{
	char name[NAME_MAX_LENGTH];
	bool named = json_find_name(item->text, item->length, name, sizeof(name));

	json->events.skipped(json->events.ctx, named ? name : NULL, why);
	return 0;
}

/* The item was whole, but what it says is of no use. */
static int skip_whole(struct node_json *json, const struct item *item, const char *fault)
{
	char why[JSON_FAULT_MAX + 32];

	snprintf(why, sizeof(why), "line %lu: %s", item->line, fault);
	return skip(json, item, why);
}

static int tell(struct node_json *json, const struct item *item, const struct node_event *event,
                struct error *err)
{
	const char *fault = node_event_fault(event);

	if (fault)
		return skip_whole(json, item, fault);
	return json->events.event(json->events.ctx, event, err);
}

static int on_list_item(void *ctx, const struct item *item, struct error *err)
{
	struct node_json *json = ctx;
	char fault[JSON_FAULT_MAX];
	__attribute__((cleanup(json_release)))
	cJSON *object = json_parse_strict(item->text, item->length, fault);
	struct node_event event = {.type = NODE_EVENT_CHANGED, .message = ""};

	if (!object)
		return skip_whole(json, item, fault);
	node_decode(object, json->keys, &event.record);
	return tell(json, item, &event, err);
}

static void decode_event(const struct node_json *json, const cJSON *value, struct node_event *event)
{
	const cJSON *object = json_member(value, "object");
	const cJSON *metadata = json_member(object, "metadata");
	const cJSON *annotations = json_member(metadata, "annotations");
	const cJSON *code = json_member(object, "code");
	const char *type = json_string(value, "type");
	const char *message = json_string(object, "message");
	const char *end = json_string(annotations, NODE_INITIAL_EVENTS_END);

	*event = (struct node_event){.type = node_event_type(type ? type : ""),
	                             .version = json_string(metadata, "resourceVersion"),
	                             .ends_initial = end && strcmp(end, "true") == 0,
	                             .message = message ? message : ""};
	if (cJSON_IsNumber(code))
		event->code = node_event_code(code->valuedouble);
	node_decode(object, json->keys, &event->record);
}

static int on_event_item(void *ctx, const struct item *item, struct error *err)
{
	struct node_json *json = ctx;
	char fault[JSON_FAULT_MAX];
	__attribute__((cleanup(json_release)))
	cJSON *value = json_parse_strict(item->text, item->length, fault);
	struct node_event event;

	if (!value)
		return skip_whole(json, item, fault);
	decode_event(json, value, &event);
	return tell(json, item, &event, err);
}

static int on_metadata(void *ctx, const struct item *item, struct error *err)
{
	struct node_json *json = ctx;
	char fault[JSON_FAULT_MAX];
	__attribute__((cleanup(json_release)))
	cJSON *metadata = json_parse_strict(item->text, item->length, fault);
	const char *version = json_string(metadata, "resourceVersion");
	const char *next_page = json_string(metadata, "continue");

	if (!metadata)
		return error_set(err, EINVAL, "line %lu: the list's metadata: %s", item->line,
		                 fault);
	json->events.listed(json->events.ctx, version ? version : "", next_page ? next_page : "");
	return 0;
}

/* "List" is what kubectl writes. */
static int on_kind(void *ctx, const struct item *item, struct error *err)
{
	(void)ctx;
	if (strcmp(item->text, "\"NodeList\"") == 0 || strcmp(item->text, "\"List\"") == 0)
		return 0;
	return error_set(err, EBADMSG, "a NodeList is expected, not %.60s", item->text);
}

static int on_skipped(void *ctx, const struct item *item, const char *why, struct error *err)
{
	(void)err;
	return skip(ctx, item, why);
}

int node_json_new(bool list, const struct node_keys *keys, const struct node_reader_events *events,
                  struct node_json **out, struct error *err)
{
	struct item_stream_options options = {.mode = list ? ITEM_STREAM_LIST : ITEM_STREAM_WATCH};
	struct node_json *json = calloc(1, sizeof(*json));
	struct item_stream_events item_events = {.ctx = json,
	                                         .item = list ? on_list_item : on_event_item,
	                                         .metadata = on_metadata,
	                                         .kind = on_kind,
	                                         .skipped = on_skipped};
	int result;

	if (!json)
		return error_set(err, ENOMEM, "out of memory");
	json->keys = keys;
	json->events = *events;
	node_projection_init(&json->projection, keys);
	options.projection = list ? json->projection.node : json->projection.event;
	result = item_stream_new(&options, &item_events, &json->items, err);
	if (result < 0) {
		free(json);
		return result;
	}
	*out = json;
	return 0;
}

void node_json_free(struct node_json *json)
{
	if (!json)
		return;
	item_stream_free(json->items);
	free(json);
}

int node_json_push(struct node_json *json, const char *bytes, size_t length, struct error *err)
{
	return item_stream_push(json->items, bytes, length, err);
}

int node_json_end(struct node_json *json, struct error *err)
{
	return item_stream_end(json->items, err);
}
