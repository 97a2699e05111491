/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hostgw/forward_rules.h"

#include <errno.h>

#include "filter_read.h"
#include "forward_encode.h"

/* Others may change the chain between the look at it and the transaction. */
#define ATTEMPTS 4

static int plan_chain(struct filter_table *table, const struct filter_chain_info *info,
                      const struct prefix *network, struct forward_plan *plan, struct error *err)
{
	struct filter_source source = filter_table_source(table);
	struct forward_chain chain = {.family = table->family, .dropping = info->dropping};
	int result = filter_chain_read(table, FORWARD_CHAIN, &chain.rules, err);

	if (result == 0)
		result = forward_plan_make(&chain, network, &source, plan, err);
	filter_chain_release(&chain.rules);
	return result;
}

/* What is to change in one family's chain goes into the batch. */
static int plan_family(struct nft *nft, uint8_t family, const struct prefix *network,
                       struct nft_batch *batch, struct error *err)
{
	struct filter_table table = {.nft = nft, .family = family, .name = FORWARD_TABLE};
	struct forward_plan plan = {0};
	struct filter_chain_info info;
	int result = filter_chain_look(&table, FORWARD_CHAIN, &info, err);

	/* Elsewhere a chain of that name may be anybody's. */
	if (result <= 0 || !info.forward)
		return result < 0 ? result : 0;
	result = plan_chain(&table, &info, network, &plan, err);
	if (result == 0)
		forward_encode(batch, family, network, &plan);
	forward_plan_release(&plan);
	return result;
}

static int apply_once(struct nft *nft, const struct forward_rules *rules, bool *changed,
                      struct error *err)
{
	struct nft_batch batch = {0};
	int result = 0;

	for (int i = 0; result == 0 && i < IP_FAMILIES; i++)
		result = plan_family(nft, ip_family((enum ip_family_index)i), &rules->network[i],
		                     &batch, err);
	if (result == 0)
		result = nft_run(nft, &batch, err);
	*changed = result == 0 && batch.count > 0;
	nft_batch_release(&batch);
	return result;
}

int forward_rules_apply(struct nft *nft, const struct forward_rules *rules, bool *changed,
                        struct error *err)
{
	int result = -ENOENT;

	/* The kernel says ENOENT for a rule or chain that is gone by now. */
	for (int i = 0; result == -ENOENT && i < ATTEMPTS; i++)
		result = apply_once(nft, rules, changed, err);
	if (result == -ENOENT)
		err->code = EAGAIN;
	return result < 0 ? error_wrap(err, "the rules of chain FORWARD") : 0;
}
