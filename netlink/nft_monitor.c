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

#include "attributes.h"
#include "nft.h"
#include "nft_committer.h"
#include "watch.h"

#define NEW_GENERATION (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN)

struct nft_monitor {
	struct nl_watch watch; /* first */
	uint32_t own_port_id;
	void (*changed)(void *ctx, const struct nft_committer *by);
	void *ctx;
};

/* True: somebody else's transaction. */
static bool take_datagram(const struct nft_monitor *monitor, ssize_t length,
                          struct nft_committer *by)
{
	const struct nlmsghdr *message = (const struct nlmsghdr *)monitor->watch.nl.buffer;
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

static void on_readable(struct nl_watch *watch)
{
	struct nft_monitor *monitor = (struct nft_monitor *)watch;
	struct nft_committer by = {0};
	bool changed = false;

	for (int i = 0; i < NL_WATCH_TURN; i++) {
		ssize_t length = nl_socket_receive(&watch->nl);

		if (length == -EAGAIN)
			break;
		/* What was lost (ENOBUFS) may have been about ours. */
		changed |= length < 0 || take_datagram(monitor, length, &by);
	}
	if (changed)
		monitor->changed(monitor->ctx, &by);
}

static int join_group(struct nl_socket *nl, struct error *err)
{
	return nl_socket_join(nl, NFNLGRP_NFTABLES, err);
}

static int start(struct nft_monitor *monitor, uv_loop_t *loop, struct error *err)
{
	/* Lets pass only the news of a generation, which is a datagram of its own, by others. */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_type)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(NEW_GENERATION), 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_pid)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(monitor->own_port_id), 1, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct nl_watch_config config = {
		.loop = loop,
		.protocol = NETLINK_NETFILTER,
		.filter = {.len = sizeof(code) / sizeof(*code), .filter = code},
		.join = join_group,
		.readable = on_readable,
		.what = "watching nf_tables rules",
	};

	return nl_watch_start(&monitor->watch, &config, err);
}

int nft_monitor_start(const struct nft_monitor_config *config, struct nft_monitor **out,
                      struct error *err)
{
	struct nft_monitor *monitor = calloc(1, sizeof(*monitor));
	int result;

	if (!monitor)
		return error_set(err, ENOMEM, "no memory for watching nf_tables rules");
	monitor->own_port_id = config->own->requests.port_id;
	monitor->changed = config->changed;
	monitor->ctx = config->ctx;
	result = start(monitor, config->loop, err);
	if (result == 0)
		*out = monitor;
	return result;
}

void nft_monitor_stop(struct nft_monitor *monitor)
{
	if (monitor)
		nl_watch_stop(&monitor->watch);
}
