/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of a reconciler, shared by reconcile.c (a run), reconcile_due.c (what of the proposal
 * is sent now) and reconcile_judge.c (what the kernel's answers come to).
 */
#ifndef DAEMON_RECONCILE_STATE_H
#define DAEMON_RECONCILE_STATE_H

#include "reconcile.h"
#include "remembered.h"

struct reconciler {
	uint8_t protocol;
	enum nexthop_mode nexthop_mode;
	struct prefix networks[IP_FAMILIES];
	struct observed observed;
	struct route_ledger *ledger;
	bool nexthops_in_use;
	bool links_changed; /* since the last run */
	bool object_told;   /* since the last run: of a route through an object, whoever's */

	struct remembered last;
	struct reconcile_stats stats;
};

/* Of a sorted array, the route of that key; NULL: none. */
const struct route *reconcile_find_route(const struct route *routes, size_t count,
                                         const struct route *route);

/* The ledger knows an object as a route to its gateway in table 0, in which no route is. */
struct route_change reconcile_ledger_entry(const struct nexthop *object);

/* A repair that is still to be made: whoever is in the route's place by then took it. */
bool reconcile_remains_held(const struct reconciler *reconciler, const struct change_cause *cause);

/* Takes out of the proposal what is not due yet. `there`, one a desired route: whether it can be
 * taken to be in the kernel, had all been sent. */
void reconcile_hold_back(struct reconciler *reconciler, const struct reconcile_goal *goal,
                         struct reconcile_report *report, bool *there);

/* All was sent: draws the conclusions from the answers. */
void reconcile_judge(struct reconciler *reconciler, const struct reconcile_goal *goal,
                     struct reconcile_report *report);
/* Takes over what is wanted now, out of the report, and `there`; all of it is there but what
 * failed or conflicts. */
void reconcile_remember(struct reconciler *reconciler, const struct reconcile_goal *goal,
                        struct reconcile_report *report, bool *there);

#endif
