/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reconcile_state.h"

#include <stdlib.h>

const struct route *reconcile_find_route(const struct route *routes, size_t count,
                                         const struct route *route)
{
	return count > 0 ? bsearch(route, routes, count, sizeof(*routes), route_compare_key) : NULL;
}

struct route_change reconcile_ledger_entry(const struct nexthop *object)
{
	return (struct route_change){
		.verb = ROUTE_REPLACE,
		.route = {.dst = {object->via, ip_bits(object->via.family)},
	                  .metric = object->id,
	                  .via = object->via,
	                  .oif = object->oif,
	                  .type = RTN_UNICAST},
	};
}

/* Whoever is in the route's place by the time it is tried again took it from us, unless it went
 * with the link: then he was there first. */
static enum hold find_left(const struct reconciler *reconciler, const struct route *wanted,
                           const struct route *other)
{
	if (!reconciler->links_changed && remembered_has_route(&reconciler->last, wanted))
		return HOLD_ROUTE;
	if (!reconciler->links_changed && remembered_has_key(&reconciler->last, wanted))
		return HOLD_KEY;
	return other && other->protocol == reconciler->protocol ? HOLD_KEY : HOLD_NONE;
}

static struct change_cause find_cause(const struct reconciler *reconciler,
                                      const struct route_change *change)
{
	struct change_cause cause = {0};
	const struct route *observed, *other;
	size_t count;

	if (change->verb == ROUTE_DELETE)
		return cause;
	observed = route_view_routes(reconciler->observed.routes, &count);
	other = reconcile_find_route(observed, count, &change->route);
	cause.repair = remembered_has_route(&reconciler->last, &change->route);
	cause.opponent = other ? other->protocol : RTPROT_UNSPEC;
	cause.frees = other && other->protocol != reconciler->protocol && other->nexthop_id != 0;
	cause.left = find_left(reconciler, &change->route, other);
	return cause;
}

static enum hold at_most(enum hold hold, enum hold most)
{
	if (hold == HOLD_BESIDE)
		return HOLD_NONE;
	return hold > most ? most : hold;
}

void reconcile_limit_users(struct reconciler *reconciler, const struct reconcile_report *report,
                           enum hold *holds, const struct nexthop *object)
{
	const struct nexthop_plan *plan = &report->proposal.nexthops;
	bool was_right = !reconciler->links_changed &&
	                 remembered_has_object(&reconciler->last, object);

	for (size_t i = 0; i < plan->route_count; i++)
		if (plan->routes[i].nexthop_id == object->id)
			holds[i] = at_most(holds[i], was_right ? HOLD_ROUTE : HOLD_KEY);
}

/* Takes out of the proposal what is not due yet. */
static void hold_back_routes(struct reconciler *reconciler, const struct reconcile_goal *goal,
                             struct reconcile_report *report, enum hold *holds)
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
			const struct route *wanted = reconcile_find_route(
				report->proposal.nexthops.routes, goal->count, &change->route);

			if (wanted && change->verb != ROUTE_DELETE)
				holds[wanted - report->proposal.nexthops.routes] = cause.left;
			report->held_back++;
		}
	}
	diff->change_count = kept;
}

static bool is_needed(const struct route_diff *diff, const struct nexthop *object)
{
	for (size_t i = 0; i < diff->change_count; i++)
		if (diff->changes[i].route.nexthop_id == object->id)
			return true;
	return false;
}

/* An object is put back in place when it is due by itself; one that is gone comes back for the
 * routes that go through it, and with them. */
static void hold_back_objects(struct reconciler *reconciler, const struct reconcile_goal *goal,
                              struct reconcile_report *report, enum hold *holds)
{
	struct nexthop_plan *plan = &report->proposal.nexthops;
	bool all_routes = report->held_back == 0;
	size_t kept = 0;

	for (size_t i = 0; i < plan->change_count; i++) {
		struct route_change entry = reconcile_ledger_entry(&plan->changes[i].nexthop);
		uint64_t due;
		bool is_due = plan->changes[i].verb == NEXTHOP_REPLACE
		                      ? route_ledger_allows(reconciler->ledger, &entry, goal->now,
		                                            &due)
		                      : all_routes || is_needed(&report->proposal.routes,
		                                                &plan->changes[i].nexthop);

		if (is_due) {
			plan->changes[kept++] = plan->changes[i];
			continue;
		}
		reconcile_limit_users(reconciler, report, holds, &plan->changes[i].nexthop);
		report->held_back++;
	}
	plan->change_count = kept;
	kept = 0;
	for (size_t i = 0; i < plan->removal_count; i++) {
		struct route_change entry = reconcile_ledger_entry(&plan->removals[i].nexthop);
		uint64_t due;

		if (route_ledger_allows(reconciler->ledger, &entry, goal->now, &due))
			plan->removals[kept++] = plan->removals[i];
		else
			report->held_back++;
	}
	plan->removal_count = kept;
}

void reconcile_hold_back(struct reconciler *reconciler, const struct reconcile_goal *goal,
                         struct reconcile_report *report, enum hold *holds)
{
	hold_back_routes(reconciler, goal, report, holds);
	hold_back_objects(reconciler, goal, report, holds);
}
