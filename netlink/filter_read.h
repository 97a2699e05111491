/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads chains and rules of others from the kernel. Internal to netlink/.
 */
#ifndef NETLINK_FILTER_READ_H
#define NETLINK_FILTER_READ_H

#include "filter_decode.h"
#include "filter_judge.h"
#include "nft.h"

/* A table, as a source of chains for filter_judge. */
struct filter_table {
	struct nft *nft;
	uint8_t family; /* NFPROTO_* */
	const char *name;
};

struct filter_source filter_table_source(struct filter_table *table);

/* The rules of one chain, in their order; none if there is no such chain. filter_chain_release is
 * due after a failure too. */
int filter_chain_read(const struct filter_table *table, const char *chain, struct filter_chain *out,
                      struct error *err);

/* 1, 0: there is no such chain, or a negative errno. */
int filter_chain_look(const struct filter_table *table, const char *chain,
                      struct filter_chain_info *out, struct error *err);

/* The same for a table. */
int filter_table_look(struct nft *nft, uint8_t family, const char *name, struct error *err);

struct filter_bases {
	struct filter_chain_info *items; /* owned */
	size_t count;
};

/* All base chains on the forward hook, of any table that is switched on. */
int filter_bases_read(struct nft *nft, struct filter_bases *out, struct error *err);
void filter_bases_release(struct filter_bases *bases);

#endif
