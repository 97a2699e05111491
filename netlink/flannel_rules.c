/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hostgw/flannel_rules.h"

#include <errno.h>

#include "filter_read.h"
#include "flannel_plan.h"

/* Others may change the chains between the look at them and the transaction. */
#define ATTEMPTS 4

static int plan_place(struct filter_table *table, const struct flannel_place *place,
                      struct nft_batch *batch, struct error *err)
{
	struct filter_chain base = {0}, rules = {0};
	struct filter_chain_info info;
	int there = filter_chain_look(table, place->chain, &info, err);
	int result = there < 0 ? there : filter_chain_read(table, place->base, &base, err);

	if (result == 0 && there > 0)
		result = filter_chain_read(table, place->chain, &rules, err);
	if (result == 0)
		flannel_encode_place(batch, table->family, place, &base, there > 0 ? &info : NULL,
		                     rules.count);
	filter_chain_release(&base);
	filter_chain_release(&rules);
	return result;
}

static int plan_family(struct nft *nft, uint8_t family, struct nft_batch *batch, struct error *err)
{
	int there = filter_table_look(nft, family, flannel_table(family), err);

	if (there < 0)
		return there;
	if (there > 0)
		flannel_encode_table(batch, family);
	for (size_t i = 0; i < FLANNEL_PLACES; i++) {
		struct filter_table table = {nft, family, flannel_places[i].table};
		int result = plan_place(&table, &flannel_places[i], batch, err);

		if (result < 0)
			return result;
	}
	return 0;
}

static int remove_once(struct nft *nft, bool *changed, struct error *err)
{
	struct nft_batch batch = {0};
	int result = 0;

	for (int i = 0; result == 0 && i < IP_FAMILIES; i++)
		result = plan_family(nft, ip_family((enum ip_family_index)i), &batch, err);
	if (result == 0)
		result = nft_run(nft, &batch, err);
	*changed = result == 0 && batch.count > 0;
	nft_batch_release(&batch);
	return result;
}

int flannel_rules_remove(struct nft *nft, bool *changed, struct error *err)
{
	int result = -ENOENT;

	/* ENOENT: what was seen is gone by now; EBUSY: a new rule leads to flannel's chain. */
	for (int i = 0; (result == -ENOENT || result == -EBUSY) && i < ATTEMPTS; i++)
		result = remove_once(nft, changed, err);
	if (result == -ENOENT || result == -EBUSY)
		err->code = EAGAIN;
	return result < 0 ? error_wrap(err, "the rules that flannel left") : 0;
}
