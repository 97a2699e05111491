/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reconcile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct reconciler {
	uint8_t protocol;
	enum nexthop_mode nexthop_mode;
	struct prefix networks[IP_FAMILIES];
	struct observed observed;
	struct route_ledger *ledger;
	bool nexthops_in_use;
	bool links_changed; /* since the last run */

	struct route *wanted; /* what the last run was asked for, sorted by key */
	bool *acknowledged;   /* wanted[i] was found in the kernel or taken by it */
	size_t wanted_count;
	struct reconcile_stats stats;
};

static bool uses_nexthops(const struct reconciler *reconciler)
{
	size_t count;
	const struct route *routes = route_view_routes(reconciler->observed.routes, &count);

	for (size_t i = 0; i < count; i++)
		if (routes[i].protocol == reconciler->protocol && routes[i].nexthop_id != 0)
			return true;
	return false;
}

/* The first reading tells what an earlier life left, and what the kernel can do. */
static int look_first(struct reconciler *reconciler, struct error *err)
{
	int result = observed_refresh(&reconciler->observed, err);

	if (result < 0)
		return result;
	reconciler->nexthops_in_use = uses_nexthops(reconciler);
	if (reconciler->nexthop_mode == NEXTHOP_ALWAYS && !reconciler->observed.nexthops_supported)
		return error_set(err, EOPNOTSUPP,
		                 "--nexthop-objects=always: this kernel has none (Linux 5.3 is "
		                 "the first); leave it at auto");
	return 0;
}

int reconciler_new(const struct reconciler_config *config, struct reconciler **out,
                   struct error *err)
{
	struct reconciler *reconciler = calloc(1, sizeof(*reconciler));
	int result;

	if (!reconciler)
		return error_set(err, ENOMEM, "out of memory");
	reconciler->protocol = config->protocol;
	reconciler->nexthop_mode = config->nexthop_mode;
	memcpy(reconciler->networks, config->networks, sizeof(reconciler->networks));
	result = observed_open(&reconciler->observed, config->rtnl, config->protocol,
	                       config->networks, err);
	if (result == 0)
		result = route_ledger_new(&reconciler->ledger, err);
	if (result == 0)
		result = look_first(reconciler, err);
	if (result < 0) {
		reconciler_free(reconciler);
		return result;
	}
	*out = reconciler;
	return 0;
}

void reconciler_free(struct reconciler *reconciler)
{
	if (!reconciler)
		return;
	observed_close(&reconciler->observed);
	route_ledger_free(reconciler->ledger);
	free(reconciler->wanted);
	free(reconciler->acknowledged);
	free(reconciler);
}

/* ---- what is proposed ---- */

static const struct route *find_route(const struct route *routes, size_t count,
                                      const struct route *route)
{
	return count > 0 ? bsearch(route, routes, count, sizeof(*routes), route_compare_key) : NULL;
}

/* It was in the kernel, by our hand or as we want it, when last seen. */
static bool is_held(const void *ctx, const struct route *desired)
{
	const struct reconciler *reconciler = ctx;
	const struct route *before = find_route(reconciler->wanted, reconciler->wanted_count,
	                                        desired);

	return before && reconciler->acknowledged[before - reconciler->wanted];
}

/* The observed routes are sorted by family first: those of one left alone are at one end. */
static void leave_out(const struct reconcile_goal *goal, const struct route **routes, size_t *count)
{
	while (*count > 0 && goal->leave_alone[ip_family_index((*routes)->dst.addr.family)]) {
		(*routes)++;
		(*count)--;
	}
	while (*count > 0 &&
	       goal->leave_alone[ip_family_index((*routes)[*count - 1].dst.addr.family)])
		(*count)--;
}

