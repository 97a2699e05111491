/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tells what others change on the host: routes, nexthop objects, links,
 * addresses of both families (rtnetlink(7) multicast groups), read on the daemon's loop. Changes
 * that this daemon made through the given rtnl, and routes to destinations that do not concern
 * it, end in a filter inside the kernel (socket(7), SO_ATTACH_FILTER), so that they do not even
 * wake it. Implemented in netlink/monitor.c.
 */
#ifndef HOSTGW_MONITOR_H
#define HOSTGW_MONITOR_H

#include <uv.h>

#include "hostgw/link.h"
#include "hostgw/nexthop.h"
#include "hostgw/route.h"

struct rtnl_monitor;

enum route_event {
	ROUTE_CAME,     /* beside what is there */
	ROUTE_REPLACED, /* in the place of another of the same key (NLM_F_REPLACE) */
	ROUTE_WENT,
};

struct rtnl_monitor_events {
	void *ctx;
	void (*route_changed)(void *ctx, const struct route *route, enum route_event event);
	/* A nexthop object came, changed or went. The kernel takes the routes that referred to one
	 * that went along, IPv4 ones without saying so: read the routes too. */
	void (*nexthop_changed)(void *ctx, const struct nexthop *nexthop, bool deleted);
	/* A link, or with `address` (else NULL) that address of it, changed in a way that may
	 * matter: read a snapshot. `lost`: it went, or down, or lost the address, on which the
	 * kernel flushes IPv4 routes, and nexthop objects with their routes, without saying so: if
	 * it is the link that ours lead over, read those too. (A new master does the same; the
	 * snapshot shows it.) */
	void (*link_changed)(void *ctx, int index, bool lost, const struct link_address *address);
	/* Events were lost (ENOBUFS): read everything anew. */
	void (*overrun)(void *ctx);
};

struct rtnl_monitor_config {
	uv_loop_t *loop;
	const struct rtnl *own;
	/* Routes are told of if they lead into one of these (family 0: none of that family) or are
	 * default routes, and are in any table but local, which the kernel keeps itself. Filtered
	 * by destination, never by protocol: a foreign route in the place of one of ours must be
	 * seen. */
	struct prefix networks[IP_FAMILIES];
	struct rtnl_monitor_events events;
};

/* Joins the groups before it returns, so that a dump made afterwards misses nothing. */
int rtnl_monitor_start(const struct rtnl_monitor_config *config, struct rtnl_monitor **out,
                       struct error *err);
/* Calls back for all that waits, without waiting for the loop: what was heard of is up to date
 * then. Not from within a callback. NULL is fine. */
void rtnl_monitor_drain(struct rtnl_monitor *monitor);
/* No callback comes after this; the handle closes on the loop's next turn. NULL is fine. */
void rtnl_monitor_stop(struct rtnl_monitor *monitor);

#endif
