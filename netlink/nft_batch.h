/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An nf_tables transaction in the writing: messages for any tables of any families, each with its
 * name in words for the case that the kernel refuses it. No I/O; nft_run sends it. Internal to
 * netlink/.
 *
 *	struct nft_batch batch = {0};
 *	struct nlmsghdr *message = nft_batch_begin(&batch, NFT_MSG_DELTABLE, NFPROTO_IPV4, 0,
 *	                                           "table ip flannel-ipv4");
 *	if (message) {
 *		nftnl_table_nlmsg_build_payload(message, table);
 *		nft_batch_finish(&batch, message);
 *	}
 *	result = nft_run(nft, &batch, &err);
 *	nft_batch_release(&batch);
 */
#ifndef NETLINK_NFT_BATCH_H
#define NETLINK_NFT_BATCH_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* libnftnl writes without looking for room: no payload may be longer than this. */
#define NFT_MESSAGE_MAX 16384

#define NFT_LABEL_MAX 160

/* One message of the batch in words: "chain forward". */
struct nft_label {
	char text[NFT_LABEL_MAX];
	/* What the kernel must have for it beyond nf_tables itself, for its answers ENOENT and
	 * EOPNOTSUPP: "masquerading needs Linux 5.2 or newer". NULL: nothing. */
	const char *needs;
};

struct nft_batch {
	unsigned char *bytes; /* owned; message i has sequence 1 + i until it is sent */
	size_t used, size;
	struct nft_label *labels; /* one a message; owned */
	size_t count, label_room;
	bool failed; /* no memory; nft_run says so */
};

/*
 * Starts a message (NFT_MSG_*, NFPROTO_*, NLM_F_CREATE and the like; the acknowledgement is asked
 * for here). The label is given as for printf. NULL: no memory, which nft_run will say: callers
 * that have nothing else to tell may just go on.
 */
__attribute__((format(printf, 5, 6))) struct nlmsghdr *nft_batch_begin(struct nft_batch *batch,
                                                                       uint16_t type,
                                                                       uint16_t family,
                                                                       uint16_t flags,
                                                                       const char *format, ...);
/* What the message begun last needs; a constant string. */
void nft_batch_needs(struct nft_batch *batch, const char *needs);
/* Takes the message, whose payload is written, into the batch. One that was begun and is not to be
 * sent is left out by nft_batch_drop. */
void nft_batch_finish(struct nft_batch *batch, const struct nlmsghdr *message);
void nft_batch_drop(struct nft_batch *batch);

/* Writes the end, and gives all messages their numbers: `sequence` for the beginning, and so on.
 * 0 or -ENOMEM. nft_run does it. */
int nft_batch_seal(struct nft_batch *batch, uint32_t sequence);

/* Zeros are fine. */
void nft_batch_release(struct nft_batch *batch);

#endif
