/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Others' routes into the Network, by what may take them along: the kernel removes IPv4 routes
 * with their link, and all routes with their nexthop object, and tells of that alone. Pure.
 */
#ifndef DAEMON_BYSTANDERS_H
#define DAEMON_BYSTANDERS_H

#include "hostgw/route.h"

#define BYSTANDER_ANY_LINK (-1)

struct bystander {
	int oif;             /* 0: none; BYSTANDER_ANY_LINK: not known */
	uint32_t nexthop_id; /* 0: none */
};

/* Zeros are none. */
struct bystanders {
	struct bystander *items;
	size_t count, room;
	bool unknown; /* no memory: whatever goes may take one along */
};

/* Those of the routes that are not of protocol `ours`, or are but go through a nexthop object of
 * others; none to a part of this node's own pod CIDRs
 * (family 0: none), where nothing of ours can be in conflict: plugins make one a pod there. */
void bystanders_note(struct bystanders *bystanders, const struct route *routes, size_t count,
                     uint8_t ours, const struct prefix own[IP_FAMILIES]);
void bystanders_free(struct bystanders *bystanders);

bool bystanders_use_link(const struct bystanders *bystanders, int index);
bool bystanders_use_nexthop(const struct bystanders *bystanders, uint32_t id);

#endif
