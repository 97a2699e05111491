/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes a ruleset as one nf_tables batch. No I/O. Internal to netlink/.
 */
#ifndef NETLINK_MASQUERADE_ENCODE_H
#define NETLINK_MASQUERADE_ENCODE_H

#include <linux/netlink.h>

#include "masquerade_rules.h"

#define NFT_LABEL_MAX 96

/* One message of the batch in words, for the kernel's refusal: "chain forward". */
struct nft_label {
	char text[NFT_LABEL_MAX];
	bool needs_nat; /* its failure may be a kernel without inet nat or masquerade */
};

struct nft_batch {
	unsigned char *bytes; /* owned */
	size_t used, size;
	struct nft_label *labels; /* one a message, batch begin and end excepted; owned */
	size_t count;
	uint32_t sequence; /* of the batch's begin; message i has sequence + 1 + i */
};

/*
 * Fills *batch (zeroed before, `sequence` set) with a transaction that replaces the table by
 * the ruleset, or deletes it where the ruleset has no chains (the kernel says -ENOENT if there
 * is none). 0 or -ENOMEM; release it also after a failure.
 */
int nft_batch_encode(struct nft_batch *batch, const struct masquerade_ruleset *ruleset);
void nft_batch_release(struct nft_batch *batch);

#endif
