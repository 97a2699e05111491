/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dump.h"

#include <errno.h>
#include <libmnl/libmnl.h>

#include "answer.h"
#include "attributes.h"

#define DUMP_ATTEMPTS 5

static enum nl_progress take_message(struct nl_reading *reading, const struct nlmsghdr *message,
                                     struct error *err)
{
	struct nl_answer answer;
	int result;

	if (message->nlmsg_seq != reading->sequence || message->nlmsg_type == NLMSG_NOOP)
		return NL_MORE;
	if (message->nlmsg_flags & NLM_F_DUMP_INTR)
		reading->interrupted = true;
	if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR) {
		answer = nl_answer_read(message);
		if (answer.result == 0)
			return NL_WHOLE;
		nl_answer_error(&answer, err);
		return NL_REFUSED;
	}
	if (message->nlmsg_type == NLMSG_OVERRUN) {
		error_set(err, ENOBUFS, "the kernel lost a part of its answer");
		return NL_BROKEN;
	}
	result = reading->ops->message(reading->ctx, message);
	if (result == 0)
		return NL_MORE;
	error_set(err, -result, "message of type %u and %u bytes: %s", message->nlmsg_type,
	          message->nlmsg_len, strerror(-result));
	return NL_BROKEN;
}

int nl_reading_begin(struct nl_reading *reading, struct nlmsghdr *request, uint16_t flags,
                     struct error *err)
{
	request->nlmsg_flags = NLM_F_REQUEST | flags;
	request->nlmsg_seq = reading->sequence = ++reading->nl->sequence;
	reading->interrupted = false;
	return nl_socket_send(reading->nl, request, request->nlmsg_len, err);
}

enum nl_progress nl_reading_take(struct nl_reading *reading, struct error *err)
{
	ssize_t length = nl_socket_receive(reading->nl);
	const struct nlmsghdr *message = (const struct nlmsghdr *)reading->nl->buffer;
	enum nl_progress progress = NL_MORE;
	int left = (int)length;

	if (length < 0) {
		/* -EAGAIN too: each part of a dump waits before the last one is read. */
		error_set(err, (int)-length, "the kernel's answer broke off: %s",
		          strerror((int)-length));
		return NL_BROKEN;
	}
	while (progress == NL_MORE && nl_message_fits(message, left)) {
		progress = take_message(reading, message, err);
		message = mnl_nlmsg_next(message, &left);
	}
	return progress;
}

/* A dump that was left in the middle blocks its socket (EBUSY) for ever: begin with a new one. */
static int renew_socket(struct nl_socket *nl, const struct error *cause, struct error *err)
{
	struct error fresh;

	*err = *cause;
	nl_socket_close(nl);
	(void)nl_socket_open(nl, nl->protocol, &fresh); /* a failure shows at the next send */
	return -err->code;
}

static int read_answer(struct nl_reading *reading, struct nlmsghdr *request, uint16_t flags,
                       struct error *err)
{
	struct error cause;
	enum nl_progress progress = NL_MORE;
	int result = nl_reading_begin(reading, request, flags, err);

	if (result < 0)
		return result;
	while (progress == NL_MORE)
		progress = nl_reading_take(reading, &cause);
	if (progress == NL_BROKEN)
		return renew_socket(reading->nl, &cause, err);
	if (progress == NL_REFUSED) {
		*err = cause;
		return -err->code;
	}
	return 0;
}

int nl_dump(struct nl_socket *nl, struct nlmsghdr *request, const struct nl_dump_ops *ops,
            void *ctx, struct error *err)
{
	struct nl_reading reading = {.nl = nl, .ops = ops, .ctx = ctx};

	for (int attempt = 0; attempt < DUMP_ATTEMPTS; attempt++) {
		int result = read_answer(&reading, request, NLM_F_DUMP, err);

		if (result < 0 || !reading.interrupted)
			return result;
		ops->restart(ctx);
	}
	return error_set(err, EAGAIN, "the table changed during each of %d readings",
	                 DUMP_ATTEMPTS);
}

int nl_query(struct nl_socket *nl, struct nlmsghdr *request, const struct nl_dump_ops *ops,
             void *ctx, struct error *err)
{
	struct nl_reading reading = {.nl = nl, .ops = ops, .ctx = ctx};

	return read_answer(&reading, request, NLM_F_ACK, err);
}
