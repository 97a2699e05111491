/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connection tracking entries <-> ctnetlink messages. Pure: no I/O, no allocation. Internal to
 * netlink/.
 */
#ifndef NETLINK_CONNTRACK_CODEC_H
#define NETLINK_CONNTRACK_CODEC_H

#include <linux/netlink.h>

#include "hostgw/prefix.h"

/* A tuple of IPv6 addresses, every attribute of a protocol and a zone takes less than 100. */
#define CONNTRACK_TUPLE_MAX 192
/* More than the longest request takes. */
#define CONNTRACK_REQUEST_MAX 256

struct conntrack_entry {
	struct ip_addr source;      /* who began the flow */
	struct ip_addr destination; /* who answers: after DNAT, if there is any */
	struct ip_addr answered_to; /* where answers go: the source, unless SNAT rewrote it */
	/* What names the entry to the kernel, as the kernel sent it. The zone is one of both
	 * directions; one of a single direction is in the tuple. */
	uint32_t id;
	uint16_t zone;
	bool has_zone;
	unsigned char tuple[CONNTRACK_TUPLE_MAX];
	uint16_t tuple_length;
};

/* Writes the request for the entries of a family, or of all (AF_UNSPEC), without SNAT, as far as
 * the kernel can tell them from others. */
void conntrack_encode_dump(uint8_t family, unsigned char buffer[static CONNTRACK_REQUEST_MAX]);

/* Reads IPCTNL_MSG_CT_NEW. 1: *out is filled; 0: of another family or without one of its three
 * names; -EBADMSG: malformed. */
int conntrack_decode(const struct nlmsghdr *message, struct conntrack_entry *out);

/* Writes the request that deletes this very entry, not a later one of the same tuple. `buffer` is
 * aligned for struct nlmsghdr. Its length, or -ENOSPC: no room. */
int conntrack_encode_delete(const struct conntrack_entry *entry, void *buffer, size_t room);

#endif
