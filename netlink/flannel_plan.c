/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flannel_plan.h"

#include <endian.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

const struct flannel_place flannel_places[FLANNEL_PLACES] = {
	{"nat", "POSTROUTING", "FLANNEL-POSTRTG", "flanneld masq"},
	{"filter", "FORWARD", "FLANNEL-FWD", "flanneld forward"},
};

static const char *family_name(uint8_t family)
{
	return family == AF_INET ? "ip" : "ip6";
}

static void put_rule(struct nft_batch *batch, uint8_t family, const struct flannel_place *place,
                     const char *chain, uint64_t handle)
{
	struct nlmsghdr *message = nft_batch_begin(batch, NFT_MSG_DELRULE, family, 0,
	                                           "flannel's rules in chain %s of table %s %s",
	                                           chain, family_name(family), place->table);

	if (!message)
		return;
	mnl_attr_put_strz(message, NFTA_RULE_TABLE, place->table);
	mnl_attr_put_strz(message, NFTA_RULE_CHAIN, chain);
	if (handle != 0)
		mnl_attr_put_u64(message, NFTA_RULE_HANDLE, htobe64(handle));
	nft_batch_finish(batch, message);
}

static void put_chain(struct nft_batch *batch, uint8_t family, const struct flannel_place *place)
{
	struct nlmsghdr *message = nft_batch_begin(batch, NFT_MSG_DELCHAIN, family, 0,
	                                           "chain %s of table %s %s", place->chain,
	                                           family_name(family), place->table);

	if (!message)
		return;
	mnl_attr_put_strz(message, NFTA_CHAIN_TABLE, place->table);
	mnl_attr_put_strz(message, NFTA_CHAIN_NAME, place->chain);
	nft_batch_finish(batch, message);
}

const char *flannel_table(uint8_t family)
{
	return family == AF_INET ? "flannel-ipv4" : "flannel-ipv6";
}

static bool leads_there(const struct flannel_place *place, const struct filter_rule *rule)
{
	return rule->target && strcmp(rule->target, place->chain) == 0;
}

bool flannel_rule_is_theirs(const struct flannel_place *place, const struct filter_rule *rule)
{
	return leads_there(place, rule) || strcmp(rule->comment, place->comment) == 0;
}

void flannel_encode_place(struct nft_batch *batch, uint8_t family,
                          const struct flannel_place *place, const struct filter_chain *base,
                          const struct filter_chain_info *chain, size_t rule_count)
{
	size_t jumps = 0;

	for (size_t i = 0; i < base->count; i++) {
		if (!flannel_rule_is_theirs(place, &base->rules[i]))
			continue;
		put_rule(batch, family, place, place->base, base->rules[i].handle);
		jumps += leads_there(place, &base->rules[i]);
	}
	if (!chain)
		return;
	if (rule_count > 0)
		put_rule(batch, family, place, place->chain, 0); /* all of it */
	/* The kernel counts its rules and what leads to it. */
	if (chain->use <= rule_count + jumps)
		put_chain(batch, family, place);
}

void flannel_encode_table(struct nft_batch *batch, uint8_t family)
{
	struct nlmsghdr *message = nft_batch_begin(batch, NFT_MSG_DELTABLE, family, 0,
	                                           "table %s %s", family_name(family),
	                                           flannel_table(family));

	if (!message)
		return;
	mnl_attr_put_strz(message, NFTA_TABLE_NAME, flannel_table(family));
	nft_batch_finish(batch, message);
}
