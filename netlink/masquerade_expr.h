/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One rule of the ruleset as a libnftnl rule: its matches, counter, verdict and comment.
 * Internal to netlink/.
 */
#ifndef NETLINK_MASQUERADE_EXPR_H
#define NETLINK_MASQUERADE_EXPR_H

#include <libnftnl/rule.h>

#include "masquerade_rules.h"

/* A set's number within the transaction: a rule may name a set that is made with it. */
uint32_t masquerade_set_id(enum ip_family_index family, enum masquerade_set set);

/* NULL: no memory. nftnl_rule_free. */
struct nftnl_rule *masquerade_rule_new(const struct masquerade_entry *entry, bool fully_random);

#endif
