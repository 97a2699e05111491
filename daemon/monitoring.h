/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What others may ask of the running daemon, all of it read-only: /healthz, /readyz and /metrics
 * over TCP (--healthz-port), the same and /status on a unix socket (--status-socket). Gathers the
 * facts; what they look like is made elsewhere (metrics.h, status_page.h).
 */
#ifndef DAEMON_MONITORING_H
#define DAEMON_MONITORING_H

#include "node_source.h"
#include "rounds.h"

struct monitoring;

/* All borrowed, and there until monitoring_close. */
struct monitoring_config {
	uv_loop_t *loop;
	const struct log *log;
	const struct options *options;
	const struct settings *settings;
	const struct host *host;
	const struct rounds *rounds;
	const struct node_source *source;
	/* Writes into `text` what is missing for being ready, a line each; true: nothing is. */
	bool (*is_ready)(void *ctx, char *text, size_t size);
	void *ctx;
};

/* -EINVAL: --healthz-ip is no address; other errors: the port cannot be had. A status socket
 * that cannot be had is noted in the log, and is no error. *out is to be closed and freed after a
 * failure too. */
int monitoring_start(const struct monitoring_config *config, struct monitoring **out,
                     struct error *err);
/* No page is answered after this. NULL is fine, here and below. */
void monitoring_close(struct monitoring *monitoring);
/* Once the loop has ended. */
void monitoring_free(struct monitoring *monitoring);

/* The source told something; all that it has was told. */
void monitoring_note_event(struct monitoring *monitoring);
void monitoring_note_sync(struct monitoring *monitoring);
/* A round is over. */
void monitoring_note_round(struct monitoring *monitoring);

#endif
