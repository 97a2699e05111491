/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reflector.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>

#include "reflector_state.h"

#define NODES_PATH       "/api/v1/nodes"
#define LIST_PAGE        500
#define LIST_STALL_S     60 /* the API server itself gives a request up after a minute */
#define WATCH_SHORTEST_S 300
#define WATCH_LONGEST_S  600
#define WATCH_GRACE_S    15 /* the server ends the watch first; behind a dead balancer it cannot */

static void replace(char **text, const char *value)
{
	char *copy = value ? strdup(value) : NULL;

	free(*text);
	*text = copy;
}

static void on_changed(void *ctx, const struct node_record *record)
{
	struct reflector *r = ctx;

	if (r->stopped)
		return;
	if (r->proven)
		reflector_recovered(r);
	r->sink.node_changed(r->sink.ctx, record);
}

static void on_removed(void *ctx, const char *name)
{
	struct reflector *r = ctx;

	if (!r->stopped)
		r->sink.node_removed(r->sink.ctx, name);
}

static void on_version(void *ctx, const char *version)
{
	struct reflector *r = ctx;

	replace(&r->version, version);
}

static void on_listed(void *ctx, const char *version, const char *next_page)
{
	struct reflector *r = ctx;

	if (*version)
		replace(&r->version, version);
	replace(&r->next_page, next_page);
	r->more = next_page != NULL;
}

static void on_failed(void *ctx, int code, const char *message)
{
	struct reflector *r = ctx;

	r->event_seen = true;
	r->event_code = code;
	snprintf(r->event_message, sizeof(r->event_message), "%s", message);
}

static void on_skipped(void *ctx, const struct error *err)
{
	struct reflector *r = ctx;
	struct error told = *err;

	r->complete = false;
	error_wrap(&told, "one item is skipped");
	reflector_trouble(r, &told);
}

static int on_accepted(void *ctx, const char *content_type)
{
	struct reflector *r = ctx;
	struct node_stream_events events = {.ctx = r,
	                                    .changed = on_changed,
	                                    .removed = on_removed,
	                                    .version = on_version,
	                                    .listed = on_listed,
	                                    .failed = on_failed,
	                                    .skipped = on_skipped};
	enum node_stream_kind kind = r->watching ? NODE_STREAM_WATCH : NODE_STREAM_LIST;
	int result = node_stream_new(kind, content_type, &r->keys, &events, &r->stream, &r->broken);

	if (result < 0)
		return result;
	r->accepted = true;
	if (r->watching) {
		reflector_watch_accepted(r);
	} else if (!r->list_open) {
		r->list_open = true;
		r->complete = true;
		r->sink.list_begin(r->sink.ctx);
	}
	return r->stopped ? -ECANCELED : 0;
}

static int on_received(void *ctx, const char *bytes, size_t length)
{
	struct reflector *r = ctx;
	int result = node_stream_push(r->stream, bytes, length, &r->broken);

	if (result < 0 && r->event_seen)
		r->broken.code = 0;
	return r->stopped ? -ECANCELED : result;
}

static void on_done(void *ctx, const struct http_result *result)
{
	struct reflector *r = ctx;
	struct node_stream *stream = r->stream;

	r->request = NULL;
	uv_timer_stop(&r->timer);
	if (r->watching)
		reflector_watch_over(r, result);
	else
		reflector_list_over(r, result);
	/* The next request has no answer yet, so the stream is still the old one. */
	node_stream_free(stream);
	if (r->stream == stream)
		r->stream = NULL;
}

static char *watch_path(const char *version, unsigned timeout_s)
{
	char *path;

	if (asprintf(&path,
	             NODES_PATH "?watch=true&allowWatchBookmarks=true&resourceVersion=%s"
	                        "&timeoutSeconds=%u",
	             version, timeout_s) < 0)
		return NULL;
	return path;
}

