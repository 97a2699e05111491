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

/*
 * Writes the request for one change; `buffer` is aligned for struct nlmsghdr. Its length,
 * -ENOSPC: no room, -EINVAL: it has no number, or (but for a delete) no gateway or no interface.
 */
int nexthop_encode(enum nexthop_verb verb, const struct nexthop *nexthop, void *buffer,
                   size_t room);

/* Writes the request that asks for all nexthop objects. */
void nexthop_encode_dump(unsigned char buffer[static NEXTHOP_REQUEST_MAX]);

/* Reads RTM_NEWNEXTHOP or RTM_DELNEXTHOP. 0: *out is filled; -EBADMSG: malformed. */
int nexthop_decode(const struct nlmsghdr *message, struct nexthop *out);

/* The number of a group's member; 0: it is no group, or has not so many. */
uint32_t nexthop_decode_member(const struct nlmsghdr *message, size_t index);

#endif
