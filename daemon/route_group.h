/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The known routes of one key (as of route_compare_key), and what news of them mean: the rules by
 * which route_view.c follows the kernel. Pure.
 */
#ifndef DAEMON_ROUTE_GROUP_H
#define DAEMON_ROUTE_GROUP_H

#include <stddef.h>

#include "hostgw/monitor.h"

/* An event, or an own change that the kernel made, in the terms of one. */
struct route_news {
	struct route route;
	enum route_event event;
	uint32_t order; /* of the telling: for who sorts */
	bool own;
};

struct route_group {
	struct route *routes; /* in no order; with room for one more a piece of news */
	size_t count;
};

/* Takes news of this key in their order. False: they have more than one meaning, or contradict
 * what was known; the group is of no use then. */
bool route_group_take(struct route_group *group, const struct route_news *news, size_t count);

#endif
