/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nf_tables over netlink: transactions and dumps that are answered before the call returns. The
 * kernel works a transaction off inside sendmsg(2), so nothing here waits. Implemented in
 * netlink/nft.c.
 */
#ifndef HOSTGW_NFT_H
#define HOSTGW_NFT_H

#include "hostgw/error.h"

struct nft;

/* Opens the sockets. -EPERM never comes here but with the first transaction. */
int nft_open(struct nft **out, struct error *err);
/* For looking only: what is to be changed is found and told of as usual, but no transaction is
 * sent; each counts as carried out. */
int nft_open_dry(struct nft **out, struct error *err);
void nft_close(struct nft *nft); /* NULL is fine */

#endif
