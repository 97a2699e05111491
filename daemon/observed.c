/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "observed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int observed_open(struct observed *observed, struct rtnl *rtnl, uint8_t protocol,
                  const struct prefix networks[IP_FAMILIES], struct error *err)
{
	*observed = (struct observed){.rtnl = rtnl, .protocol = protocol, .nexthops_stale = true};
	memcpy(observed->networks, networks, sizeof(observed->networks));
	return route_view_new(&observed->routes, err);
}

void observed_close(struct observed *observed)
{
	route_view_free(observed->routes);
	free(observed->nexthops);
	memset(observed, 0, sizeof(*observed));
}

static bool is_our_nexthop(uint32_t id)
{
	return id >= NEXTHOP_ID_FIRST && id <= NEXTHOP_ID_LAST;
}

static bool leads_inside(const struct observed *observed, const struct route *route)
{
	const struct prefix *network = &observed->networks[ip_family_index(route->dst.addr.family)];

	return network->addr.family != 0 && prefix_contains(network, &route->dst);
}

/* A default route is never ours, whatever mark it carries; but it may lead through an object of
 * ours, as any route of others may. Table local is the kernel's own. */
static bool is_kept(const struct observed *observed, const struct route *route)
{
	if (route->table == RT_TABLE_LOCAL)
		return false;
	if (is_our_nexthop(route->nexthop_id))
		return true;
	return route->dst.length != 0 &&
	       (route->protocol == observed->protocol || leads_inside(observed, route));
}

/* ---- what is told ---- */

bool observed_note_route(struct observed *observed, const struct route *route,
                         enum route_event event)
{
	if (!is_kept(observed, route))
		return false;
	route_view_note_event(observed->routes, route, event);
	return true;
}

bool observed_note_nexthop(struct observed *observed, const struct nexthop *nexthop)
{
	if (!is_our_nexthop(nexthop->id) && nexthop->protocol != observed->protocol)
		return false;
	/* The kernel takes the routes of one that goes along, and does not say so. */
	observed_distrust(observed);
	return true;
}

void observed_note_change(struct observed *observed, const struct route_change *change)
{
	route_view_note_change(observed->routes, change);
}

void observed_note_nexthops_changed(struct observed *observed)
{
	observed->nexthops_stale = true;
}

void observed_distrust(struct observed *observed)
{
	route_view_distrust(observed->routes);
	observed->nexthops_stale = true;
}

/* ---- reading anew ---- */

static void see_route(void *ctx, const struct route *route)
{
	struct observed *observed = ctx;

	if (is_kept(observed, route))
		route_view_add(observed->routes, route);
}

static void forget_routes(void *ctx)
{
	route_view_restart_family(((struct observed *)ctx)->routes);
}

/* All tables: after a change of --route-table, routes of ours may be in the earlier one. */
static int read_routes(struct observed *observed, struct error *err)
{
	observed->dumps++;
	route_view_begin(observed->routes);
	for (int i = 0; i < IP_FAMILIES; i++) {
		int result;

		route_view_begin_family(observed->routes);
		result = route_dump(observed->rtnl, ip_family((enum ip_family_index)i), 0,
		                    see_route, forget_routes, observed, err);
		if (result < 0) {
			route_view_distrust(observed->routes);
			return result;
		}
	}
	return route_view_end(observed->routes, err);
}

static void see_nexthop(void *ctx, const struct nexthop *nexthop)
{
	struct observed *observed = ctx;

	if (observed->nexthop_count == observed->nexthop_room) {
		size_t room = observed->nexthop_room ? observed->nexthop_room * 2 : 64;
		struct nexthop *larger = reallocarray(observed->nexthops, room, sizeof(*larger));

		if (!larger) {
			observed->failed = true;
			return;
		}
		observed->nexthops = larger;
		observed->nexthop_room = room;
	}
	observed->nexthops[observed->nexthop_count++] = *nexthop;
}

static void forget_nexthops(void *ctx)
{
	((struct observed *)ctx)->nexthop_count = 0;
}

static int compare_ids(const void *a, const void *b)
{
	uint32_t left = ((const struct nexthop *)a)->id, right = ((const struct nexthop *)b)->id;

	return (left > right) - (left < right);
}

static int read_nexthops(struct observed *observed, struct error *err)
{
	int result;

	observed->nexthop_count = 0;
	observed->failed = false;
	result = nexthop_dump(observed->rtnl, see_nexthop, forget_nexthops, observed, err);
	observed->nexthops_supported = result != -EOPNOTSUPP;
	if (result < 0 && result != -EOPNOTSUPP)
		return result;
	if (observed->failed)
		return error_set(err, ENOMEM, "out of memory for the kernel's nexthop objects");
	if (observed->nexthop_count > 0)
		qsort(observed->nexthops, observed->nexthop_count, sizeof(*observed->nexthops),
		      compare_ids);
	observed->nexthops_stale = false;
	return 0;
}

int observed_refresh(struct observed *observed, struct error *err)
{
	int result = 0;

	/* Objects first: a route that is read afterwards refers to what is known by then, or to
	 * what the monitor will tell of. */
	if (observed->nexthops_stale)
		result = read_nexthops(observed, err);
	if (result == 0 && !route_view_settle(observed->routes))
		result = read_routes(observed, err);
	return result;
}
