/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nexthop objects of the kernel (rtnetlink RTM_NEWNEXTHOP, Linux 5.3): a gateway and an
 * interface under a number that routes refer to. IPv4 routes with thousands of gateways over
 * one device are slow to add without them. This header is a part of the seam that unit tests
 * replace by a recording fake. Implemented in netlink/nexthop.c.
 */
#ifndef HOSTGW_NEXTHOP_H
#define HOSTGW_NEXTHOP_H

#include <stdbool.h>

#include "hostgw/prefix.h"
#include "hostgw/rtnl.h"

/* Numbers of ours: 0x48 is route protocol 72. Others may use any number, also one of these. */
#define NEXTHOP_ID_FIRST 0x48000000U
#define NEXTHOP_ID_LAST  0x48ffffffU

struct nexthop {
	uint32_t id;
	struct ip_addr via; /* family 0: none */
	int oif;            /* interface index; 0: none */
	uint8_t protocol;
	uint32_t member; /* of a group: an object in it; a dump visits a group once for each. 0: none */
	/* Read from the kernel only: has what we never set (a group, a blackhole, fdb, an
	 * encapsulation, onlink) or no gateway, so it is not of our making. */
	bool foreign_attributes;
};

typedef void (*nexthop_visit_fn)(void *ctx, const struct nexthop *nexthop);

/* As route_dump, for all nexthop objects. -EOPNOTSUPP: the kernel has none. */
int nexthop_dump(struct rtnl *rtnl, nexthop_visit_fn visit, void (*restart)(void *ctx), void *ctx,
                 struct error *err);

/* The kernel knows an object by its number alone, whoever made it: replace and delete only what
 * was just seen to be ours. */
enum nexthop_verb {
	NEXTHOP_ADD,     /* CREATE|EXCL: -EEXIST if the number is taken */
	NEXTHOP_REPLACE, /* in place: routes that refer to it follow at once; -ENOENT: it went */
	NEXTHOP_DELETE,  /* the kernel takes all routes that refer to it along; -ENOENT: it went */
};

struct nexthop_change {
	enum nexthop_verb verb;
	struct nexthop nexthop;
	int result;   /* as in struct route_change */
	char *detail; /* as in struct route_change */
};

/* As route_apply. */
int nexthop_apply(struct rtnl *rtnl, struct nexthop_change *changes, size_t count,
                  struct error *err);
void nexthop_changes_release(struct nexthop_change *changes, size_t count);

#endif