static int propose(struct reconciler *reconciler, const struct reconcile_goal *goal,
                   struct proposal *out, struct error *err)
{
	const struct observed *observed = &reconciler->observed;
	struct nexthop_plan_input objects = {
		.desired = goal->routes,
		.desired_count = goal->count,
		.nexthops = observed->nexthops,
		.nexthop_count = observed->nexthop_count,
		.mode = reconciler->nexthop_mode,
		.supported = observed->nexthops_supported,
		.in_use = reconciler->nexthops_in_use,
		.protocol = reconciler->protocol,
		.may_delete = goal->may_delete && !goal->leave_alone[IP_V4],
	};
	struct route_diff_input diff = {
		.protocol = reconciler->protocol,
		.table = goal->table,
		.uplink = goal->uplink,
		.may_delete = goal->may_delete,
		.is_held = is_held,
		.ctx = reconciler,
	};
	int result;

	objects.observed = route_view_routes(observed->routes, &objects.observed_count);
	result = nexthop_plan_make(&objects, &out->nexthops, err);
	if (result < 0)
		return result;
	memcpy(diff.networks, reconciler->networks, sizeof(diff.networks));
	memcpy(diff.own, goal->own, sizeof(diff.own));
	diff.desired = out->nexthops.routes;
	diff.desired_count = out->nexthops.route_count;
	diff.observed = objects.observed;
	diff.observed_count = objects.observed_count;
	leave_out(goal, &diff.observed, &diff.observed_count);
	return route_diff_make(&diff, &out->routes, err);
}

int reconcile_propose(struct reconciler *reconciler, const struct reconcile_goal *goal,
                      struct proposal *out, struct error *err)
{
	int result = observed_refresh(&reconciler->observed, err);

	memset(out, 0, sizeof(*out));
	if (result == 0)
		result = propose(reconciler, goal, out, err);
	if (result < 0)
		proposal_free(out);
	return result;
}

void proposal_free(struct proposal *proposal)
{
	nexthop_plan_free(&proposal->nexthops);
	route_diff_free(&proposal->routes);
}

/* ---- what is due ---- */

/* A change puts back what was there if the same route had been acknowledged. */
static bool is_repair(const struct reconciler *reconciler, const struct route_change *change)
{
	const struct route *before = find_route(reconciler->wanted, reconciler->wanted_count,
	                                        &change->route);

	return change->verb != ROUTE_DELETE && before &&
	       reconciler->acknowledged[before - reconciler->wanted] &&
	       route_satisfies(&change->route, before);
}

static struct change_cause find_cause(const struct reconciler *reconciler,
                                      const struct route_change *change)
{
	struct change_cause cause = {.repair = is_repair(reconciler, change)};
	const struct route *observed, *other;
	size_t count;

	observed = route_view_routes(reconciler->observed.routes, &count);
	other = cause.repair ? find_route(observed, count, &change->route) : NULL;
	cause.opponent = other ? other->protocol : RTPROT_UNSPEC;
	return cause;
}

/* Takes out of the proposal what is not due yet; what of that was there before, was so to the end:
 * when it is put back at last, that is still a repair. */
static void hold_back(struct reconciler *reconciler, const struct reconcile_goal *goal,
                      struct reconcile_report *report, bool *acknowledged)
{
	struct route_diff *diff = &report->proposal.routes;
	size_t kept = 0;

	for (size_t i = 0; i < diff->change_count; i++) {
		const struct route_change *change = &diff->changes[i];
		struct change_cause cause = find_cause(reconciler, change);
		uint64_t due;

		if (route_ledger_allows(reconciler->ledger, change, goal->now, &due)) {
			report->causes[kept] = cause;
			diff->changes[kept++] = *change;
		} else {
			const struct route *wanted = find_route(report->proposal.nexthops.routes,
			                                        goal->count, &change->route);

			if (wanted)
				acknowledged[wanted - report->proposal.nexthops.routes] =
					cause.repair;
			report->held_back++;
		}
	}
	diff->change_count = kept;
}

/* ---- what came of it ---- */

bool reconcile_is_race(const struct route_change *change)
{
	return (change->verb == ROUTE_ADD && change->result == -EEXIST) ||
	       (change->verb == ROUTE_REPLACE && change->result == -ENOENT);
}

