/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /healthz and /readyz for kubelet's probes: HTTP by libmicrohttpd, driven by
 * the daemon's loop, without a thread of its own. A slow client stalls nobody.
 */
#ifndef DAEMON_HTTP_H
#define DAEMON_HTTP_H

#include <stdbool.h>
#include <uv.h>

#include "hostgw/error.h"

struct http_server;

/* Writes into `text` what is missing for being ready, a line each; true: nothing is. */
typedef bool (*http_ready_fn)(void *ctx, char *text, size_t size);

/* Listens on `ip` (either family) and `port`. -EINVAL: no address; -EADDRINUSE and so on: `err`
 * says which address. /healthz answers 200 while the loop turns, /readyz 200 or 503 as `ready`
 * says. */
int http_server_start(uv_loop_t *loop, const char *ip, uint16_t port, http_ready_fn ready,
                      void *ctx, struct http_server **out, struct error *err);
/* Closes all connections; the memory goes on the loop's next turn. NULL is fine. */
void http_server_close(struct http_server *server);

#endif
