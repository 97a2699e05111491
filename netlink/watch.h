/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A netlink socket that hears of others' changes, on the daemon's loop: what monitor.c and
 * nft_monitor.c have in common. Internal to netlink/.
 */
#ifndef NETLINK_WATCH_H
#define NETLINK_WATCH_H

#include <linux/filter.h>
#include <stdbool.h>
#include <uv.h>

#include "socket.h"

/* Datagrams read in one turn of the loop; a flood of them must not starve its other users. */
#define NL_WATCH_TURN 256

/* The first member of a monitor that came from calloc and is freed with it. */
struct nl_watch {
	uv_poll_t poll;
	struct nl_socket nl;
	void (*readable)(struct nl_watch *watch); /* reads until -EAGAIN, or NL_WATCH_TURN times */
	bool stopped;                             /* a callback may stop the monitor */
};

struct nl_watch_config {
	uv_loop_t *loop;
	int protocol;
	struct sock_fprog filter;
	int (*join)(struct nl_socket *nl, struct error *err); /* the groups */
	void (*readable)(struct nl_watch *watch);
	const char *what; /* "watching ...", for errors */
};

/* On failure the monitor is freed, at once or, once it hung on the loop, on that one's next turn.
 */
int nl_watch_start(struct nl_watch *watch, const struct nl_watch_config *config, struct error *err);
/* `readable` is not called any more; the monitor is freed on the loop's next turn. */
void nl_watch_stop(struct nl_watch *watch);

#endif
