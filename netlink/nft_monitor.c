/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hostgw/nft_monitor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/filter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "attributes.h"
#include "nft.h"
#include "nft_committer.h"

/* Datagrams read in one turn of the loop; a flood of transactions must not starve its other users.
 */
#define TURN_LIMIT 256

#define NEW_GENERATION (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN)

struct nft_monitor {
	uv_poll_t poll;
	struct nl_socket nl;
	uint32_t own_port_id;
	void (*changed)(void *ctx, const struct nft_committer *by);
	void *ctx;
	bool stopped; /* a callback may stop the monitor */
};

/* True: somebody else's transaction. */
static bool take_datagram(const struct nft_monitor *monitor, ssize_t length,
                          struct nft_committer *by)
{
	const struct nlmsghdr *message = (const struct nlmsghdr *)monitor->nl.buffer;
	int left = (int)length;
	bool foreign = false;

	for (; nl_message_fits(message, left); message = mnl_nlmsg_next(message, &left)) {
		if (message->nlmsg_type != NEW_GENERATION ||
		    message->nlmsg_pid == monitor->own_port_id)
			continue;
		nft_committer_read(message, by);
		foreign = true;
	}
	return foreign;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct nft_monitor *monitor = poll->data;
	struct nft_committer by = {0};
	bool changed = false;

	(void)events;
	for (int i = 0; i < TURN_LIMIT; i++) {
		ssize_t length = nl_socket_receive(&monitor->nl);

		if (length == -EAGAIN)
			break;
		/* What was lost (ENOBUFS) may have been about ours. */
		changed |= length < 0 || take_datagram(monitor, length, &by);
	}
	if (changed)
		monitor->changed(monitor->ctx, &by);
	/* As in monitor.c: ENOBUFS shows as POLLERR, upon which libuv stops polling. */
	if (status < 0 && !monitor->stopped)
		(void)uv_poll_start(poll, UV_READABLE, on_readable);
}

static void on_closed(uv_handle_t *handle)
{
	struct nft_monitor *monitor = handle->data;

	nl_socket_close(&monitor->nl);
	free(monitor);
}

/* Lets pass only the news of a generation, which is a datagram of its own, by others. Saves work
 * only, so a kernel that refuses it is none the worse. */
static void attach_filter(struct nft_monitor *monitor)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_type)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(NEW_GENERATION), 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_pid)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(monitor->own_port_id), 1, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = {.len = sizeof(code) / sizeof(*code), .filter = code};

	(void)setsockopt(monitor->nl.fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static int open_socket(struct nft_monitor *monitor, struct error *err)
{
	int result = nl_socket_open(&monitor->nl, NETLINK_NETFILTER, err);

	if (result < 0)
		return result;
	/* First, so that a flood does not get in by the open door. */
	attach_filter(monitor);
	return nl_socket_join(&monitor->nl, NFNLGRP_NFTABLES, err);
}

/* Opens the socket and hangs it on the loop; from uv_poll_init on only uv_close frees it. */
static int start(uv_loop_t *loop, struct nft_monitor *monitor, struct error *err)
{
	int result = open_socket(monitor, err);

	if (result == 0) {
		result = uv_poll_init(loop, &monitor->poll, monitor->nl.fd);
		if (result < 0)
			error_set(err, -result, "%s", uv_strerror(result));
	}
	if (result < 0) {
		nl_socket_close(&monitor->nl);
		free(monitor);
		return error_wrap(err, "watching nf_tables rules");
	}
	monitor->poll.data = monitor;
	result = uv_poll_start(&monitor->poll, UV_READABLE, on_readable);
	if (result < 0) {
		nft_monitor_stop(monitor);
		return error_set(err, -result, "watching nf_tables rules: %s", uv_strerror(result));
	}
	return 0;
}

int nft_monitor_start(const struct nft_monitor_config *config, struct nft_monitor **out,
                      struct error *err)
{
	struct nft_monitor *monitor = calloc(1, sizeof(*monitor));
	int result;

	if (!monitor)
		return error_set(err, ENOMEM, "no memory for watching nf_tables rules");
	monitor->nl.fd = -1;
	monitor->own_port_id = config->own->requests.port_id;
	monitor->changed = config->changed;
	monitor->ctx = config->ctx;
	result = start(config->loop, monitor, err);
	if (result == 0)
		*out = monitor;
	return result;
}

void nft_monitor_stop(struct nft_monitor *monitor)
{
	if (!monitor)
		return;
	monitor->stopped = true;
	uv_close((uv_handle_t *)&monitor->poll, on_closed);
}