static char *list_path(enum reflector_list list, const char *version, const char *next_page)
{
	char *path = NULL;
	int length = -1;

	if (next_page) {
		length = asprintf(&path, NODES_PATH "?limit=%d&continue=%s", LIST_PAGE, next_page);
		return length < 0 ? NULL : path;
	}
	switch (list) {
	case LIST_CACHED:
		length = asprintf(&path, NODES_PATH "?resourceVersion=0");
		break;
	case LIST_NOT_OLDER:
		length = asprintf(
			&path, NODES_PATH "?resourceVersion=%s&resourceVersionMatch=NotOlderThan",
			version);
		break;
	case LIST_CONSISTENT:
		length = asprintf(&path, NODES_PATH "?limit=%d", LIST_PAGE);
		break;
	}
	return length < 0 ? NULL : path;
}

/* Versions and tokens are opaque: whatever they hold must not become part of the query's form. */
static char *request_path(const struct reflector *r, unsigned timeout_s)
{
	char *version = curl_easy_escape(NULL, r->version ? r->version : "", 0);
	char *next_page = r->next_page ? curl_easy_escape(NULL, r->next_page, 0) : NULL;
	char *path = NULL;

	if (version && (next_page || !r->next_page))
		path = r->watching ? watch_path(version, timeout_s)
		                   : list_path(r->list, version, next_page);
	curl_free(version);
	curl_free(next_page);
	return path;
}

static int send_request(struct reflector *r, struct error *err)
{
	unsigned timeout_s = backoff_random(WATCH_SHORTEST_S, WATCH_LONGEST_S);
	char *path = request_path(r, timeout_s);
	struct http_call call = {.method = "GET",
	                         .path = path,
	                         .accept = NODE_STREAM_ACCEPT,
	                         .timeout_s = r->watching ? timeout_s + WATCH_GRACE_S : 0,
	                         .stall_s = r->watching ? 0 : LIST_STALL_S,
	                         .new_connection = r->distrust,
	                         .ctx = r,
	                         .accepted = on_accepted,
	                         .received = on_received,
	                         .done = on_done};
	int result;

	if (!path)
		return error_set(err, ENOMEM, "out of memory");
	result = http_start(r->needs.http, &call, &r->request, err);
	free(path);
	return result;
}

void reflector_send(struct reflector *r)
{
	struct error err;

	r->stream = NULL;
	r->broken = (struct error){0};
	r->event_seen = false;
	r->event_code = 0;
	r->accepted = false;
	r->proven = false;
	r->more = false;
	if (send_request(r, &err) == 0) {
		r->distrust = false;
		if (r->watching)
			reflector_watch_sent(r);
		return;
	}
	reflector_trouble(r, &err);
	reflector_wait(r);
}

int reflector_start(const struct reflector_needs *needs, const char *annotation_prefix,
                    const struct node_sink *sink, struct reflector **out, struct error *err)
{
	struct reflector *r = calloc(1, sizeof(*r));
	int result;

	if (!r)
		return error_set(err, ENOMEM, "out of memory");
	r->needs = *needs;
	r->sink = *sink;
	result = node_keys_init(&r->keys, annotation_prefix, err);
	if (result < 0) {
		free(r);
		return result;
	}
	uv_timer_init(needs->loop, &r->timer);
	r->timer.data = r;
	/* Not at once: the sink must not hear anything before this function has returned. */
	uv_timer_start(&r->timer, reflector_on_timer, 0, 0);
	*out = r;
	return 0;
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct reflector *r = handle->data;

	node_stream_free(r->stream);
	free(r->version);
	free(r->next_page);
	r->closed(r->closed_ctx);
	free(r);
}

void reflector_stop(struct reflector *r, void (*closed)(void *ctx), void *ctx)
{
	r->stopped = true;
	r->closed = closed;
	r->closed_ctx = ctx;
	http_cancel(r->request);
	r->request = NULL;
	uv_close((uv_handle_t *)&r->timer, on_timer_closed);
}
