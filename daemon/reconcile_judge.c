/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reconcile_state.h"

#include <errno.h>
#include <stdlib.h>

bool reconcile_is_race(const struct route_change *change)
{
	return (change->verb == ROUTE_ADD && change->result == -EEXIST) ||
	       (change->verb == ROUTE_REPLACE && change->result == -ENOENT);
}

static bool is_desired(const struct reconcile_report *report, const struct reconcile_goal *goal,
                       const struct route *route)
{
	return reconcile_find_route(report->proposal.nexthops.routes, goal->count, route) != NULL;
}

static void count_repair(struct reconciler *reconciler, enum repair_cause cause)
{
	reconciler->stats.repairs++;
	reconciler->stats.repairs_by[cause]++;
}

static enum repair_cause find_repair_cause(const struct reconciler *reconciler,
                                           const struct change_cause *cause)
{
	if (reconciler->links_changed)
		return REPAIR_LINK;
	return cause->opponent != RTPROT_UNSPEC ? REPAIR_REPLACED : REPAIR_DELETED;
}

static void judge_change(struct reconciler *reconciler, const struct reconcile_goal *goal,
                         struct route_change *change, const struct change_cause *cause,
                         struct reconcile_report *report)
{
	observed_note_change(&reconciler->observed, change);
	/* The kernel's word for an object that is gone. */
	if (change->result == -EINVAL && change->route.nexthop_id != 0)
		observed_distrust(&reconciler->observed);
	/* Where only attributes tell it from the one that is wanted, the kernel takes either. */
	if (change->verb == ROUTE_DELETE && change->result == 0 &&
	    is_desired(report, goal, &change->route)) {
		observed_distrust(&reconciler->observed);
		report->raced = true;
	}
	/* Somebody else deleted it first: it is gone, as it should be. */
	if (change->verb == ROUTE_DELETE && change->result == -ESRCH)
		change->result = 0;
	/* The object may be one of ours that nobody goes through any more. */
	report->raced = report->raced || (cause->frees && change->result == 0);
	if (reconcile_is_race(change))
		report->raced = true;
	else if (change->result < 0)
		route_ledger_note_failure(reconciler->ledger, change, goal->now);
	else if (cause->repair && !reconciler->links_changed)
		route_ledger_note_repair(reconciler->ledger, &change->route, cause->opponent,
		                         goal->now);
	else if (change->verb == ROUTE_DELETE && !is_desired(report, goal, &change->route))
		route_ledger_forget(reconciler->ledger, &change->route);
	else
		route_ledger_note_success(reconciler->ledger, &change->route);
	report->failed += change->result < 0;
	reconciler->stats.failures += change->result < 0;
	if (change->result == 0 && cause->repair)
		count_repair(reconciler, find_repair_cause(reconciler, cause));
}

/* A repair: somebody had led our object elsewhere, and it is back. */
static void note_object_success(struct reconciler *reconciler, const struct reconcile_goal *goal,
                                const struct nexthop_change *change, const struct route *entry)
{
	bool repair = change->verb == NEXTHOP_REPLACE &&
	              remembered_has_object(&reconciler->last, &change->nexthop);

	if (repair)
		count_repair(reconciler, REPAIR_OBJECT);
	if (repair && !reconciler->links_changed)
		route_ledger_note_repair(reconciler->ledger, entry, reconciler->protocol,
		                         goal->now);
	else
		route_ledger_note_success(reconciler->ledger, entry);
}

static bool is_object_race(const struct nexthop_change *change)
{
	return (change->verb == NEXTHOP_ADD && change->result == -EEXIST) ||
	       (change->verb == NEXTHOP_REPLACE && change->result == -ENOENT);
}

