/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel's routes and nexthop objects for tests of what is built on hostgw/route.h and
 * hostgw/nexthop.h: it takes the place of netlink/route.c and netlink/nexthop.c at link time, keeps
 * the rules of the real one (EXCL, REPLACE, exact delete, routes that go with their nexthop),
 * records what it was asked, and fails when told to.
 */
#ifndef TESTS_UNIT_FAKE_KERNEL_H
#define TESTS_UNIT_FAKE_KERNEL_H

#include "hostgw/nexthop.h"
#include "hostgw/route.h"

#define FAKE_ROUTES_MAX 4096

struct rtnl {
	struct route table[FAKE_ROUTES_MAX];
	size_t count;
	struct nexthop nexthops[FAKE_ROUTES_MAX];
	size_t nexthop_count;

	struct route_change asked[FAKE_ROUTES_MAX]; /* all changes, in order */
	size_t asked_count;
	size_t nexthops_asked; /* changes of nexthop objects */
	size_t dumps;          /* of routes, one a family */
	bool no_nexthops;      /* as kernels before 5.3 */

	int dump_fails;       /* negative errno for route_dump, after half of the routes */
	int apply_fails;      /* negative errno for a batch: half of its routes are done unsaid */
	bool restart_dumps;   /* each dump begins again once, in its middle */
	struct prefix refuse; /* changes of this destination get refuse_with */
	int refuse_with;
	/* Called in the middle of each dump of routes and before each batch; NULL: nothing. What it
	 * takes out of the table there may hide another route from the dump, as in real kernels. */
	void (*meanwhile)(void *ctx);
	void *meanwhile_ctx;
	struct route sneak_in; /* appears after the dump, before the changes (dst.family != 0) */
};

void fake_routes_put(struct rtnl *fake, const struct route *route);
/* The route of that key; NULL: none. */
const struct route *fake_routes_find(const struct rtnl *fake, const struct prefix *dst,
                                     uint32_t metric);
/* The object of that number; NULL: none. */
const struct nexthop *fake_nexthops_find(const struct rtnl *fake, uint32_t id);

#endif
