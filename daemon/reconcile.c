/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reconcile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct reconciler {
	struct rtnl *rtnl; /* borrowed */
	uint8_t protocol;
	struct route *wanted; /* what the last run was asked for, sorted by key */
	bool *acknowledged;   /* wanted[i] was found in the kernel or taken by it */
	size_t wanted_count;
};

int reconciler_new(struct rtnl *rtnl, uint8_t protocol, struct reconciler **out, struct error *err)
{
	struct reconciler *reconciler = calloc(1, sizeof(*reconciler));

	if (!reconciler)
		return error_set(err, ENOMEM, "out of memory");
	reconciler->rtnl = rtnl;
	reconciler->protocol = protocol;
	*out = reconciler;
	return 0;
}

void reconciler_free(struct reconciler *reconciler)
{
	if (!reconciler)
		return;
	free(reconciler->wanted);
	free(reconciler->acknowledged);
	free(reconciler);
}

static int compare_destination(const void *a, const void *b)
{
	return prefix_compare(&((const struct route *)a)->dst, &((const struct route *)b)->dst);
}

static bool has_destination(const struct route *routes, size_t count, const struct route *route)
{
	return count > 0 && bsearch(route, routes, count, sizeof(*routes), compare_destination);
}

/* ---- what is there ---- */

struct observation {
	const struct reconcile_goal *goal;
	uint8_t protocol;
	struct route *routes;
	size_t count, room;
	size_t family_start; /* where the dump under way began: it may begin again */
	bool out_of_memory;
};

static void observe_route(void *ctx, const struct route *route)
{
	struct observation *seen = ctx;

	if (route->protocol != seen->protocol &&
	    !has_destination(seen->goal->routes, seen->goal->count, route))
		return;
	/* A default route is never ours, whatever mark it carries. */
	if (route->dst.length == 0)
		return;
	if (seen->count == seen->room) {
		size_t room = seen->room ? seen->room * 2 : 64;
		struct route *larger = reallocarray(seen->routes, room, sizeof(*larger));

		if (!larger) {
			seen->out_of_memory = true;
			return;
		}
		seen->routes = larger;
		seen->room = room;
	}
	seen->routes[seen->count++] = *route;
}

static void forget_family(void *ctx)
{
	struct observation *seen = ctx;

	seen->count = seen->family_start;
}

/* All tables: after a change of --route-table, routes of ours may be in the earlier one. */
static int observe(struct reconciler *reconciler, struct observation *seen, struct error *err)
{
	for (int i = 0; i < IP_FAMILIES; i++) {
		int result;

		if (seen->goal->leave_alone[i])
			continue;
		seen->family_start = seen->count;
		result = route_dump(reconciler->rtnl, ip_family((enum ip_family_index)i), 0,
		                    observe_route, forget_family, seen, err);
		if (result < 0)
			return result;
	}
	if (seen->out_of_memory)
		return error_set(err, ENOMEM, "out of memory for the kernel's routes");
	if (seen->count > 0)
		qsort(seen->routes, seen->count, sizeof(*seen->routes), route_compare_key);
	return 0;
}

/* ---- what came of it ---- */

static struct route *find_wanted(const struct route *routes, size_t count,
                                 const struct route *route)
{
	return count > 0 ? bsearch(route, routes, count, sizeof(*routes), route_compare_key) : NULL;
}

/* A change puts back what was there if the same route had been acknowledged. */
static bool is_repair(const struct reconciler *reconciler, const struct route_change *change)
{
	const struct route *before = find_wanted(reconciler->wanted, reconciler->wanted_count,
	                                         &change->route);

	return change->verb != ROUTE_DELETE && before &&
	       reconciler->acknowledged[before - reconciler->wanted] &&
	       route_satisfies(&change->route, before);
}

bool reconcile_is_race(const struct route_change *change)
{
	return (change->verb == ROUTE_ADD && change->result == -EEXIST) ||
	       (change->verb == ROUTE_REPLACE && change->result == -ENOENT);
}

