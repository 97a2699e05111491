/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node_stream.h"

#include <errno.h>
#include <stdlib.h>

#include "node_json.h"
#include "node_proto.h"

struct node_stream {
	enum node_stream_kind kind;
	struct node_stream_base base;
	struct node_stream_events events;
	struct node_json *json; /* one of the two reads, the other is NULL */
	struct node_proto *proto;
};

static void tell_node(struct node_stream *stream, const struct node_event *event)
{
	struct kube_watch_stats *stats = stream->base.stats;

	if (event->type == NODE_EVENT_REMOVED) {
		stats->removed++;
		node_seen_remove(stream->base.seen, event->record.name);
		stream->events.removed(stream->events.ctx, event->record.name);
	} else if (node_seen_change(stream->base.seen, &event->record)) {
		stats->changed++;
		stream->events.changed(stream->events.ctx, &event->record);
	} else {
		stats->unchanged++;
	}
}

static int on_event(void *ctx, const struct node_event *event, struct error *err)
{
	struct node_stream *stream = ctx;
	const char *version = event->version && *event->version ? event->version : NULL;

	stream->base.stats->events++;
	switch (event->type) {
	case NODE_EVENT_ERROR:
		stream->events.failed(stream->events.ctx, event->code, event->message);
		return error_set(err, ECANCELED, "the watch ended with an error event");
	case NODE_EVENT_CHANGED:
	case NODE_EVENT_REMOVED:
		tell_node(stream, event);
		if (stream->kind != NODE_STREAM_LIST && version)
			stream->events.version(stream->events.ctx, version);
		break;
	case NODE_EVENT_BOOKMARK:
		stream->events.bookmark(stream->events.ctx, version, event->ends_initial);
		break;
	case NODE_EVENT_UNKNOWN:
		break;
	}
	return 0;
}

static void on_listed(void *ctx, const char *version, const char *next_page)
{
	struct node_stream *stream = ctx;

	stream->events.listed(stream->events.ctx, version, *next_page ? next_page : NULL);
}

static void on_skipped(void *ctx, const char *name, const char *why)
{
	struct node_stream *stream = ctx;
	bool named = name && *name;
	const char *cause = strstr(why, ": ");
	struct error err;

	stream->base.stats->events++;
	stream->base.stats->skipped++;
	/* Without the place it is the same text each time the same node comes again, and whoever
	 * writes it down need not do so twice. */
	if (named && cause)
		error_set(&err, EINVAL, "node %.253s%s", name, cause);
	else
		error_set(&err, EINVAL, "%s", why);
	stream->events.skipped(stream->events.ctx, &err);
}

/* Parameters of the type, such as ;stream=watch, make no difference here. */
static bool type_is(const char *content_type, const char *wanted)
{
	size_t length = strcspn(content_type, "; \t");

	return length == strlen(wanted) && strncasecmp(content_type, wanted, length) == 0;
}

static int make_reader(struct node_stream *stream, const char *content_type, struct error *err)
{
	struct node_reader_events events = {
		.ctx = stream, .event = on_event, .listed = on_listed, .skipped = on_skipped};
	bool list = stream->kind == NODE_STREAM_LIST;

	if (type_is(content_type, "application/vnd.kubernetes.protobuf")) {
		stream->base.stats->format = KUBE_FORMAT_PROTOBUF;
		return node_proto_new(list, stream->base.keys, &events, &stream->proto, err);
	}
	if (type_is(content_type, "application/json")) {
		stream->base.stats->format = KUBE_FORMAT_JSON;
		return node_json_new(list, stream->base.keys, &events, &stream->json, err);
	}
	return error_set(err, EPROTO,
	                 "the answer is \"%.60s\", not JSON: this is no API server (is the "
	                 "URL right, is there a proxy in between?)",
	                 content_type);
}

const char *node_stream_accept(enum node_stream_kind kind, enum kube_format format)
{
	/* A list of 5,000 Nodes costs the API server a third of the time in protobuf. */
	static const char *const accept[][2] = {
		[KUBE_FORMAT_ANY] = {"application/vnd.kubernetes.protobuf, application/json;q=0.8",
	                             "application/vnd.kubernetes.protobuf;stream=watch, "
	                             "application/json;stream=watch;q=0.8"},
		[KUBE_FORMAT_JSON] = {"application/json", "application/json;stream=watch"},
		[KUBE_FORMAT_PROTOBUF] = {"application/vnd.kubernetes.protobuf",
	                                  "application/vnd.kubernetes.protobuf;stream=watch"},
	};

	return accept[format][kind != NODE_STREAM_LIST];
}

int node_stream_new(enum node_stream_kind kind, const char *content_type,
                    const struct node_stream_base *base, const struct node_stream_events *events,
                    struct node_stream **out, struct error *err)
{
	struct node_stream *stream = calloc(1, sizeof(*stream));
	int result;

	if (!stream)
		return error_set(err, ENOMEM, "out of memory");
	stream->kind = kind;
	stream->base = *base;
	stream->events = *events;
	result = make_reader(stream, content_type, err);
	if (result < 0) {
		free(stream);
		return result;
	}
	base->stats->lists += kind != NODE_STREAM_WATCH;
	base->stats->watches += kind != NODE_STREAM_LIST;
	*out = stream;
	return 0;
}

void node_stream_free(struct node_stream *stream)
{
	if (!stream)
		return;
	node_json_free(stream->json);
	node_proto_free(stream->proto);
	free(stream);
}

int node_stream_push(struct node_stream *stream, const char *bytes, size_t length,
                     struct error *err)
{
	stream->base.stats->bytes += length;
	return stream->proto ? node_proto_push(stream->proto, bytes, length, err)
	                     : node_json_push(stream->json, bytes, length, err);
}

int node_stream_end(struct node_stream *stream, struct error *err)
{
	return stream->proto ? node_proto_end(stream->proto, err)
	                     : node_json_end(stream->json, err);
}
