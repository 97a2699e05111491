/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which nexthop objects large tables go through. Pure: desired routes and what
 * the kernel has -> numbers for the routes, and the changes to the objects. Numbers are kept over
 * restarts by finding the objects of an earlier life again; a new address of a node is
 * one replace of its object.
 */
#ifndef DAEMON_NEXTHOP_PLAN_H
#define DAEMON_NEXTHOP_PLAN_H

#include "hostgw/nexthop.h"
#include "hostgw/route.h"

/* auto: on from so many distinct IPv4 next hops, off again below so many. */
#define NEXTHOP_AUTO_ON  512
#define NEXTHOP_AUTO_OFF 256

enum nexthop_mode { NEXTHOP_AUTO, NEXTHOP_ALWAYS, NEXTHOP_NEVER };

struct nexthop_plan_input {
	const struct route *desired; /* sorted by route_compare_key; nexthop_id is 0 in all */
	size_t desired_count;
	const struct route *observed; /* the kernel's, sorted by route_compare_key */
	size_t observed_count;
	const struct nexthop *nexthops; /* the kernel's, all of them, sorted by id */
	size_t nexthop_count;
	enum nexthop_mode mode;
	bool supported; /* by the kernel */
	bool in_use; /* as of the last plan; at the first: whether observed routes of ours use them
	              */
	uint8_t protocol; /* ours: marks nexthops and routes */
	bool may_delete;  /* the node list was complete */
};

struct nexthop_plan {
	bool in_use;
	struct route *routes; /* the desired ones, in their order, with their nexthop_id */
	size_t route_count;
	/* Before the routes: adds and replaces. */
	struct nexthop_change *changes;
	size_t change_count;
	/* Objects of ours that neither a desired nor any observed route refers to: may go after the
	 * routes, as deleting one takes its routes along. */
	struct nexthop_change *removals;
	size_t removal_count;
	/* Objects of ours that are not wanted but that observed routes, all of them ours, still
	 * refer to: once those are moved, a further plan removes them. Of an incomplete list there
	 * are none, as there are no removals. */
	struct nexthop_change *waiting;
	size_t waiting_count;
};

/* -ENOMEM leaves *out empty. */
int nexthop_plan_make(const struct nexthop_plan_input *input, struct nexthop_plan *out,
                      struct error *err);
void nexthop_plan_free(struct nexthop_plan *plan);

#endif
