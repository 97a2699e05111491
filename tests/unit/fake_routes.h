/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel's routing table for tests of what is built on hostgw/route.h: it
 * takes the place of netlink/route.c at link time, keeps the rules of the real one
 * (EXCL, REPLACE, exact delete), records what it was asked, and fails when told to.
 */
#ifndef TESTS_UNIT_FAKE_ROUTES_H
#define TESTS_UNIT_FAKE_ROUTES_H

#include "hostgw/route.h"

#define FAKE_ROUTES_MAX 64

struct rtnl {
	struct route table[FAKE_ROUTES_MAX];
	size_t count;

	struct route_change asked[FAKE_ROUTES_MAX]; /* all changes, in order */
	size_t asked_count;
	size_t dumps;

	int dump_fails;       /* negative errno for route_dump, after half of the routes */
	int apply_fails;      /* negative errno for route_apply as a whole */
	bool restart_dumps;   /* each dump begins again once, in its middle */
	struct prefix refuse; /* changes of this destination get refuse_with */
	int refuse_with;
	struct route sneak_in; /* appears after the dump, before the changes (dst.family != 0) */
};

void fake_routes_put(struct rtnl *fake, const struct route *route);
/* The route of that key; NULL: none. */
const struct route *fake_routes_find(const struct rtnl *fake, const struct prefix *dst,
                                     uint32_t metric);

#endif
