/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The default routes of table main: where the host's own traffic goes, which is how its interface
 * to the other nodes is chosen when no flag names it.
 */
#ifndef DAEMON_DEFAULT_ROUTE_H
#define DAEMON_DEFAULT_ROUTE_H

#include "hostgw/link.h"
#include "hostgw/route.h"

/* More than a host has; what comes after them is passed over. */
#define DEFAULT_ROUTES_MAX 32

struct default_routes {
	struct default_route {
		int oif; /* of several next hops, the first one's interface */
		uint32_t metric;
		bool advertised; /* learnt from a router advertisement (proto ra) */
	} items[DEFAULT_ROUTES_MAX];
	size_t count;
};

/*
 * Reads those of one family. The kernel has no way to ask for them alone, so the whole table
 * is read: to be called at start and when a default route changed, not with every event, as a
 * host with a full BGP table takes some hundred milliseconds for it.
 */
int default_routes_read(struct rtnl *rtnl, uint8_t family, struct default_routes *out,
                        struct error *err);

/* The one that the kernel prefers; NULL: there is none. */
const struct default_route *default_routes_best(const struct default_routes *routes);

/* Writes the names of the interfaces that have a default route by router advertisement into
 * `names`. */
int default_routes_list_advertised(struct rtnl *rtnl, const struct link_snapshot *links,
                                   char names[static DEFAULT_ROUTES_MAX][IFNAMSIZ], size_t *count,
                                   struct error *err);

/* A monitor's news that is about one of them. */
bool default_route_is(const struct route *route);

#endif
