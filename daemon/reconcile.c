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
	bystanders_free(&reconciler->bystanders);
	free(reconciler);
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
	enum hold *holds = calloc(goal->count + 1, sizeof(*holds));
	int result = 0;

	report->causes = calloc(report->proposal.routes.change_count + 1, sizeof(*report->causes));
	if (!holds || !report->causes) {
		free(holds);
		return error_set(err, ENOMEM, "out of memory for %zu routes", goal->count);
	}
	for (size_t i = 0; i < goal->count; i++)
		holds[i] = HOLD_STANDS;
	reconcile_hold_back(reconciler, goal, report, holds);
	result = send_changes(reconciler, &report->proposal, err);
	if (result == 0) {
		reconcile_judge(reconciler, goal, report);
		reconcile_remember(reconciler, goal, report, holds);
		return 0;
	}
	/* Some of it may have been done. */
	observed_distrust(&reconciler->observed);
	free(holds);
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
		reconciler->links_changed = reconciler->other_told = false;
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

	reconciler->other_told = reconciler->other_told ||
	                         (concerns && (route->protocol != reconciler->protocol ||
	                                       route->nexthop_id != 0));
	return concerns;
}

bool reconcile_note_nexthop(struct reconciler *reconciler, const struct nexthop *nexthop)
{
	if (observed_note_nexthop(&reconciler->observed, nexthop))
		return true;
	if (!reconciler->other_told &&
	    !bystanders_use_nexthop(&reconciler->bystanders, nexthop->id))
		return false;
	observed_distrust(&reconciler->observed);
	return true;
}

bool reconcile_note_other_link(struct reconciler *reconciler, int index)
{
	if (!reconciler->other_told && !bystanders_use_link(&reconciler->bystanders, index))
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
