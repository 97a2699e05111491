/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel has of routes and nexthop objects, as far as it concerns us:
 * those of our protocol in any table, and whatever leads into the Network. Read by dumps, kept up
 * by the monitor, read again whenever that may have missed something.
 */
#ifndef DAEMON_OBSERVED_H
#define DAEMON_OBSERVED_H

#include "route_view.h"

struct observed {
	struct rtnl *rtnl; /* borrowed */
	uint8_t protocol;  /* ours */
	struct prefix networks[IP_FAMILIES];

	struct route_view *routes;
	struct nexthop *nexthops; /* sorted by id */
	size_t nexthop_count, nexthop_room;
	bool nexthops_supported; /* by the kernel */
	bool nexthops_stale;
	bool failed;    /* in the dump under way: no memory */
	uint64_t dumps; /* of routes, so far */
};

/* Reads nothing yet. `networks` as in struct rtnl_monitor_config. */
int observed_open(struct observed *observed, struct rtnl *rtnl, uint8_t protocol,
                  const struct prefix networks[IP_FAMILIES], struct error *err);
void observed_close(struct observed *observed); /* zeros are fine */

/* What the monitor tells. True: it may matter to what is desired, so a round is due. */
bool observed_note_route(struct observed *observed, const struct route *route,
                         enum route_event event);
bool observed_note_nexthop(struct observed *observed, const struct nexthop *nexthop);
/* What an own batch came to. */
void observed_note_change(struct observed *observed, const struct route_change *change);
void observed_note_nexthops_changed(struct observed *observed);
/* Something may have been missed. */
void observed_distrust(struct observed *observed);

/* Brings it up to date. Negative: a dump failed, so nothing is known for certain and nothing may
 * be deleted; the next call reads again. */
int observed_refresh(struct observed *observed, struct error *err);

#endif
