/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "batch.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdlib.h>

#include "attributes.h"

#define SEND_SIZE 65536

/* What a waiting acknowledgement costs of the receive space at most: the kernel counts its
 * socket buffer (768 bytes, or 1,280 with an error's text), not its length. */
#define ANSWER_SPACE 2048

/* One datagram under way: requests first..first+count-1 carry sequence, sequence+1, ... */
struct batch {
	struct nl_socket *nl;
	const struct nl_batch_ops *ops;
	void *ctx;
	unsigned char *bytes;
	size_t used;
	size_t first, count;
	size_t limit;      /* requests whose answers fit the receive space */
	uint32_t sequence; /* of the first */
	size_t refused;    /* never sent: could not be encoded */
	size_t settled;    /* requests up to here are answered or will never be */
	size_t answered;
};

static void refuse(struct batch *batch, int result)
{
	struct nl_answer answer = {.result = result};

	batch->ops->answer(batch->ctx, batch->first + batch->count, &answer);
	batch->refused++;
	batch->count++;
	batch->nl->sequence++; /* its number is used up all the same */
}

/* Takes in requests until the datagram or the list is full. */
static void fill(struct batch *batch, size_t total)
{
	batch->used = batch->count = batch->refused = batch->settled = batch->answered = 0;
	batch->sequence = batch->nl->sequence + 1;
	while (batch->count < batch->limit && batch->first + batch->count < total) {
		struct nlmsghdr *message = (struct nlmsghdr *)(batch->bytes + batch->used);
		int length = batch->ops->encode(batch->ctx, batch->first + batch->count, message,
		                                SEND_SIZE - batch->used);

		if (length == -ENOSPC && batch->used > 0)
			return;
		if (length < 0) {
			refuse(batch, length);
			continue;
		}
		message->nlmsg_seq = ++batch->nl->sequence;
		message->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
		batch->used += NLMSG_ALIGN((size_t)length);
		batch->count++;
	}
}

static void take_answer(struct batch *batch, const struct nlmsghdr *message)
{
	struct nl_answer answer;
	size_t offset = message->nlmsg_seq - batch->sequence;

	if (message->nlmsg_type != NLMSG_ERROR || offset < batch->settled || offset >= batch->count)
		return;
	answer = nl_answer_read(message);
	batch->ops->answer(batch->ctx, batch->first + offset, &answer);
	/* The kernel works requests off in order: what it passed over is lost. */
	batch->settled = offset + 1;
	batch->answered++;
}

/* Reads the answers, all of which wait already. *lost counts those that do not. */
static int collect(struct batch *batch, size_t *lost, struct error *err)
{
	size_t expected = batch->count - batch->refused;

	while (batch->answered < expected) {
		ssize_t length = nl_socket_receive(batch->nl);
		const struct nlmsghdr *message = (const struct nlmsghdr *)batch->nl->buffer;
		int left = (int)length;

		if (length == -EAGAIN)
			break;
		if (length == -ENOBUFS || length == -EMSGSIZE)
			continue; /* those that were not dropped can still be read */
		if (length < 0)
			return error_set(err, (int)-length, "cannot read the kernel's answers: %s",
			                 strerror((int)-length));
		for (; nl_message_fits(message, left); message = mnl_nlmsg_next(message, &left))
			take_answer(batch, message);
	}
	*lost += expected - batch->answered;
	return 0;
}

static int run(struct batch *batch, size_t total, struct error *err)
{
	size_t lost = 0;

	while (batch->first < total) {
		int result = 0;

		fill(batch, total);
		if (batch->used > 0)
			result = nl_socket_send(batch->nl, batch->bytes, batch->used, err);
		if (result == 0)
			result = collect(batch, &lost, err);
		if (result < 0)
			return result;
		batch->first += batch->count;
	}
	if (lost > 0)
		return error_set(err, ENOBUFS,
		                 "the kernel's answers to %zu of %zu requests were lost (no buffer "
		                 "space); read its state anew and repeat what is missing",
		                 lost, total);
	return 0;
}

int nl_batch_run(struct nl_socket *nl, size_t count, const struct nl_batch_ops *ops, void *ctx,
                 struct error *err)
{
	struct batch batch = {.nl = nl, .ops = ops, .ctx = ctx};
	int result;

	batch.limit = nl->receive_space / ANSWER_SPACE;
	if (batch.limit == 0)
		batch.limit = 1;
	batch.bytes = malloc(SEND_SIZE);
	if (!batch.bytes)
		return error_set(err, ENOMEM, "no memory for a batch of requests");
	result = run(&batch, count, err);
	free(batch.bytes);
	return result;
}
