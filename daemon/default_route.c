/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "default_route.h"

static void see_route(void *ctx, const struct route *route)
{
	struct default_routes *routes = ctx;

	if (!default_route_is(route) || route->oif == 0 || routes->count == DEFAULT_ROUTES_MAX)
		return;
	routes->items[routes->count++] = (struct default_route){
		.oif = route->oif,
		.metric = route->metric,
		.advertised = route->protocol == RTPROT_RA,
	};
}

static void restart(void *ctx)
{
	((struct default_routes *)ctx)->count = 0;
}

int default_routes_list_advertised(struct rtnl *rtnl, const struct link_snapshot *links,
                                   char names[static DEFAULT_ROUTES_MAX][IFNAMSIZ], size_t *count,
                                   struct error *err)
{
	struct default_routes routes;

	*count = 0;
	if (default_routes_read(rtnl, AF_INET6, &routes, err) < 0)
		return -err->code;
	for (size_t i = 0; i < routes.count; i++) {
		const struct link *link = link_find(links, routes.items[i].oif);

		if (link && routes.items[i].advertised)
			memcpy(names[(*count)++], link->name, IFNAMSIZ);
	}
	return 0;
}

bool default_route_is(const struct route *route)
{
	return route->dst.length == 0 && route->table == RT_TABLE_MAIN &&
	       route->type == RTN_UNICAST;
}

int default_routes_read(struct rtnl *rtnl, uint8_t family, struct default_routes *out,
                        struct error *err)
{
	out->count = 0;
	return route_dump(rtnl, family, RT_TABLE_MAIN, see_route, restart, out, err);
}

const struct default_route *default_routes_best(const struct default_routes *routes)
{
	const struct default_route *best = NULL;

	for (size_t i = 0; i < routes->count; i++)
		if (!best || routes->items[i].metric < best->metric)
			best = &routes->items[i];
	return best;
}
