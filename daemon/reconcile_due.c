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

static struct change_cause find_cause(const struct reconciler *reconciler,
                                      const struct route_change *change)
{
	struct change_cause cause = {0};
	const struct route *observed, *other;
	size_t count;

	cause.repair = change->verb != ROUTE_DELETE &&
	               remembered_has_route(&reconciler->last, &change->route);
	observed = route_view_routes(reconciler->observed.routes, &count);
	other = cause.repair ? reconcile_find_route(observed, count, &change->route) : NULL;
	cause.opponent = other ? other->protocol : RTPROT_UNSPEC;
	return cause;
}

bool reconcile_remains_held(const struct reconciler *reconciler, const struct change_cause *cause)
{
	return cause->repair && !reconciler->links_changed; /* else it went with the link */
}

/* Takes out of the proposal what is not due yet. */
static void hold_back_routes(struct reconciler *reconciler, const struct reconcile_goal *goal,
                             struct reconcile_report *report, bool *there)
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
				there[wanted - report->proposal.nexthops.routes] =
					reconcile_remains_held(reconciler, &cause);
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
                              struct reconcile_report *report)
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

		if (is_due)
			plan->changes[kept++] = plan->changes[i];
		else
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
                         struct reconcile_report *report, bool *there)
{
	hold_back_routes(reconciler, goal, report, there);
	hold_back_objects(reconciler, goal, report);
}
