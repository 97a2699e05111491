/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tells what others change on the host: routes, links, addresses of both
 * families (rtnetlink(7) multicast groups), read on the daemon's loop. Changes that
 * this daemon made through the given rtnl are left out. Implemented in
 * netlink/monitor.c.
 */
#ifndef HOSTGW_MONITOR_H
#define HOSTGW_MONITOR_H

#include <uv.h>

#include "hostgw/route.h"

struct rtnl_monitor;

struct rtnl_monitor_events {
	void *ctx;
	/* A route came, changed or went. */
	void (*route_changed)(void *ctx, const struct route *route, bool deleted);
	/* A link or an address changed in a way that may matter; read a snapshot. The kernel
	 * flushes IPv4 routes on such events without saying so: read the routes too. */
	void (*links_changed)(void *ctx);
	/* Events were lost (ENOBUFS): read everything anew. */
	void (*overrun)(void *ctx);
};

/* Joins the groups before it returns, so that a dump made afterwards misses nothing. */
int rtnl_monitor_start(uv_loop_t *loop, const struct rtnl *own,
                       const struct rtnl_monitor_events *events, struct rtnl_monitor **out,
                       struct error *err);
/* No callback comes after this; the handle closes on the loop's next turn. NULL is fine. */
void rtnl_monitor_stop(struct rtnl_monitor *monitor);

#endif
