/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hostgw/conntrack.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <stdlib.h>

#include "batch.h"
#include "conntrack_codec.h"
#include "conntrack_scope.h"
#include "dump.h"

/* Deleted in one go; a part of the table may hold more. */
#define DOOMED_MAX 64

struct conntrack_sweep {
	uv_poll_t poll;
	struct nl_socket dumps;
	struct nl_socket requests;
	struct nl_reading reading;
	struct conntrack_scope scope;
	struct conntrack_entry doomed[DOOMED_MAX];
	size_t doomed_count;
	size_t dropped;
	size_t unread;       /* malformed entries: passed over, as the others are none the worse */
	size_t refused;      /* entries that the kernel would not delete */
	struct error reason; /* for the first of them; else why the sweep failed */
	bool failed;
	void (*done)(void *ctx, size_t dropped, const struct error *err);
	void *ctx;
};

static int encode_delete(void *ctx, size_t index, void *buffer, size_t room)
{
	const struct conntrack_sweep *sweep = ctx;

	return conntrack_encode_delete(&sweep->doomed[index], buffer, room);
}

static void answer_delete(void *ctx, size_t index, const struct nl_answer *answer)
{
	struct conntrack_sweep *sweep = ctx;

	(void)index;
	if (answer->result == 0)
		sweep->dropped++;
	else if (answer->result != -ENOENT && sweep->refused++ == 0) /* ENOENT: it has ended */
		nl_answer_error(answer, &sweep->reason);
}

static int drop_doomed(struct conntrack_sweep *sweep, struct error *err)
{
	static const struct nl_batch_ops ops = {encode_delete, answer_delete};
	size_t count = sweep->doomed_count;

	if (count == 0)
		return 0;
	sweep->doomed_count = 0;
	return nl_batch_run(&sweep->requests, count, &ops, sweep, err);
}

static int take_entry(void *ctx, const struct nlmsghdr *message)
{
	struct conntrack_sweep *sweep = ctx;
	struct conntrack_entry *entry = &sweep->doomed[sweep->doomed_count];
	int result = conntrack_decode(message, entry);
	struct error err;

	if (result < 0)
		sweep->unread++;
	if (result <= 0 || !conntrack_is_unmasqueraded(&sweep->scope, entry))
		return 0;
	if (++sweep->doomed_count < DOOMED_MAX)
		return 0;
	return drop_doomed(sweep, &err);
}

static const struct nl_dump_ops reading_ops = {.message = take_entry};

/* Puts what it means, and what to do, behind what went wrong. */
static void explain(struct conntrack_sweep *sweep, struct error *text)
{
	static const char meaning[] = "pods' flows to the outside that began while the rules were "
				      "away may keep the pod's address until they end";
	const char *remedy = "";
	char unread[64] = "";

	if (sweep->unread > 0)
		snprintf(unread, sizeof(unread), "unreadable entries: %zu; ", sweep->unread);
	if (sweep->reason.code == EPERM)
		remedy = "CAP_NET_ADMIN is needed; ";
	else if (sweep->failed && sweep->reason.code == EINVAL) /* nfnetlink: no such subsystem */
		remedy = "the kernel lacks ctnetlink (module nf_conntrack_netlink); ";
	if (sweep->failed)
		error_set(text, sweep->reason.code, "connection tracking: %s; %s%s",
		          sweep->reason.text, remedy, meaning);
	else if (sweep->refused > 0)
		error_set(text, sweep->reason.code,
		          "connection tracking: %s%zu entries could not be deleted: %s; %s%s",
		          unread, sweep->refused, sweep->reason.text, remedy, meaning);
	else
		error_set(text, EBADMSG, "connection tracking: %s%s", unread, meaning);
}

static void finish(struct conntrack_sweep *sweep)
{
	struct error err;
	bool well = !sweep->failed && sweep->refused == 0 && sweep->unread == 0;

	uv_poll_stop(&sweep->poll);
	if (!well)
		explain(sweep, &err);
	sweep->done(sweep->ctx, sweep->dropped, well ? NULL : &err);
}

