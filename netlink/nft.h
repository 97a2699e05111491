/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running nf_tables transactions and reading what stands, of any family. Internal to netlink/.
 */
#ifndef NETLINK_NFT_H
#define NETLINK_NFT_H

#include "dump.h"
#include "hostgw/nft.h"
#include "nft_batch.h"
#include "socket.h"

struct nft {
	struct nl_socket requests; /* its port id marks the echoes of own transactions */
	struct nl_socket dumps;
	bool dry; /* transactions are not sent */
};

/*
 * Sends the batch as one transaction: all of it is carried out or nothing. 0 only if the kernel
 * acknowledged each message. Else `err` holds the first refusal: "chain forward: the kernel's
 * words; what to do", and the result is its errno (-EOPNOTSUPP for the -ENOENT of a message whose
 * needs the kernel lacks: so -ENOENT always is a missing object). An empty batch is fine.
 */
int nft_run(struct nft *nft, struct nft_batch *batch, struct error *err);

/* Which objects to read; NULL for what does not narrow the choice. The kernel knows: tables of a
 * family; chains of a family (all tables' chains come, whatever `table` says: choose); rules of a
 * table or of one chain; sets of a table; elements of one set (both names are needed). */
struct nft_selection {
	uint16_t type;  /* NFT_MSG_GETTABLE, _GETCHAIN, _GETRULE, _GETSET, _GETSETELEM */
	uint8_t family; /* NFPROTO_* */
	const char *table;
	const char *member; /* the chain or the set */
};

/*
 * Dumps the objects: as nl_dump. Tables without the wanted ones dump as nothing, but elements of a
 * set that is not there fail with -ENOENT. Each message is a NFT_MSG_NEW..., for
 * nftnl_*_nlmsg_parse, which checks bounds.
 */
int nft_dump(struct nft *nft, const struct nft_selection *what, const struct nl_dump_ops *ops,
             void *ctx, struct error *err);
/* Reads one object by name (of a table: `table`; of a chain or set: `member` too). -ENOENT: there
 * is none. */
int nft_get(struct nft *nft, const struct nft_selection *what, const struct nl_dump_ops *ops,
            void *ctx, struct error *err);

#endif
