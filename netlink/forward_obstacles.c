/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hostgw/forward_obstacles.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <string.h>

#include "filter_read.h"
#include "forward_encode.h"
#include "forward_obstacle.h"
#include "hostgw/masquerade.h"
#include "legacy_table.h"

struct search {
	struct nft *nft;
	const struct prefix *network; /* of one family */
	void (*complain)(void *ctx, const struct error *obstacle);
	void *ctx;
};

static bool is_own(const struct filter_place *place)
{
	return place->family == NFPROTO_INET && strcmp(place->table, MASQUERADE_TABLE) == 0;
}

static bool is_iptables(const struct filter_place *place)
{
	return place->family != NFPROTO_INET && strcmp(place->table, FORWARD_TABLE) == 0 &&
	       strcmp(place->chain, FORWARD_CHAIN) == 0;
}

/* Does the chain see packets of the family? */
static bool sees(const struct filter_place *place, uint8_t family)
{
	return place->family == NFPROTO_INET ||
	       place->family == (family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6);
}

/* What forward_rules_apply will put right is none, also before it has run for the first time. */
static int foresee_ours(const struct search *search, const struct filter_chain_info *base,
                        const struct filter_source *source, struct filter_chain *rules,
                        struct error *err)
{
	struct forward_chain chain = {.family = base->place.family,
	                              .dropping = base->dropping,
	                              .rules = *rules}; /* borrowed */
	struct forward_plan plan;
	int result = forward_plan_make(&chain, search->network, source, &plan, err);

	if (result == 0 && forward_plan_foresee(&plan, search->network, rules) < 0)
		result = error_set(err, ENOMEM, "no memory for the rules of chain FORWARD");
	forward_plan_release(&plan);
	return result;
}

static int judge_base(const struct search *search, const struct filter_chain_info *base,
                      struct forward_obstacle *out, struct error *err)
{
	const struct filter_place *place = &base->place;
	struct filter_table table = {search->nft, place->family, place->table};
	struct filter_source source = filter_table_source(&table);
	struct filter_chain rules = {0};
	int result = filter_chain_read(&table, place->chain, &rules, err);

	if (result == 0 && is_iptables(place))
		result = foresee_ours(search, base, &source, &rules, err);
	if (result == 0)
		result = forward_obstacle_judge(&rules, base->dropping, search->network, &source,
		                                out, err);
	filter_chain_release(&rules);
	return result;
}

static int look_at_base(const struct search *search, const struct filter_chain_info *base,
                        struct error *err)
{
	const struct filter_place *place = &base->place;
	struct forward_obstacle obstacle;
	struct error words;
	int result = judge_base(search, base, &obstacle, err);

	if (result < 0 || !forward_obstacle_is_one(&obstacle))
		return result;
	if (is_iptables(place))
		forward_obstacle_explain_iptables(&obstacle, search->network, &words);
	else
		forward_obstacle_explain(&obstacle, place->family, place->table, place->chain,
		                         search->network, &words);
	search->complain(search->ctx, &words);
	return 0;
}

static int look_at_legacy(const struct search *search, struct error *err)
{
	uint8_t family = search->network->addr.family;
	struct forward_obstacle obstacle = {0};
	const struct legacy_chain *forward;
	struct legacy_table table = {0};
	struct filter_source source;
	struct error words;
	int result = legacy_table_is_used(legacy_table_names(family), FORWARD_TABLE, err);

	if (result <= 0)
		return result;
	result = legacy_table_read(family, FORWARD_TABLE, &table, err);
	forward = legacy_table_find(&table, FORWARD_CHAIN);
	source = legacy_table_source(&table);
	if (result == 0 && forward)
		result = forward_obstacle_judge(&forward->rules, false, search->network, &source,
		                                &obstacle, err);
	if (result == 0 && forward_obstacle_is_one(&obstacle)) {
		/* Its policy is its last rule. */
		if (obstacle.rule == forward->rules.count)
			obstacle.rule = 0;
		forward_obstacle_explain_legacy(&obstacle, search->network, &words);
		search->complain(search->ctx, &words);
	}
	legacy_table_release(&table);
	return result;
}

int forward_obstacles_find(struct nft *nft, const struct prefix network[IP_FAMILIES],
                           void (*complain)(void *ctx, const struct error *obstacle), void *ctx,
                           struct error *err)
{
	struct filter_bases bases;
	int result = filter_bases_read(nft, &bases, err);

	for (int i = 0; result == 0 && i < IP_FAMILIES; i++) {
		const struct search search = {nft, &network[i], complain, ctx};

		if (network[i].addr.family == 0)
			continue;
		for (size_t k = 0; result == 0 && k < bases.count; k++)
			if (sees(&bases.items[k].place, network[i].addr.family) &&
			    !is_own(&bases.items[k].place))
				result = look_at_base(&search, &bases.items[k], err);
		if (result == 0)
			result = look_at_legacy(&search, err);
	}
	filter_bases_release(&bases);
	return result < 0 ? error_wrap(err, "looking for what drops pod traffic") : 0;
}
