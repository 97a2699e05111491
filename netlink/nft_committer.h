/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who made the ruleset's new generation. Pure. Internal to netlink/. */
#ifndef NETLINK_NFT_COMMITTER_H
#define NETLINK_NFT_COMMITTER_H

#include <linux/netlink.h>

#include "hostgw/nft_monitor.h"

/* Reads a NFT_MSG_NEWGEN; what it does not tell, or tells in bytes that are no name, stays empty.
 */
void nft_committer_read(const struct nlmsghdr *message, struct nft_committer *out);

#endif
