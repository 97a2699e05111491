/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `hostgwd cleanup`: which routes and nexthop objects go. Choosing is apart from reading and
 * removing, so that it can be tested without a kernel.
 */
#ifndef DAEMON_CLEANUP_ROUTES_H
#define DAEMON_CLEANUP_ROUTES_H

#include "hostgw/nexthop.h"
#include "hostgw/route.h"

struct cleanup_scope {
	uint8_t protocol; /* of our routes and objects */
	bool flannel;     /* flannel's leftovers too: `proto boot`, by a gateway into the Network */
	struct prefix network[IP_FAMILIES]; /* family 0: not used */
};

/* All that the kernel has, or what of it is to go. Zeros are an empty one. */
struct cleanup_finds {
	struct route *routes; /* owned */
	size_t route_count, route_room;
	struct nexthop *nexthops; /* owned */
	size_t nexthop_count, nexthop_room;
	bool no_memory; /* something is missing */
};

void cleanup_finds_release(struct cleanup_finds *finds);

void cleanup_add_route(struct cleanup_finds *finds, const struct route *route);
void cleanup_add_nexthop(struct cleanup_finds *finds, const struct nexthop *nexthop);

/* Dumps the routes of all tables and all nexthop objects; on failure *out is empty. */
int cleanup_read(struct rtnl *rtnl, struct cleanup_finds *out, struct error *err);

/*
 * Of `all`, what is to go: ours in all tables, and in the main one flannel's if that is asked for.
 * An object of ours through which another's route or group leads stays, as the kernel would take
 * that along; `kept` gets it.
 */
void cleanup_choose(const struct cleanup_finds *all, const struct cleanup_scope *scope,
                    struct cleanup_finds *gone, struct cleanup_finds *kept);

#endif
