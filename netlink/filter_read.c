/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "filter_read.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>

/* ---- rules ---- */

static int take_rule(void *ctx, const struct nlmsghdr *message)
{
	struct filter_place place;
	struct filter_rule rule;
	int result = filter_rule_decode(message, &place, &rule);

	return result == 1 ? filter_chain_append(ctx, &rule) : result;
}

static void forget_rules(void *ctx)
{
	filter_chain_clear(ctx);
}

int filter_chain_read(const struct filter_table *table, const char *chain, struct filter_chain *out,
                      struct error *err)
{
	static const struct nl_dump_ops ops = {.message = take_rule, .restart = forget_rules};
	const struct nft_selection what = {.type = NFT_MSG_GETRULE,
	                                   .family = table->family,
	                                   .table = table->name,
	                                   .member = chain};
	int result = nft_dump(table->nft, &what, &ops, out, err);

	if (result == -ENOENT) {
		filter_chain_clear(out);
		return 0;
	}
	return result < 0 ? error_wrap(err, "reading chain %s of table %s", chain, table->name) : 0;
}

static int read_chain(void *ctx, const char *chain, struct filter_chain *out, struct error *err)
{
	return filter_chain_read(ctx, chain, out, err);
}

struct filter_source filter_table_source(struct filter_table *table)
{
	return (struct filter_source){.read = read_chain, .ctx = table};
}

/* ---- one chain ---- */

struct looking {
	struct filter_chain_info *out;
	bool found;
};

static int take_chain(void *ctx, const struct nlmsghdr *message)
{
	struct looking *looking = ctx;
	int result = filter_chain_decode(message, looking->out);

	looking->found = looking->found || result == 1;
	return result < 0 ? result : 0;
}

int filter_chain_look(const struct filter_table *table, const char *chain,
                      struct filter_chain_info *out, struct error *err)
{
	static const struct nl_dump_ops ops = {.message = take_chain};
	const struct nft_selection what = {.type = NFT_MSG_GETCHAIN,
	                                   .family = table->family,
	                                   .table = table->name,
	                                   .member = chain};
	struct looking looking = {.out = out};
	int result = nft_get(table->nft, &what, &ops, &looking, err);

	if (result == -ENOENT)
		return 0;
	if (result < 0)
		return error_wrap(err, "looking at chain %s of table %s", chain, table->name);
	return looking.found;
}

/* ---- tables ---- */

static int take_table(void *ctx, const struct nlmsghdr *message)
{
	int result = filter_table_decode(message, ctx);

	return result < 0 ? result : 0;
}

static int look_at_table(struct nft *nft, uint8_t family, const char *name, bool *dormant,
                         struct error *err)
{
	static const struct nl_dump_ops ops = {.message = take_table};
	const struct nft_selection what = {
		.type = NFT_MSG_GETTABLE, .family = family, .table = name};
	int result;

	*dormant = false;
	result = nft_get(nft, &what, &ops, dormant, err);
	if (result == -ENOENT)
		return 0;
	return result < 0 ? error_wrap(err, "looking at table %s", name) : 1;
}

int filter_table_look(struct nft *nft, uint8_t family, const char *name, struct error *err)
{
	bool dormant;

	return look_at_table(nft, family, name, &dormant, err);
}

/* ---- all base chains ---- */

static int take_base(void *ctx, const struct nlmsghdr *message)
{
	struct filter_bases *bases = ctx;
	struct filter_chain_info info, *items;
	int result = filter_chain_decode(message, &info);

	if (result < 1 || !info.forward)
		return result < 0 ? result : 0;
	items = reallocarray(bases->items, bases->count + 1, sizeof(*items));
	if (!items)
		return -ENOMEM;
	bases->items = items;
	items[bases->count++] = info;
	return 0;
}

static void forget_bases(void *ctx)
{
	struct filter_bases *bases = ctx;

	bases->count = 0;
}

/* Those of a table that is switched off see no packets. */
static int drop_dormant(struct nft *nft, struct filter_bases *bases, struct error *err)
{
	size_t kept = 0;

	for (size_t i = 0; i < bases->count; i++) {
		const struct filter_place *place = &bases->items[i].place;
		bool dormant;
		int result = look_at_table(nft, place->family, place->table, &dormant, err);

		if (result < 0)
			return result;
		if (result > 0 && !dormant)
			bases->items[kept++] = bases->items[i];
	}
	bases->count = kept;
	return 0;
}

int filter_bases_read(struct nft *nft, struct filter_bases *out, struct error *err)
{
	static const struct nl_dump_ops ops = {.message = take_base, .restart = forget_bases};
	const struct nft_selection all = {.type = NFT_MSG_GETCHAIN, .family = NFPROTO_UNSPEC};
	int result;

	*out = (struct filter_bases){0};
	result = nft_dump(nft, &all, &ops, out, err);
	return result < 0 ? error_wrap(err, "reading all chains") : drop_dormant(nft, out, err);
}

void filter_bases_release(struct filter_bases *bases)
{
	free(bases->items);
	*bases = (struct filter_bases){0};
}
