/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of the daemon, shared by agent.c, which wires it together, and agent_warm.c (what
 * outlasts a restart).
 */
#ifndef DAEMON_AGENT_STATE_H
#define DAEMON_AGENT_STATE_H

#include <uv.h>

#include "agent.h"
#include "host.h"
#include "monitoring.h"
#include "node_source.h"
#include "node_status.h"
#include "rounds.h"
#include "service_notify.h"
#include "signals.h"
#include "warm_state.h"

struct agent {
	const struct options *options;
	const struct log *log;
	struct settings settings;
	uv_loop_t loop;
	int exit_code;

	/* source -> node table */
	struct node_source source;
	struct node_table *nodes;
	struct warm_state *warm; /* NULL: nothing is kept for the next start */
	bool synced;             /* the source has told of all nodes, or that what was kept is so */

	/* node table -> plan -> host */
	struct host host;
	struct rounds rounds;

	/* host -> the own Node */
	struct own_node own;
	struct node_status *status; /* NULL: it is not written to */
	struct events *events;      /* NULL: none are sent */

	struct monitoring *monitoring;
	struct service_notify *service; /* NULL: nobody wants to be told */
	struct signals signals;
};

/* The nodes of the last run: their routes stand before the API server has answered. *version is
 * the caller's to free; NULL: nothing was kept. */
int agent_recall(struct agent *agent, char **version, struct error *err);

/* The source knows all up to this version, as `version` of struct node_sink: keeps what is known
 * (warm_state_save has how often). */
void agent_keep(void *ctx, const char *resource_version);
/* At the end; while a list is under way, the last file is the better one. */
void agent_keep_last(struct agent *agent);

#endif
