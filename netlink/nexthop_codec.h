/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * struct nexthop <-> rtnetlink message. Pure: no I/O, no allocation. Internal to netlink/.
 */
#ifndef NETLINK_NEXTHOP_CODEC_H
#define NETLINK_NEXTHOP_CODEC_H

#include <linux/netlink.h>

#include "hostgw/nexthop.h"

/* More than the longest request takes. */
#define NEXTHOP_REQUEST_MAX 128

/* As route_encode. -EINVAL: the object is none (no number, no gateway, no interface). */
int nexthop_encode(enum nexthop_verb verb, const struct nexthop *nexthop, void *buffer,
                   size_t room);

/* Writes the request that asks for all of them. */
void nexthop_encode_dump(unsigned char buffer[static NEXTHOP_REQUEST_MAX]);

/* Reads RTM_NEWNEXTHOP or RTM_DELNEXTHOP. 1: *out is filled; -EBADMSG: malformed. */
int nexthop_decode(const struct nlmsghdr *message, struct nexthop *out);

#endif
