/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nft_batch.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool reserve(struct nft_batch *batch)
{
	size_t size = batch->size ? batch->size * 2 : 4 * (size_t)NFT_MESSAGE_MAX;
	unsigned char *bytes;

	if (batch->size - batch->used >= NFT_MESSAGE_MAX)
		return true;
	bytes = realloc(batch->bytes, size);
	if (!bytes)
		return false;
	batch->bytes = bytes;
	batch->size = size;
	return true;
}

static bool reserve_label(struct nft_batch *batch)
{
	size_t room = batch->label_room ? batch->label_room * 2 : 32;
	struct nft_label *labels;

	if (batch->count < batch->label_room)
		return true;
	labels = reallocarray(batch->labels, room, sizeof(*labels));
	if (!labels)
		return false;
	batch->labels = labels;
	batch->label_room = room;
	return true;
}

static void append(struct nft_batch *batch, const struct nlmsghdr *message)
{
	batch->used += NLMSG_ALIGN(message->nlmsg_len);
}

/* Every batch begins with the message that opens the transaction. */
static bool open_batch(struct nft_batch *batch)
{
	if (!reserve(batch))
		return false;
	if (batch->used == 0)
		append(batch, nftnl_batch_begin((char *)batch->bytes, 0));
	return reserve(batch);
}

struct nlmsghdr *nft_batch_begin(struct nft_batch *batch, uint16_t type, uint16_t family,
                                 uint16_t flags, const char *format, ...)
{
	struct nft_label *label;
	va_list args;

	if (!open_batch(batch) || !reserve_label(batch)) {
		batch->failed = true;
		return NULL;
	}
	label = &batch->labels[batch->count++];
	label->needs = NULL;
	va_start(args, format);
	vsnprintf(label->text, sizeof(label->text), format, args);
	va_end(args);
	return nftnl_nlmsg_build_hdr((char *)batch->bytes + batch->used, type, family,
	                             flags | NLM_F_ACK, (uint32_t)batch->count);
}

void nft_batch_needs(struct nft_batch *batch, const char *needs)
{
	if (batch->count > 0)
		batch->labels[batch->count - 1].needs = needs;
}

void nft_batch_finish(struct nft_batch *batch, const struct nlmsghdr *message)
{
	append(batch, message);
}

void nft_batch_drop(struct nft_batch *batch)
{
	batch->count--;
}

static void number(struct nft_batch *batch, uint32_t sequence)
{
	struct nlmsghdr *message = (struct nlmsghdr *)batch->bytes;
	int left = (int)batch->used;

	for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left))
		message->nlmsg_seq = sequence++;
}

int nft_batch_seal(struct nft_batch *batch, uint32_t sequence)
{
	if (batch->failed || !open_batch(batch))
		return -ENOMEM;
	append(batch, nftnl_batch_end((char *)batch->bytes + batch->used, 0));
	number(batch, sequence);
	return 0;
}

void nft_batch_release(struct nft_batch *batch)
{
	free(batch->bytes);
	free(batch->labels);
	memset(batch, 0, sizeof(*batch));
}
