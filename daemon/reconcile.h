/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes the kernel's routes those of the plan: dump, diff, one batch, the
 * results. Remembers what the kernel acknowledged, so that a repair is told from news
 * and a monitor's event that matters from one that does not.
 */
#ifndef DAEMON_RECONCILE_H
#define DAEMON_RECONCILE_H

#include "hostgw/route.h"
#include "route_diff.h"

struct reconciler;

struct reconcile_report {
	struct route_diff diff; /* every change with its result, every conflict */
	bool *repair;           /* one a change: it puts back what somebody took away */
	size_t failed;          /* changes that the kernel refused */
	bool raced;             /* the table changed meanwhile: run again at once */
};

int reconciler_new(struct rtnl *rtnl, uint8_t protocol, struct reconciler **out, struct error *err);
void reconciler_free(struct reconciler *reconciler); /* NULL is fine */

struct reconcile_goal {
	const struct route *routes; /* desired, sorted by route_compare_key */
	size_t count;
	int uplink;      /* index of the interface to the other nodes */
	bool may_delete; /* the node list was complete */
	/* Families whose routes are not even looked at: the interface has no address of them. None
	 * of `routes` is of such a family. */
	bool leave_alone[IP_FAMILIES];
};

/*
 * One run. 0: the report holds the outcome of each change, which may be a failure. Negative:
 * nothing could be read or sent: nothing is known of what was under way, the report is empty, run
 * again.
 */
int reconcile_run(struct reconciler *reconciler, const struct reconcile_goal *goal,
                  struct reconcile_report *report, struct error *err);
void reconcile_report_free(struct reconcile_report *report);

/* The kernel's answer tells that the table changed between the dump and the batch: read it again,
 * then decide. */
bool reconcile_is_race(const struct route_change *change);

/* True if a route that others changed may matter to us: ours, or to a destination of ours. */
bool reconcile_concerns(const struct reconciler *reconciler, const struct route *route);

#endif
