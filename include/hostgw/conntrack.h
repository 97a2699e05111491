/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flows that began while the masquerade rules were away. NAT is decided by a flow's first packet,
 * so such a flow keeps its pod's address for life. Once the rules stand (again), a sweep deletes
 * its connection tracking entry (ctnetlink) and the next packet makes a new one, by the rules.
 * Implemented in netlink/conntrack.c.
 */
#ifndef HOSTGW_CONNTRACK_H
#define HOSTGW_CONNTRACK_H

#include <uv.h>

#include "hostgw/link.h"
#include "hostgw/masquerade.h"

struct conntrack_sweep;

struct conntrack_sweep_config {
	uv_loop_t *loop;
	/* What stands in the kernel by now, masquerade included. Both are copied. */
	const struct masquerade_rules *rules;
	/* Flows to addresses of this host end here, so no rule sees them: they are left alone. */
	const struct link_snapshot *links;
	/* Called once, on the loop. `err` is NULL if every entry was looked at and each that should
	 * go went; else a sentence that says why not and what that means. An entry that cannot be
	 * read or deleted does not end the sweep. What was dropped counts in any case. */
	void (*done)(void *ctx, size_t dropped, const struct error *err);
	void *ctx;
};

/*
 * Deletes the entries, in any zone, whose source lies in the Network, whose real destination (that
 * of the packets after DNAT) is neither in it, nor in a non-masquerade CIDR, nor multicast, nor
 * this host, and whose source address is not rewritten. The table is read in parts, one a turn of
 * the loop, as it may hold a million entries. On failure nothing was deleted; -EPERM
 * (CAP_NET_ADMIN) and a kernel without ctnetlink are told through `done`.
 */
int conntrack_sweep_start(const struct conntrack_sweep_config *config, struct conntrack_sweep **out,
                          struct error *err);
/* Ends it, done or not; due after `done` too, which may call it. No callback comes after this; the
 * handle closes on the loop's next turn. NULL is fine. */
void conntrack_sweep_stop(struct conntrack_sweep *sweep);

#endif
