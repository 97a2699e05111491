/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tells that others changed nf_tables rules, of whatever table: each transaction ends in one
 * message about the ruleset's new generation, and all other messages end in a filter inside the
 * kernel, so that ten thousand chains of kube-proxy cost one wake-up. What changed is for the
 * caller to look at. Transactions of this daemon's own nft are left out. Implemented in
 * netlink/nft_monitor.c.
 */
#ifndef HOSTGW_NFT_MONITOR_H
#define HOSTGW_NFT_MONITOR_H

#include <stdint.h>
#include <uv.h>

#include "hostgw/nft.h"

struct nft_monitor;

/* Whose transaction it was, as the kernel tells. */
struct nft_committer {
	char name[16]; /* "nft"; "": not known */
	uint32_t pid;  /* 0: not known */
};

struct nft_monitor_config {
	uv_loop_t *loop;
	const struct nft *own;
	/* Once for all that waited; `by` is the last of them. Also when messages were lost. */
	void (*changed)(void *ctx, const struct nft_committer *by);
	void *ctx;
};

/* Joins the group before it returns, so that a look at the rules made afterwards misses nothing. */
int nft_monitor_start(const struct nft_monitor_config *config, struct nft_monitor **out,
                      struct error *err);
/* No callback comes after this; the handle closes on the loop's next turn. NULL is fine. */
void nft_monitor_stop(struct nft_monitor *monitor);

#endif
