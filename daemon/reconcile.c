/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reconcile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "reconcile_state.h"

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
	remembered_free(&reconciler->last);
	free(reconciler);
}

/* ---- what is proposed ---- */

static bool is_held(const void *ctx, const struct route *desired)
{
	const struct reconciler *reconciler = ctx;

	return remembered_has_key(&reconciler->last, desired);
}

static bool was_desired(const void *ctx, const struct route *observed)
{
	const struct reconciler *reconciler = ctx;

	return remembered_has_asked(&reconciler->last, observed);
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
		/* What went with the link was nobody's to take: who came since was there first. */
		.is_held = reconciler->links_changed ? NULL : is_held,
		.was_desired = was_desired,
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

/* Moves or removes an object: routes of others that refer to it would go along. */
static bool touches_objects(const struct proposal *proposal)
{
	for (size_t i = 0; i < proposal->nexthops.change_count; i++)
		if (proposal->nexthops.changes[i].verb == NEXTHOP_REPLACE)
			return true;
	return proposal->nexthops.removal_count > 0;
}

static int refresh_and_propose(struct reconciler *reconciler, const struct reconcile_goal *goal,
                               struct proposal *out, struct error *err)
{
	int result = observed_refresh(&reconciler->observed, err);

	return result < 0 ? result : propose(reconciler, goal, out, err);
}

/* Of routes elsewhere that others lead through our objects no event tells: they are looked for
 * before an object is touched. */
int reconcile_propose(struct reconciler *reconciler, const struct reconcile_goal *goal,
                      struct proposal *out, struct error *err)
{
	int result;

	memset(out, 0, sizeof(*out));
	result = refresh_and_propose(reconciler, goal, out, err);
	if (result == 0 && touches_objects(out) && !reconciler->observed.fresh) {
		proposal_free(out);
		observed_distrust(&reconciler->observed);
		result = refresh_and_propose(reconciler, goal, out, err);
	}
	if (result < 0)
		proposal_free(out);
	return result;
}

const struct route *reconcile_observed(const struct reconciler *reconciler, size_t *count)
{
	return route_view_routes(reconciler->observed.routes, count);
}

void proposal_free(struct proposal *proposal)
{
	nexthop_plan_free(&proposal->nexthops);
	route_diff_free(&proposal->routes);
}

/* ---- a run ---- */

static bool went_well(const struct route_diff *diff)
{
	for (size_t i = 0; i < diff->change_count; i++)
		if (diff->changes[i].result < 0)
			return false;
	return true;
}

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
	/* A change that went wrong shows that the picture was: no object goes by it. */
	if (result == 0 && !went_well(routes))
		nexthops->removal_count = 0;
	if (result == 0 && nexthops->removal_count > 0)
		result = nexthop_apply(rtnl, nexthops->removals, nexthops->removal_count, err);
	return result;
}

static int carry_out(struct reconciler *reconciler, const struct reconcile_goal *goal,
                     struct reconcile_report *report, struct error *err)
{
	bool *there = malloc(goal->count + 1);
	int result = 0;

	report->causes = calloc(report->proposal.routes.change_count + 1, sizeof(*report->causes));
	if (!there || !report->causes) {
		free(there);
		return error_set(err, ENOMEM, "out of memory for %zu routes", goal->count);
	}
	memset(there, true, goal->count + 1);
	reconcile_hold_back(reconciler, goal, report, there);
	result = send_changes(reconciler, &report->proposal, err);
	if (result == 0) {
		reconcile_judge(reconciler, goal, report);
		reconcile_remember(reconciler, goal, report, there);
		return 0;
	}
	/* Some of it may have been done. */
	observed_distrust(&reconciler->observed);
	free(there);
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
	if (result < 0) {
		reconcile_report_free(report);
		report->next_due = UINT64_MAX; /* the caller has a delay of its own for this */
	} else {
		reconciler->links_changed = reconciler->object_told = false;
	}
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
	bool concerns = observed_note_route(&reconciler->observed, route, event);

	reconciler->object_told = reconciler->object_told || (concerns && route->nexthop_id != 0);
	return concerns;
}

bool reconcile_note_nexthop(struct reconciler *reconciler, const struct nexthop *nexthop)
{
	if (observed_note_nexthop(&reconciler->observed, nexthop))
		return true;
	/* Somebody else's: what is in our way may have gone along with it. */
	if (reconciler->stats.conflicts == 0 && !reconciler->object_told)
		return false;
	observed_distrust(&reconciler->observed);
	return true;
}

void reconcile_distrust(struct reconciler *reconciler, bool links)
{
	observed_distrust(&reconciler->observed);
	reconciler->links_changed = reconciler->links_changed || links;
}

void reconcile_follow_networks(struct reconciler *reconciler,
                               const struct prefix networks[IP_FAMILIES])
{
	memcpy(reconciler->networks, networks, sizeof(reconciler->networks));
	memcpy(reconciler->observed.networks, networks, sizeof(reconciler->observed.networks));
	observed_distrust(&reconciler->observed);
}

void reconcile_settle(struct reconciler *reconciler)
{
	(void)route_view_settle(reconciler->observed.routes); /* if it cannot, the next run reads */
}

void reconcile_forgive(struct reconciler *reconciler)
{
	route_ledger_forgive(reconciler->ledger);
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
