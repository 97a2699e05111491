/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `hostgwd status` is made of, whatever its form (status_json.h, status_text.h), and what is
 * to be said of it in one sentence. Pure.
 */
#ifndef DAEMON_STATUS_FACTS_H
#define DAEMON_STATUS_FACTS_H

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

struct status_verdict {
	bool well;
	char text[512];
};

/* Whether all is well, or all about the one node. */
void status_judge(const struct status_facts *facts, struct status_verdict *verdict);
/* The status is about this claim. */
bool status_has(const struct status_facts *facts, const struct claim *claim);
/* What is under the key of a claim's route now, whoever's, into `text`. */
void status_describe_kernel(const struct status_facts *facts, const struct claim *claim, char *text,
                            size_t size);

#endif
