/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Routes of the kernel: dump them, change many in one go, each change with its
 * own acknowledgement (rtnetlink(7): RTM_GETROUTE, RTM_NEWROUTE, RTM_DELROUTE).
 * This header is the seam that unit tests replace by a recording fake.
 * Implemented in netlink/route.c.
 */
#ifndef HOSTGW_ROUTE_H
#define HOSTGW_ROUTE_H

#include <linux/rtnetlink.h>
#include <stdbool.h>

#include "hostgw/prefix.h"
#include "hostgw/rtnl.h"

#define ROUTE_PROTOCOL_HOSTGW 72 /* "hostgw" in rt_protos.d */

/* The kernel numbers an IPv6 route that asks for metric 0 as 1024: always say it. */
#define ROUTE_METRIC_IPV4 0
#define ROUTE_METRIC_IPV6 1024
#define ROUTE_METRIC_LAST UINT32_MAX /* loses against every other route */

struct route {
	struct prefix dst;
	struct ip_addr via; /* family 0: none (blackhole, connected) */
	int oif;            /* interface index; 0: none; of several next hops, the first one's */
	uint32_t table;     /* RT_TABLE_MAIN or a number of one's own */
	uint32_t metric;
	uint8_t protocol; /* RTPROT_* or ROUTE_PROTOCOL_HOSTGW */
	uint8_t type;     /* RTN_UNICAST, RTN_BLACKHOLE, ... */
	uint8_t tos;
	/* RTA_NH_ID; 0: none. Written, it stands for gateway and interface; read, such a route has
	 * neither: they are the nexthop object's (hostgw/nexthop.h). */
	uint32_t nexthop_id;
	/* Read from the kernel only: has what we never set (several next hops, encapsulation,
	 * a preferred source, metrics), so it is not one of our making even if the rest agrees. */
	bool foreign_attributes;
};

typedef void (*route_visit_fn)(void *ctx, const struct route *route);

/*
 * Visits every route of `family` (AF_INET or AF_INET6) in `table` (0: all tables), cloned (cache)
 * routes excepted. Fails unless the dump was whole: NLMSG_DONE without error; one that
 * the kernel marks as interrupted is repeated a few times first, so visit may see routes
 * again: `restart` tells that everything visited so far is void.
 */
int route_dump(struct rtnl *rtnl, uint8_t family, uint32_t table, route_visit_fn visit,
               void (*restart)(void *ctx), void *ctx, struct error *err);

enum route_verb {
	ROUTE_ADD,     /* CREATE|EXCL: -EEXIST if the key is taken */
	ROUTE_REPLACE, /* REPLACE in place: only over a route just seen to be ours or flannel's */
	ROUTE_DELETE,  /* names protocol, table, metric, gateway and interface */
};

struct route_change {
	enum route_verb verb;
	struct route route;
	int result;   /* set by route_apply: 0, negative errno, or -EINPROGRESS: no answer came */
	char *detail; /* set by route_apply: the kernel's own words (extended ACK), owned; or NULL
	               */
};

/*
 * Sends all changes in few large messages and matches every acknowledgement by its
 * sequence number. 0: each change has its result (which may be a failure: one
 * bad route never holds back the others). Negative: the socket failed, or (-ENOBUFS) some
 * answers were lost; changes without an answer keep -EINPROGRESS and may have been carried
 * out: read the routes anew.
 */
int route_apply(struct rtnl *rtnl, struct route_change *changes, size_t count, struct error *err);

/* Frees what route_apply attached to the changes, not the array. */
void route_changes_release(struct route_change *changes, size_t count);

/* Which interface the kernel would use to reach `addr` (`ip route get`). */
int route_lookup(struct rtnl *rtnl, const struct ip_addr *addr, int *oif, struct error *err);

#endif