static void fail(struct conntrack_sweep *sweep, const struct error *reason)
{
	sweep->failed = true;
	sweep->reason = *reason;
	finish(sweep);
}

/* One part of the table a turn: some hundred entries, less than a millisecond. */
static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct conntrack_sweep *sweep = poll->data;
	struct error err;
	enum nl_progress progress = nl_reading_take(&sweep->reading, &err);

	(void)events;
	if (progress == NL_BROKEN && err.code == EAGAIN)
		progress = NL_MORE; /* what had come was not the kernel's */
	else if (progress == NL_REFUSED || progress == NL_BROKEN || drop_doomed(sweep, &err) < 0)
		fail(sweep, &err);
	else if (progress == NL_WHOLE)
		finish(sweep);
	/* After a POLLERR libuv has stopped polling. */
	if (status < 0 && progress == NL_MORE && !sweep->failed)
		(void)uv_poll_start(poll, UV_READABLE, on_readable);
}

static void release(struct conntrack_sweep *sweep)
{
	nl_socket_close(&sweep->dumps);
	nl_socket_close(&sweep->requests);
	conntrack_scope_release(&sweep->scope);
	free(sweep);
}

static void on_closed(uv_handle_t *handle)
{
	release(handle->data);
}

static int ask(struct conntrack_sweep *sweep, struct error *err)
{
	alignas(struct nlmsghdr) unsigned char request[CONNTRACK_REQUEST_MAX];

	sweep->reading.nl = &sweep->dumps;
	sweep->reading.ops = &reading_ops;
	sweep->reading.ctx = sweep;
	conntrack_encode_dump(conntrack_scope_family(&sweep->scope), request);
	return nl_reading_begin(&sweep->reading, (struct nlmsghdr *)request, NLM_F_DUMP, err);
}

/* From uv_poll_init, the last of it, on only uv_close may free the sweep. */
static int prepare(struct conntrack_sweep *sweep, const struct conntrack_sweep_config *config,
                   struct error *err)
{
	int result = conntrack_scope_make(config->rules, config->links, &sweep->scope);

	if (result < 0)
		return error_set(err, -result, "no memory for addresses");
	result = nl_socket_open(&sweep->dumps, NETLINK_NETFILTER, err);
	if (result == 0)
		result = nl_socket_open(&sweep->requests, NETLINK_NETFILTER, err);
	if (result == 0)
		result = ask(sweep, err);
	if (result < 0)
		return result;
	result = uv_poll_init(config->loop, &sweep->poll, sweep->dumps.fd);
	return result < 0 ? error_set(err, -result, "%s", uv_strerror(result)) : 0;
}

int conntrack_sweep_start(const struct conntrack_sweep_config *config, struct conntrack_sweep **out,
                          struct error *err)
{
	struct conntrack_sweep *sweep = calloc(1, sizeof(*sweep));
	int result;

	if (!sweep)
		return error_set(err, ENOMEM, "no memory for reading connection tracking");
	sweep->dumps.fd = sweep->requests.fd = -1;
	sweep->done = config->done;
	sweep->ctx = config->ctx;
	result = prepare(sweep, config, err);
	if (result < 0) {
		release(sweep);
		return error_wrap(err, "connection tracking");
	}
	sweep->poll.data = sweep;
	result = uv_poll_start(&sweep->poll, UV_READABLE, on_readable);
	if (result < 0) {
		conntrack_sweep_stop(sweep);
		return error_set(err, -result, "connection tracking: %s", uv_strerror(result));
	}
	*out = sweep;
	return 0;
}

void conntrack_sweep_stop(struct conntrack_sweep *sweep)
{
	if (sweep)
		uv_close((uv_handle_t *)&sweep->poll, on_closed);
}
