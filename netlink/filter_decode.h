/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads rules and chains of nf_tables from what the kernel sends, in the forms in which
 * iptables-nft and nft write them. Pure. Internal to netlink/.
 */
#ifndef NETLINK_FILTER_DECODE_H
#define NETLINK_FILTER_DECODE_H

#include <linux/netlink.h>

#include "filter_rule.h"

/* Where a rule or a chain is. */
struct filter_place {
	uint8_t family; /* NFPROTO_IPV4, NFPROTO_IPV6, NFPROTO_INET, ... */
	char table[FILTER_NAME_MAX];
	char chain[FILTER_NAME_MAX];
};

struct filter_chain_info {
	struct filter_place place;
	bool forward;  /* a base chain on the forward hook */
	bool dropping; /* its policy */
	uint32_t use;  /* its rules and the jumps to it */
};

/* An NFT_MSG_NEWRULE or NFT_MSG_NEWCHAIN. 1, 0 if it is another message, -EBADMSG if malformed.
 * What is unknown in a rule makes it one that picks packets out; the name of its target is borrowed
 * from the message. */
int filter_rule_decode(const struct nlmsghdr *message, struct filter_place *place,
                       struct filter_rule *out);
int filter_chain_decode(const struct nlmsghdr *message, struct filter_chain_info *out);

/* An NFT_MSG_NEWTABLE: is the table switched off? The same results. */
int filter_table_decode(const struct nlmsghdr *message, bool *dormant);

#endif
