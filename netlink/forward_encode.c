/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "forward_encode.h"

#include <libmnl/libmnl.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "nft_expr.h"

static const char *tool(uint8_t family)
{
	return family == AF_INET ? "iptables" : "ip6tables";
}

/* The rule that the plan names by its chain and handle. */
static struct nftnl_rule *new_rule(uint8_t family, uint16_t attribute, uint64_t handle)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();

	if (!rule)
		return NULL;
	if (nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, FORWARD_TABLE) < 0 ||
	    nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, FORWARD_CHAIN) < 0) {
		nftnl_rule_free(rule);
		return NULL;
	}
	nftnl_rule_set_u32(rule, NFTNL_RULE_FAMILY, family);
	if (handle != 0)
		nftnl_rule_set_u64(rule, attribute, handle);
	return rule;
}

static bool fill(struct nftnl_rule *rule, enum forward_side side, const struct prefix *network)
{
	uint8_t family = network->addr.family;

	return nft_expr_add_address(rule, family, side == FORWARD_FROM_PODS) &&
	       (network->length == ip_bits(family) ||
	        nft_expr_add_prefix_mask(rule, family, network->length)) &&
	       nft_expr_add_compare(rule, NFT_CMP_EQ, network->addr.bytes, ip_bits(family) / 8U) &&
	       nft_expr_add(rule, "counter") && nft_expr_add_verdict(rule, NF_ACCEPT) &&
	       nft_rule_set_comment(rule, forward_comment(side));
}

static void put(struct nft_batch *batch, struct nlmsghdr *message, struct nftnl_rule *rule)
{
	if (message && rule) {
		nftnl_rule_nlmsg_build_payload(message, rule);
		nft_batch_finish(batch, message);
	}
	batch->failed = batch->failed || !rule;
	if (rule)
		nftnl_rule_free(rule);
}

static void put_deletion(struct nft_batch *batch, uint8_t family, uint64_t handle)
{
	put(batch,
	    nft_batch_begin(batch, NFT_MSG_DELRULE, family, 0, "%s: an own rule of chain FORWARD",
	                    tool(family)),
	    new_rule(family, NFTNL_RULE_HANDLE, handle));
}

static void put_addition(struct nft_batch *batch, enum forward_side side,
                         const struct prefix *network, uint64_t before)
{
	uint8_t family = network->addr.family;
	/* With a position and without NLM_F_APPEND: in front of that rule. */
	uint16_t flags = NLM_F_CREATE | (before == 0 ? NLM_F_APPEND : 0);
	struct nftnl_rule *rule = new_rule(family, NFTNL_RULE_POSITION, before);

	if (rule && !fill(rule, side, network)) {
		nftnl_rule_free(rule);
		rule = NULL;
	}
	put(batch,
	    nft_batch_begin(batch, NFT_MSG_NEWRULE, family, flags,
	                    "%s: rule \"%s\" of chain FORWARD", tool(family),
	                    forward_comment(side)),
	    rule);
}

void forward_encode(struct nft_batch *batch, uint8_t family, const struct prefix *network,
                    const struct forward_plan *plan)
{
	for (size_t i = 0; i < plan->deletion_count; i++)
		put_deletion(batch, family, plan->deletions[i]);
	for (enum forward_side side = 0; side < FORWARD_SIDES; side++)
		if (plan->additions[side])
			put_addition(batch, side, network, plan->before);
}
