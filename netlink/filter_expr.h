/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a rule's expressions say, one after another: addresses that are compared, the verdict, the
 * comment that iptables-nft keeps in a match. Pure. Internal to netlink/.
 */
#ifndef NETLINK_FILTER_EXPR_H
#define NETLINK_FILTER_EXPR_H

#include <linux/netlink.h>

#include "filter_rule.h"

/*
 * Reads NFTA_RULE_EXPRESSIONS (NULL: none) of a table of the family NFPROTO_IPV4, NFPROTO_IPV6 or
 * NFPROTO_INET into *rule (zeroed before). An expression that is unknown or malformed makes the
 * rule one that picks packets out, and nobody knows how. Its target is borrowed from the message.
 */
void filter_expressions_read(const struct nlattr *expressions, uint8_t family,
                             struct filter_rule *rule);

#endif
