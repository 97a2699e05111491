/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rtnetlink messages -> struct link, struct link_address. Pure. Internal to netlink/.
 */
#ifndef NETLINK_LINK_CODEC_H
#define NETLINK_LINK_CODEC_H

#include <linux/netlink.h>

#include "hostgw/link.h"

/* Both: 1: *out is filled; 0: of no concern (another family, no address); -EBADMSG: malformed. */
int link_decode(const struct nlmsghdr *message, struct link *out);
int link_address_decode(const struct nlmsghdr *message, struct link_address *out);

#endif
