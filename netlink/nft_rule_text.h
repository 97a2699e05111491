/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A rule as text in which two rules that do the same, with the same comment, are equal. libnftnl
 * has such a text, too, but trusts what it reads and ends the process over what it does not like.
 * Pure. Internal to netlink/.
 */
#ifndef NETLINK_NFT_RULE_TEXT_H
#define NETLINK_NFT_RULE_TEXT_H

#include <linux/netlink.h>
#include <stdbool.h>

/* More than any rule of ours takes. */
#define NFT_RULE_TEXT_MAX 4096

/*
 * Reads a NFT_MSG_NEWRULE. Left out are the rule's number and place, what its counters counted, and
 * the transaction's numbers of sets. False: malformed, longer than any rule of ours, or made of
 * expressions that no rule of ours has.
 */
bool nft_rule_print(const struct nlmsghdr *message, char text[static NFT_RULE_TEXT_MAX]);

#endif
