/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many requests in few large datagrams, each with its own acknowledgement,
 * matched by sequence number. Internal to netlink/.
 */
#ifndef NETLINK_BATCH_H
#define NETLINK_BATCH_H

#include "answer.h"
#include "socket.h"

struct nl_batch_ops {
	/* Writes request `index` into the buffer (the sequence number aside). Its length, or
	 * -ENOSPC: no room (the batch sends what it has and asks again), or another negative
	 * errno: this request cannot be written; that becomes its answer. */
	int (*encode)(void *ctx, size_t index, void *buffer, size_t room);
	void (*answer)(void *ctx, size_t index, const struct nl_answer *answer);
};

/*
 * Sends requests 0..count-1 in order. Negative: the socket failed (-ENOBUFS too: no memory to send
 * with), or (-ENOBUFS) the kernel could not hand over some answers. Requests without a call of
 * `answer` may or may not have been carried out.
 */
int nl_batch_run(struct nl_socket *nl, size_t count, const struct nl_batch_ops *ops, void *ctx,
                 struct error *err);

#endif
