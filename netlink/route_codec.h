/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * struct route <-> rtnetlink message. Pure: no I/O, no allocation. Internal to netlink/.
 */
#ifndef NETLINK_ROUTE_CODEC_H
#define NETLINK_ROUTE_CODEC_H

#include "hostgw/route.h"

/* More than the longest request takes. */
#define ROUTE_REQUEST_MAX 256

/*
 * Writes the request for one change; `buffer` is aligned for struct nlmsghdr. Its length,
 * -ENOSPC: no room, -EINVAL: the route is none (no prefix, a gateway of another family).
 */
int route_encode(enum route_verb verb, const struct route *route, void *buffer, size_t room);

/* Writes the request that asks for the routes of a family and table (0: all tables). */
void route_encode_dump(uint8_t family, uint32_t table,
                       unsigned char buffer[static ROUTE_REQUEST_MAX]);

/* Writes the question for the route to one address. */
void route_encode_lookup(const struct ip_addr *addr,
                         unsigned char buffer[static ROUTE_REQUEST_MAX]);

/*
 * Reads RTM_NEWROUTE or RTM_DELROUTE. 1: *out is filled; 0: a route that nobody here
 * looks at (a cached clone, another family); -EBADMSG: malformed.
 */
int route_decode(const struct nlmsghdr *message, struct route *out);

/* The interface in the answer to a lookup; -EBADMSG: malformed or none. */
int route_decode_oif(const struct nlmsghdr *message);

#endif
