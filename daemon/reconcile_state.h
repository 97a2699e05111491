/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of a reconciler, shared by reconcile.c (a run), reconcile_propose.c (what it would
 * change), reconcile_due.c (what of that is sent now) and reconcile_judge.c (what the kernel's
 * answers come to).
 */
#ifndef DAEMON_RECONCILE_STATE_H
#define DAEMON_RECONCILE_STATE_H

#include "bystanders.h"
#include "reconcile.h"

struct reconciler {
	uint8_t protocol;
	enum nexthop_mode nexthop_mode;
	struct prefix networks[IP_FAMILIES];
	struct observed observed;
	struct route_ledger *ledger;
	bool nexthops_in_use;
	bool links_changed; /* since the last run */
	bool other_told;    /* since the last run: of another's route, so `bystanders` lacks it */
	struct bystanders bystanders;

	struct remembered last;
	struct reconcile_stats stats;
};

/* Of a sorted array, the route of that key; NULL: none. */
const struct route *reconcile_find_route(const struct route *routes, size_t count,
                                         const struct route *route);

/* The ledger knows an object as a route to its gateway in table 0, in which no route is. */
struct route_change reconcile_ledger_entry(const struct nexthop *object);

/* An object was not led where it is to lead: of the routes through it no more is held than that
 * one of ours has their key, or, had somebody led it elsewhere, that they were there before. */
void reconcile_limit_users(struct reconciler *reconciler, const struct reconcile_report *report,
                           enum hold *holds, const struct nexthop *object);

/* Takes out of the proposal what is not due yet. `holds`, one a desired route: lowered for what is
 * not to be sent. */
void reconcile_hold_back(struct reconciler *reconciler, const struct reconcile_goal *goal,
                         struct reconcile_report *report, enum hold *holds);

/* All was sent: draws the conclusions from the answers. */
void reconcile_judge(struct reconciler *reconciler, const struct reconcile_goal *goal,
                     struct reconcile_report *report);
/* Takes over what is wanted now, out of the report, and `holds`, which are lowered for what failed
 * or conflicts. */
void reconcile_remember(struct reconciler *reconciler, const struct reconcile_goal *goal,
                        struct reconcile_report *report, enum hold *holds);

#endif
