/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small HTTP server by libmicrohttpd, driven by the daemon's loop, without a thread of its own:
 * a table of paths, each with a function that makes the whole answer. One request a connection. A
 * client that does not read or write holds a place and one answer's memory for HTTP_PATIENCE_S at
 * most, and loses both at once when the place is needed.
 */
#ifndef DAEMON_HTTP_H
#define DAEMON_HTTP_H

#include <stdbool.h>
#include <uv.h>

#include "hostgw/error.h"

/* A connection ends after this, whatever it was doing. */
#define HTTP_PATIENCE_S 10

struct http_server;

struct http_query;

/* The value of ?name=VALUE; NULL: not given. */
const char *http_query_value(const struct http_query *query, const char *name);

struct http_answer {
	unsigned status;
	const char *content_type; /* borrowed, as the header's */
	struct {
		const char *name, *value; /* NULL: none */
	} header;                         /* one more */
	char *body; /* malloc(3)'s, the server's from then on; NULL: no memory */
	size_t length;
};

/* Only read, and quickly: the loop waits. */
typedef void (*http_answer_fn)(void *ctx, const struct http_query *query,
                               struct http_answer *answer);

struct http_page {
	const char *path;
	http_answer_fn answer;
};

struct http_config {
	uv_loop_t *loop;
	const struct http_page *pages; /* borrowed, as all here */
	size_t page_count;
	void *ctx;
	unsigned clients; /* at once, at most HTTP_CLIENTS_MAX; further ones push out the oldest */
	bool same_owner_only; /* of a unix socket without a file: none but root and our own user */
};

/* Serves on `listener` (http_listen.h), which is the server's from then on, also after a failure.
 */
int http_server_start(const struct http_config *config, int listener, struct http_server **out,
                      struct error *err);
/* Closes all connections; the memory goes on the loop's next turn. NULL is fine. */
void http_server_close(struct http_server *server);

#endif
