/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts that rules are made of, as libnftnl expressions over one register. Each returns false
 * where there is no memory. Internal to netlink/.
 */
#ifndef NETLINK_NFT_EXPR_H
#define NETLINK_NFT_EXPR_H

#include <libnftnl/rule.h>

#include "hostgw/prefix.h"

/* Adds an empty expression to the rule. NULL: no memory. */
struct nftnl_expr *nft_expr_add(struct nftnl_rule *rule, const char *name);

/* What goes into the register: packet metadata (NFT_META_*), or an address of the header. */
bool nft_expr_add_meta(struct nftnl_rule *rule, uint32_t key);
bool nft_expr_add_address(struct nftnl_rule *rule, uint8_t family, bool source);

/* Keeps only the bits of `mask`. */
bool nft_expr_add_mask(struct nftnl_rule *rule, const void *mask, uint32_t length);
/* Keeps only the first `bits` of an address. */
bool nft_expr_add_prefix_mask(struct nftnl_rule *rule, uint8_t family, uint8_t bits);

/* `op`: NFT_CMP_*. */
bool nft_expr_add_compare(struct nftnl_rule *rule, uint32_t op, const void *data, uint32_t length);

/* NF_ACCEPT, NFT_RETURN and the like. */
bool nft_expr_add_verdict(struct nftnl_rule *rule, int verdict);

/* nft, and iptables-save, print what they find here as a comment. */
bool nft_rule_set_comment(struct nftnl_rule *rule, const char *comment);

#endif