static void judge_nexthops(struct reconciler *reconciler, const struct reconcile_goal *goal,
                           struct nexthop_change *changes, size_t count,
                           struct reconcile_report *report)
{
	for (size_t i = 0; i < count; i++) {
		struct route_change entry = reconcile_ledger_entry(&changes[i].nexthop);
		int *result = &changes[i].result;

		/* Gone before we came, with the link for one: that is what was wanted. */
		if (changes[i].verb == NEXTHOP_DELETE && *result == -ENOENT)
			*result = 0;
		if (*result == 0)
			note_object_success(reconciler, goal, &changes[i], &entry.route);
		else if (is_object_race(&changes[i]))
			report->raced = true;
		else
			route_ledger_note_failure(reconciler->ledger, &entry, goal->now);
		report->failed += *result < 0;
		reconciler->stats.failures += *result < 0;
	}
	if (count > 0)
		observed_note_nexthops_changed(&reconciler->observed);
}

static void set_hold(const struct reconcile_report *report, enum hold *holds, size_t count,
                     const struct route *route, enum hold hold)
{
	const struct route *routes = report->proposal.nexthops.routes;
	const struct route *wanted = reconcile_find_route(routes, count, route);

	if (wanted)
		holds[wanted - routes] = hold;
}

static void lower_holds(struct reconciler *reconciler, const struct reconcile_goal *goal,
                        const struct reconcile_report *report, enum hold *holds)
{
	const struct route_diff *diff = &report->proposal.routes;
	const struct nexthop_plan *objects = &report->proposal.nexthops;

	for (size_t i = 0; i < diff->change_count; i++)
		if (diff->changes[i].verb != ROUTE_DELETE && diff->changes[i].result < 0)
			set_hold(report, holds, goal->count, &diff->changes[i].route,
			         report->causes[i].left);
	for (size_t i = 0; i < diff->conflict_count; i++)
		set_hold(report, holds, goal->count, &diff->conflicts[i].desired,
		         diff->conflicts[i].ours_stands ? HOLD_BESIDE : HOLD_NONE);
	for (size_t i = 0; i < objects->change_count; i++)
		if (objects->changes[i].result < 0)
			reconcile_limit_users(reconciler, report, holds,
			                      &objects->changes[i].nexthop);
}

void reconcile_remember(struct reconciler *reconciler, const struct reconcile_goal *goal,
                        struct reconcile_report *report, enum hold *holds)
{
	const struct route_diff *diff = &report->proposal.routes;
	struct reconcile_stats *stats = &reconciler->stats;

	lower_holds(reconciler, goal, report, holds);
	remembered_set(&reconciler->last, report->proposal.nexthops.routes, holds, goal->count);
	report->proposal.nexthops.routes = NULL;
	report->proposal.nexthops.route_count = 0;
	reconciler->nexthops_in_use = report->proposal.nexthops.in_use;
	stats->desired = goal->count;
	stats->installed = 0;
	for (size_t i = 0; i < goal->count; i++)
		stats->installed += holds[i] >= HOLD_STANDS;
	stats->conflicts = diff->conflict_count;
	stats->strangers = diff->stranger_count;
	stats->runs++;
}

/* Without memory they are not told of in this run. */
static void list_fights(const struct reconciler *reconciler, struct reconcile_report *report)
{
	size_t count = route_ledger_fights(reconciler->ledger);

	report->fights = count > 0 ? calloc(count, sizeof(*report->fights)) : NULL;
	if (report->fights)
		report->fight_count = route_ledger_list_fights(reconciler->ledger, report->fights,
		                                               count);
}

void reconcile_judge(struct reconciler *reconciler, const struct reconcile_goal *goal,
                     struct reconcile_report *report)
{
	struct proposal *proposal = &report->proposal;

	for (size_t i = 0; i < proposal->routes.change_count; i++)
		judge_change(reconciler, goal, &proposal->routes.changes[i], &report->causes[i],
		             report);
	judge_nexthops(reconciler, goal, proposal->nexthops.changes,
	               proposal->nexthops.change_count, report);
	judge_nexthops(reconciler, goal, proposal->nexthops.removals,
	               proposal->nexthops.removal_count, report);
	/* What waited for routes to move, objects or routes beside them, can go now. */
	report->raced = report->raced ||
	                (proposal->nexthops.waiting_count + proposal->routes.waiting_count > 0 &&
	                 proposal->routes.change_count > 0);
	route_ledger_expire(reconciler->ledger, goal->now);
	report->next_due = route_ledger_next(reconciler->ledger, goal->now);
	list_fights(reconciler, report);
}
