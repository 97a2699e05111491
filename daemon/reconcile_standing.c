/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How single routes fare: declared in reconcile.h. */
#include <stdlib.h>

#include "reconcile_state.h"

/* The route a conflict is about is its first member. */
static bool is_in_conflict(const struct route_diff *diff, const struct route *route)
{
	return diff->conflict_count > 0 &&
	       bsearch(route, diff->conflicts, diff->conflict_count, sizeof(*diff->conflicts),
	               route_compare_key) != NULL;
}

/* An object's trouble is that of the routes which go through it. */
static enum ledger_standing find_trouble(const struct reconciler *reconciler,
                                         const struct route *asked)
{
	enum ledger_standing standing = route_ledger_standing(reconciler->ledger, asked);

	if (standing == LEDGER_QUIET && asked->nexthop_id != 0) {
		const struct nexthop object = {
			.id = asked->nexthop_id, .via = asked->via, .oif = asked->oif};
		const struct route_change entry = reconcile_ledger_entry(&object);

		standing = route_ledger_standing(reconciler->ledger, &entry.route);
	}
	return standing;
}

enum route_standing reconcile_standing(const struct reconciler *reconciler,
                                       const struct reconcile_report *report,
                                       const struct route *route)
{
	const struct route *asked = remembered_find(&reconciler->last, route);

	if (!asked)
		return ROUTE_PENDING;
	if (is_in_conflict(&report->proposal.routes, route))
		return ROUTE_IN_CONFLICT;
	switch (find_trouble(reconciler, asked)) {
	case LEDGER_FOUGHT_OVER:
		return ROUTE_IS_FOUGHT_OVER;
	case LEDGER_REFUSED:
		return ROUTE_REFUSED;
	case LEDGER_QUIET:
		break;
	}
	return remembered_stands(&reconciler->last, route) ? ROUTE_STANDS : ROUTE_PENDING;
}

const struct route *reconcile_find_observed(struct reconciler *reconciler,
                                            const struct route *route)
{
	const struct route *routes;
	size_t count;

	/* What was told since the last run is queued still. */
	(void)route_view_settle(reconciler->observed.routes);
	routes = route_view_routes(reconciler->observed.routes, &count);
	return reconcile_find_route(routes, count, route);
}
