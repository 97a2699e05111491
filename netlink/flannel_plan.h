/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What flannel left in one table of iptables-nft, and the messages that remove it. Pure. Internal
 * to netlink/.
 */
#ifndef NETLINK_FLANNEL_PLAN_H
#define NETLINK_FLANNEL_PLAN_H

#include "filter_decode.h"
#include "nft_batch.h"

/* Where flannel puts its rules; those before 0.20 had no chain of their own, only the comment. */
struct flannel_place {
	const char *table;   /* "nat" */
	const char *base;    /* "POSTROUTING" */
	const char *chain;   /* "FLANNEL-POSTRTG" */
	const char *comment; /* "flanneld masq" */
};

#define FLANNEL_PLACES 2

extern const struct flannel_place flannel_places[FLANNEL_PLACES];

/* flannel's own table in nftables mode: "flannel-ipv4". `family`: AF_INET or AF_INET6. */
const char *flannel_table(uint8_t family);

/* A rule of the base chain that leads into flannel's or carries its comment. */
bool flannel_rule_is_theirs(const struct flannel_place *place, const struct filter_rule *rule);

/*
 * Adds to the batch what removes it: theirs of the rules of `base`, then flannel's chain (`chain`
 * is what the kernel says of it, with its `rule_count` rules; NULL: there is none). A chain that
 * other rules lead to as well cannot go: it is emptied, so that their jumps come back unchanged.
 */
void flannel_encode_place(struct nft_batch *batch, uint8_t family,
                          const struct flannel_place *place, const struct filter_chain *base,
                          const struct filter_chain_info *chain, size_t rule_count);

void flannel_encode_table(struct nft_batch *batch, uint8_t family);

#endif
