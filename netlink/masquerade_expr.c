/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "masquerade_expr.h"

#include <libnftnl/expr.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>

#include "nft_expr.h"

static bool add_mark(struct nftnl_rule *rule)
{
	uint32_t mark = MASQUERADE_KUBE_MARK;

	return nft_expr_add_meta(rule, NFT_META_MARK) &&
	       nft_expr_add_mask(rule, &mark, sizeof(mark)) &&
	       nft_expr_add_compare(rule, NFT_CMP_EQ, &mark, sizeof(mark));
}

/* In an inet table a rule must ask for the IP version before it looks into the header. */
static bool add_family(struct nftnl_rule *rule, enum ip_family_index family)
{
	uint8_t protocol = family == IP_V4 ? NFPROTO_IPV4 : NFPROTO_IPV6;

	return nft_expr_add_meta(rule, NFT_META_NFPROTO) &&
	       nft_expr_add_compare(rule, NFT_CMP_EQ, &protocol, sizeof(protocol));
}

static bool add_lookup(struct nftnl_rule *rule, enum ip_family_index family,
                       enum masquerade_set set, uint32_t flags)
{
	struct nftnl_expr *expr = nft_expr_add(rule, "lookup");

	if (!expr ||
	    nftnl_expr_set_str(expr, NFTNL_EXPR_LOOKUP_SET, masquerade_set_name(family, set)) < 0)
		return false;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_SET_ID, masquerade_set_id(family, set));
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_FLAGS, flags);
	return true;
}

static bool add_not_multicast(struct nftnl_rule *rule, enum ip_family_index family)
{
	struct prefix multicast = masquerade_multicast(family);
	uint8_t bytes = ip_bits(ip_family(family)) / 8;

	return nft_expr_add_prefix_mask(rule, ip_family(family), multicast.length) &&
	       nft_expr_add_compare(rule, NFT_CMP_NEQ, multicast.addr.bytes, bytes);
}

static bool add_side(struct nftnl_rule *rule, const struct masquerade_side *side,
                     enum ip_family_index family, bool source)
{
	switch (side->match) {
	case MASQUERADE_ANY:
		return true;
	case MASQUERADE_IN_SET:
		return nft_expr_add_address(rule, ip_family(family), source) &&
		       add_lookup(rule, family, side->set, 0);
	case MASQUERADE_NOT_IN_SET:
		return nft_expr_add_address(rule, ip_family(family), source) &&
		       add_lookup(rule, family, side->set, NFT_LOOKUP_F_INV);
	case MASQUERADE_NOT_MULTICAST:
		return nft_expr_add_address(rule, ip_family(family), source) &&
		       add_not_multicast(rule, family);
	}
	return false;
}

static bool add_verdict(struct nftnl_rule *rule, enum masquerade_verdict verdict, bool random)
{
	struct nftnl_expr *expr;

	switch (verdict) {
	case MASQUERADE_RETURN:
		return nft_expr_add_verdict(rule, NFT_RETURN);
	case MASQUERADE_ACCEPT:
		return nft_expr_add_verdict(rule, NF_ACCEPT);
	case MASQUERADE_MASQUERADE:
		expr = nft_expr_add(rule, "masq");
		if (expr && random)
			nftnl_expr_set_u32(expr, NFTNL_EXPR_MASQ_FLAGS,
			                   NF_NAT_RANGE_PROTO_RANDOM_FULLY);
		return expr != NULL;
	}
	return false;
}

static bool fill(struct nftnl_rule *rule, const struct masquerade_entry *entry, bool fully_random)
{
	const struct masquerade_rule *what = entry->rule;
	bool matches = what->marked
	                       ? add_mark(rule)
	                       : add_family(rule, entry->family) &&
	                                 add_side(rule, &what->source, entry->family, true) &&
	                                 add_side(rule, &what->destination, entry->family, false);

	nftnl_rule_set_u32(rule, NFTNL_RULE_FAMILY, NFPROTO_INET);
	return matches && nft_expr_add(rule, "counter") &&
	       add_verdict(rule, what->verdict, fully_random) &&
	       nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, MASQUERADE_TABLE) == 0 &&
	       nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN,
	                          masquerade_chain_spec(what->chain)->name) == 0 &&
	       nft_rule_set_comment(rule, what->comment);
}

uint32_t masquerade_set_id(enum ip_family_index family, enum masquerade_set set)
{
	return (uint32_t)family * MASQUERADE_SETS + (uint32_t)set + 1;
}

struct nftnl_rule *masquerade_rule_new(const struct masquerade_entry *entry, bool fully_random)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();

	if (rule && fill(rule, entry, fully_random))
		return rule;
	if (rule)
		nftnl_rule_free(rule);
	return NULL;
}