static void judge_change(struct reconciler *reconciler, const struct reconcile_goal *goal,
                         struct route_change *change, const struct change_cause *cause,
                         struct reconcile_report *report)
{
	observed_note_change(&reconciler->observed, change);
	/* Somebody else deleted it first: it is gone, as it should be. */
	if (change->verb == ROUTE_DELETE && change->result == -ESRCH)
		change->result = 0;
	if (reconcile_is_race(change))
		report->raced = true;
	else if (change->result < 0)
		route_ledger_note_failure(reconciler->ledger, change, goal->now);
	else if (cause->repair && !reconciler->links_changed)
		route_ledger_note_repair(reconciler->ledger, &change->route, cause->opponent,
		                         goal->now);
	else if (change->verb == ROUTE_DELETE)
		route_ledger_forget(reconciler->ledger, &change->route);
	else
		route_ledger_note_success(reconciler->ledger, &change->route);
	report->failed += change->result < 0;
	reconciler->stats.failures += change->result < 0;
	reconciler->stats.repairs += change->result == 0 && cause->repair;
}

static void judge_nexthops(struct reconciler *reconciler, struct nexthop_change *changes,
                           size_t count, struct reconcile_report *report)
{
	for (size_t i = 0; i < count; i++) {
		int *result = &changes[i].result;

		/* Gone before we came, with the link for one: that is what was wanted. */
		if (changes[i].verb == NEXTHOP_DELETE && *result == -ENOENT)
			*result = 0;
		report->raced = report->raced || *result == -EEXIST;
		report->failed += *result < 0;
		reconciler->stats.failures += *result < 0;
	}
	if (count > 0)
		observed_note_nexthops_changed(&reconciler->observed);
}

static void deny(const struct reconcile_report *report, bool *acknowledged, size_t count,
                 const struct route *route)
{
	const struct route *routes = report->proposal.nexthops.routes;
	const struct route *wanted = find_route(routes, count, route);

	if (wanted)
		acknowledged[wanted - routes] = false;
}

/* Takes over what is wanted now, out of the report; all of it is there but what failed or
 * conflicts. */
static void remember(struct reconciler *reconciler, const struct reconcile_goal *goal,
                     struct reconcile_report *report, bool *acknowledged)
{
	const struct route_diff *diff = &report->proposal.routes;
	struct reconcile_stats *stats = &reconciler->stats;

	for (size_t i = 0; i < diff->change_count; i++)
		if (diff->changes[i].verb != ROUTE_DELETE && diff->changes[i].result < 0)
			deny(report, acknowledged, goal->count, &diff->changes[i].route);
	for (size_t i = 0; i < diff->conflict_count; i++)
		deny(report, acknowledged, goal->count, &diff->conflicts[i].desired);
	free(reconciler->wanted);
	free(reconciler->acknowledged);
	reconciler->wanted = report->proposal.nexthops.routes;
	report->proposal.nexthops.routes = NULL;
	report->proposal.nexthops.route_count = 0;
	reconciler->acknowledged = acknowledged;
	reconciler->wanted_count = goal->count;
	reconciler->nexthops_in_use = report->proposal.nexthops.in_use;
	stats->desired = goal->count;
	stats->installed = 0;
	for (size_t i = 0; i < goal->count; i++)
		stats->installed += acknowledged[i];
	stats->conflicts = diff->conflict_count;
	stats->strangers = diff->stranger_count;
	stats->runs++;
}

/* ---- a run ---- */

