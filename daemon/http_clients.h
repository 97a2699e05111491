/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is connected, and since when: so that the slow make room for others and none stays for ever.
 * Pure but for shutdown(2), at which libmicrohttpd lets a connection go.
 */
#ifndef DAEMON_HTTP_CLIENTS_H
#define DAEMON_HTTP_CLIENTS_H

#include <stddef.h>
#include <stdint.h>

#define HTTP_CLIENTS_MAX 64

struct http_clients {
	/* In the order in which they came. */
	struct http_client {
		int fd;
		uint64_t since; /* milliseconds, monotonic */
		int going;      /* was shut down */
	} clients[HTTP_CLIENTS_MAX];
	size_t count;
};

/* One came. Where more than `most` would stay, the oldest is shut down. */
void http_clients_add(struct http_clients *clients, int fd, uint64_t now, size_t most);
/* One went; its descriptor is closed, or will be. */
void http_clients_remove(struct http_clients *clients, int fd);
/* Shuts down those that have been there for `ms`. */
void http_clients_expire(struct http_clients *clients, uint64_t now, uint64_t ms);

#endif