static void judge_changes(struct reconciler *reconciler, struct reconcile_report *report)
{
	for (size_t i = 0; i < report->diff.change_count; i++) {
		struct route_change *change = &report->diff.changes[i];

		/* Somebody else deleted it first: it is gone, as it should be. */
		if (change->verb == ROUTE_DELETE && change->result == -ESRCH)
			change->result = 0;
		report->repair[i] = is_repair(reconciler, change);
		report->raced = report->raced || reconcile_is_race(change);
		report->failed += change->result < 0;
	}
}

/* Takes `wanted` over as what is wanted now; all of it is there but what failed or conflicts. */
static void remember(struct reconciler *reconciler, struct route *wanted, bool *acknowledged,
                     size_t count, const struct reconcile_report *report)
{
	const struct route_diff *diff = &report->diff;

	memset(acknowledged, true, count * sizeof(*acknowledged));
	for (size_t i = 0; i < diff->change_count; i++) {
		const struct route *failed = diff->changes[i].verb != ROUTE_DELETE &&
		                                             diff->changes[i].result < 0
		                                     ? find_wanted(wanted, count,
		                                                   &diff->changes[i].route)
		                                     : NULL;

		if (failed)
			acknowledged[failed - wanted] = false;
	}
	for (size_t i = 0; i < diff->conflict_count; i++) {
		const struct route *taken = find_wanted(wanted, count, &diff->conflicts[i].desired);

		if (taken)
			acknowledged[taken - wanted] = false;
	}
	free(reconciler->wanted);
	free(reconciler->acknowledged);
	reconciler->wanted = wanted;
	reconciler->acknowledged = acknowledged;
	reconciler->wanted_count = count;
}

static int apply(struct reconciler *reconciler, const struct reconcile_goal *goal,
                 struct reconcile_report *report, struct error *err)
{
	struct route_diff *diff = &report->diff;
	struct route *wanted = calloc(goal->count + 1, sizeof(*wanted));
	bool *acknowledged = calloc(goal->count + 1, sizeof(*acknowledged));
	int result = 0;

	report->repair = calloc(diff->change_count + 1, sizeof(*report->repair));
	if (!wanted || !acknowledged || !report->repair)
		result = error_set(err, ENOMEM, "out of memory for %zu routes", goal->count);
	else if (diff->change_count > 0)
		result = route_apply(reconciler->rtnl, diff->changes, diff->change_count, err);
	if (result < 0) {
		free(wanted);
		free(acknowledged);
		return result;
	}
	judge_changes(reconciler, report);
	if (goal->count > 0)
		memcpy(wanted, goal->routes, goal->count * sizeof(*wanted));
	remember(reconciler, wanted, acknowledged, goal->count, report);
	return 0;
}

int reconcile_run(struct reconciler *reconciler, const struct reconcile_goal *goal,
                  struct reconcile_report *report, struct error *err)
{
	struct observation seen = {.goal = goal, .protocol = reconciler->protocol};
	struct route_diff_input input = {
		.desired = goal->routes,
		.desired_count = goal->count,
		.protocol = reconciler->protocol,
		.uplink = goal->uplink,
		.may_delete = goal->may_delete,
	};
	int result;

	memset(report, 0, sizeof(*report));
	result = observe(reconciler, &seen, err);
	if (result == 0) {
		input.observed = seen.routes;
		input.observed_count = seen.count;
		result = route_diff_make(&input, &report->diff, err);
	}
	free(seen.routes);
	if (result == 0)
		result = apply(reconciler, goal, report, err);
	if (result < 0)
		reconcile_report_free(report);
	return result;
}

void reconcile_report_free(struct reconcile_report *report)
{
	route_diff_free(&report->diff);
	free(report->repair);
	memset(report, 0, sizeof(*report));
}

bool reconcile_concerns(const struct reconciler *reconciler, const struct route *route)
{
	return route->protocol == reconciler->protocol ||
	       has_destination(reconciler->wanted, reconciler->wanted_count, route);
}
