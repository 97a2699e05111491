/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a run would change: declared in reconcile.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "reconcile_state.h"

/* Looks at the kernel in one run, until two agree on what happens to nexthop objects. */
#define LOOKS_MOST 5

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
	bystanders_note(&reconciler->bystanders, objects.observed, objects.observed_count,
	                reconciler->protocol, goal->own);
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

static int compare_ids(const void *a, const void *b)
{
	uint32_t left = ((const struct nexthop_change *)a)->nexthop.id;
	uint32_t right = ((const struct nexthop_change *)b)->nexthop.id;

	return (left > right) - (left < right);
}

static bool has_same(const struct nexthop_change *changes, size_t count,
                     const struct nexthop_change *wanted)
{
	const struct nexthop_change *found = count > 0 ? bsearch(wanted, changes, count,
	                                                         sizeof(*changes), compare_ids)
	                                               : NULL;

	return found && found->verb == wanted->verb &&
	       ip_equal(&found->nexthop.via, &wanted->nexthop.via);
}

/* Moves or removes an object: routes of others that refer to it would go along. */
static bool touches_objects(const struct nexthop_plan *plan)
{
	for (size_t i = 0; i < plan->change_count; i++)
		if (plan->changes[i].verb == NEXTHOP_REPLACE)
			return true;
	return plan->removal_count > 0;
}

/* All that it touches, the one before touched in the same way; sorts that one's changes. */
static bool is_confirmed(const struct nexthop_plan *plan, struct nexthop_plan *before)
{
	if (before->change_count > 0)
		qsort(before->changes, before->change_count, sizeof(*before->changes), compare_ids);
	for (size_t i = 0; i < plan->change_count; i++)
		if (plan->changes[i].verb == NEXTHOP_REPLACE &&
		    !has_same(before->changes, before->change_count, &plan->changes[i]))
			return false;
	for (size_t i = 0; i < plan->removal_count; i++) /* sorted by id, as the nexthops are */
		if (!has_same(before->removals, before->removal_count, &plan->removals[i]))
			return false;
	return true;
}

static int refresh_and_propose(struct reconciler *reconciler, const struct reconcile_goal *goal,
                               struct proposal *out, struct error *err)
{
	int result = observed_refresh(&reconciler->observed, err);

	return result < 0 ? result : propose(reconciler, goal, out, err);
}

static int look_again(struct reconciler *reconciler, const struct reconcile_goal *goal,
                      struct proposal *out, bool *confirmed, struct error *err)
{
	struct proposal before = *out;
	int result;

	memset(out, 0, sizeof(*out));
	observed_distrust(&reconciler->observed);
	result = refresh_and_propose(reconciler, goal, out, err);
	*confirmed = result == 0 && is_confirmed(&out->nexthops, &before.nexthops);
	proposal_free(&before);
	return result;
}

/* Of routes elsewhere that others lead through our objects no event tells, and a dump that races
 * with changes may miss one: an object is touched where two looks agree, the second a dump. */
static int confirm_touches(struct reconciler *reconciler, const struct reconcile_goal *goal,
                           struct proposal *out, struct error *err)
{
	bool confirmed = !touches_objects(&out->nexthops);
	int result = 0;

	for (int looks = 1; result == 0 && !confirmed && looks < LOOKS_MOST; looks++)
		result = look_again(reconciler, goal, out, &confirmed, err);
	if (result < 0 || confirmed)
		return result;
	return error_set(err, EAGAIN,
	                 "the routes through our nexthop objects change while they are read");
}

int reconcile_propose(struct reconciler *reconciler, const struct reconcile_goal *goal,
                      struct proposal *out, struct error *err)
{
	int result;

	memset(out, 0, sizeof(*out));
	result = refresh_and_propose(reconciler, goal, out, err);
	if (result == 0)
		result = confirm_touches(reconciler, goal, out, err);
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
