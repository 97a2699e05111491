/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `hostgwd status` asks for: the state of each node as one JSON object, {"version", "node",
 * "interface", "since", "lastSync", "ready", "missing": [...], "nodes": [{"node", "podCIDR",
 * "nextHop", "state", "since", "reason"}...], "routes": {...}, "well", "verdict"}. `reason` is left
 * out where nothing is wrong. About one node it is there always, with "read" and "kernel".
 */
#ifndef DAEMON_STATUS_JSON_H
#define DAEMON_STATUS_JSON_H

#include "plan.h"
#include "reconcile.h"

/* All borrowed. Times are seconds since 1970; 0: never. */
struct status_facts {
	const char *version;
	const char *node_name; /* this host's */
	int64_t start_time, last_sync;
	bool ready;
	const char *missing;     /* for that, a line each */
	const struct plan *plan; /* with what the last round made of it (node_states_recall) */
	const struct uplink *uplink;
	const struct link_snapshot *links;
	struct reconcile_stats routes;
	/* What the kernel has under a route's key; NULL: nothing. */
	const struct route *(*find_observed)(void *ctx, const struct route *route);
	void *ctx;
	const char *only; /* the node it is about; NULL: all */
};

/* malloc(3)'s; NULL: no memory. */
char *status_json_render(const struct status_facts *facts, size_t *length);

#endif
