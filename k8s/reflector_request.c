/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>

#include "reflector_state.h"

#define NODES_PATH       "/api/v1/nodes"
#define LIST_PAGE        500
#define WATCH_SHORTEST_S 300
#define WATCH_LONGEST_S  600
#define WATCH_GRACE_S    15 /* the server ends the watch first; behind a dead balancer it cannot */

/* Versions, names and tokens are opaque: whatever they hold must not become part of the query's
 * form. */
struct escaped {
	char *version, *node_name, *next_page;
};

static void escaped_release(struct escaped *escaped)
{
	curl_free(escaped->version);
	curl_free(escaped->node_name);
	curl_free(escaped->next_page);
}

static char *escape(const char *text)
{
	return curl_easy_escape(NULL, text ? text : "", 0);
}

__attribute__((format(printf, 1, 2))) static char *print_path(const char *format, ...)
{
	va_list args;
	char *path;
	int length;

	va_start(args, format);
	length = vasprintf(&path, format, args);
	va_end(args);
	return length < 0 ? NULL : path;
}

/* KEP-3157. Without a version the list is as etcd has it at this moment. */
static char *stream_path(const struct reflector *r, const struct escaped *escaped, unsigned watch_s)
{
	bool bound = r->list == LIST_NOT_OLDER;

	return print_path(NODES_PATH
	                  "?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
	                  "&allowWatchBookmarks=true&timeoutSeconds=%u%s%s",
	                  watch_s, bound ? "&resourceVersion=" : "", bound ? escaped->version : "");
}

static char *list_path(const struct reflector *r, const struct escaped *escaped)
{
	if (r->next_page)
		return print_path(NODES_PATH "?limit=%d&continue=%s", LIST_PAGE,
		                  escaped->next_page);
	switch (r->list) {
	case LIST_CACHED:
		return print_path(NODES_PATH "?resourceVersion=0");
	case LIST_NOT_OLDER:
		return print_path(NODES_PATH
		                  "?resourceVersion=%s&resourceVersionMatch=NotOlderThan",
		                  escaped->version);
	case LIST_CONSISTENT:
		return print_path(NODES_PATH "?limit=%d", LIST_PAGE);
	}
	return NULL;
}

static char *request_path(const struct reflector *r, unsigned watch_s)
{
	__attribute__((cleanup(escaped_release))) struct escaped escaped = {
		.version = escape(r->version),
		.node_name = escape(r->node_name),
		.next_page = escape(r->next_page),
	};

	if (!escaped.version || !escaped.node_name || !escaped.next_page)
		return NULL;
	switch (r->step) {
	case STEP_CHECK:
		return print_path(NODES_PATH "/%s?resourceVersion=%s", escaped.node_name,
		                  escaped.version);
	case STEP_STREAM:
		return stream_path(r, &escaped, watch_s);
	case STEP_LIST:
		return list_path(r, &escaped);
	case STEP_WATCH:
		return print_path(NODES_PATH "?watch=true&allowWatchBookmarks=true"
		                             "&resourceVersion=%s&timeoutSeconds=%u",
		                  escaped.version, watch_s);
	}
	return NULL;
}

int reflector_request(struct reflector *r, const struct http_call *callbacks, struct error *err)
{
	unsigned watch_s = backoff_random(WATCH_SHORTEST_S, WATCH_LONGEST_S);
	char *path = request_path(r, watch_s);
	struct http_call call = *callbacks;
	int result;

	if (!path)
		return error_set(err, ENOMEM, "out of memory");
	call.method = "GET";
	call.verb = reflector_verb(r->step);
	call.path = path;
	call.accept = node_stream_accept(reflector_stream_kind(r), *r->needs.format);
	call.new_connection = r->distrust;
	switch (r->step) {
	case STEP_CHECK:
		call.timeout_s = r->limits.check;
		break;
	case STEP_LIST:
		call.stall_s = r->limits.list_silence;
		break;
	case STEP_STREAM:
	case STEP_WATCH:
		call.timeout_s = watch_s + WATCH_GRACE_S;
		break;
	}
	result = http_start(r->needs.http, &call, &r->request, err);
	free(path);
	return result;
}