/* Objects before the routes that refer to them; those that nobody refers to, last. */
static int send_changes(struct reconciler *reconciler, struct proposal *proposal, struct error *err)
{
	struct rtnl *rtnl = reconciler->observed.rtnl;
	struct nexthop_plan *nexthops = &proposal->nexthops;
	struct route_diff *routes = &proposal->routes;
	int result = 0;

	if (nexthops->change_count > 0)
		result = nexthop_apply(rtnl, nexthops->changes, nexthops->change_count, err);
	if (result == 0 && routes->change_count > 0)
		result = route_apply(rtnl, routes->changes, routes->change_count, err);
	if (result == 0 && nexthops->removal_count > 0)
		result = nexthop_apply(rtnl, nexthops->removals, nexthops->removal_count, err);
	return result;
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

static void judge(struct reconciler *reconciler, const struct reconcile_goal *goal,
                  struct reconcile_report *report)
{
	struct proposal *proposal = &report->proposal;

	for (size_t i = 0; i < proposal->routes.change_count; i++)
		judge_change(reconciler, goal, &proposal->routes.changes[i], &report->causes[i],
		             report);
	judge_nexthops(reconciler, proposal->nexthops.changes, proposal->nexthops.change_count,
	               report);
	judge_nexthops(reconciler, proposal->nexthops.removals, proposal->nexthops.removal_count,
	               report);
	/* Objects that waited for their routes to move can go now. */
	report->raced = report->raced ||
	                (proposal->nexthops.waiting_count > 0 && proposal->routes.change_count > 0);
	route_ledger_expire(reconciler->ledger, goal->now);
	report->next_due = route_ledger_next(reconciler->ledger, goal->now);
	list_fights(reconciler, report);
}

static int carry_out(struct reconciler *reconciler, const struct reconcile_goal *goal,
                     struct reconcile_report *report, struct error *err)
{
	bool *acknowledged = malloc(goal->count + 1);
	int result = 0;

	report->causes = calloc(report->proposal.routes.change_count + 1, sizeof(*report->causes));
	if (!acknowledged || !report->causes) {
		free(acknowledged);
		return error_set(err, ENOMEM, "out of memory for %zu routes", goal->count);
	}
	memset(acknowledged, true, goal->count + 1);
	hold_back(reconciler, goal, report, acknowledged);
	result = send_changes(reconciler, &report->proposal, err);
	if (result == 0) {
		judge(reconciler, goal, report);
		remember(reconciler, goal, report, acknowledged);
		return 0;
	}
	/* Some of it may have been done. */
	observed_distrust(&reconciler->observed);
	free(acknowledged);
	return result;
}

int reconcile_run(struct reconciler *reconciler, const struct reconcile_goal *goal,
                  struct reconcile_report *report, struct error *err)
{
	int result;

	memset(report, 0, sizeof(*report));
	report->next_due = UINT64_MAX;
	if (reconciler->links_changed)
		route_ledger_forgive(reconciler->ledger);
	result = reconcile_propose(reconciler, goal, &report->proposal, err);
	if (result == 0)
		result = carry_out(reconciler, goal, report, err);
	if (result < 0)
		reconcile_report_free(report);
	else
		reconciler->links_changed = false;
	return result;
}

void reconcile_report_free(struct reconcile_report *report)
{
	proposal_free(&report->proposal);
	free(report->causes);
	free(report->fights);
	memset(report, 0, sizeof(*report));
}

/* ---- what is told meanwhile ---- */

bool reconcile_note_route(struct reconciler *reconciler, const struct route *route,
                          enum route_event event)
{
	return observed_note_route(&reconciler->observed, route, event);
}

bool reconcile_note_nexthop(struct reconciler *reconciler, const struct nexthop *nexthop)
{
	return observed_note_nexthop(&reconciler->observed, nexthop);
}

void reconcile_distrust(struct reconciler *reconciler, bool links)
{
	observed_distrust(&reconciler->observed);
	reconciler->links_changed = reconciler->links_changed || links;
}

void reconcile_settle(struct reconciler *reconciler)
{
	(void)route_view_settle(reconciler->observed.routes); /* if it cannot, the next run reads */
}

struct reconcile_stats reconcile_stats(const struct reconciler *reconciler)
{
	struct reconcile_stats stats = reconciler->stats;

	stats.dumps = reconciler->observed.dumps;
	stats.fights = route_ledger_fights_total(reconciler->ledger);
	stats.fighting = route_ledger_fights(reconciler->ledger);
	stats.nexthop_objects = reconciler->nexthops_in_use;
	return stats;
}
