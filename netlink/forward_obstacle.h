/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A chain that drops pod traffic, and the words for it. Pure. Internal to netlink/.
 */
#ifndef NETLINK_FORWARD_OBSTACLE_H
#define NETLINK_FORWARD_OBSTACLE_H

#include "forward_plan.h"

struct forward_obstacle {
	bool drops[FORWARD_SIDES];
	size_t rule; /* the number, from 1 on, of the first that drops; 0: the policy does */
};

/*
 * What a base chain of these rules and this policy does to what pods of `network` send and are
 * sent. Where no side is dropped, drops[] is all false. 0, or what `source` could not read.
 */
int forward_obstacle_judge(const struct filter_chain *rules, bool dropping_policy,
                           const struct prefix *network, const struct filter_source *source,
                           struct forward_obstacle *out, struct error *err);

bool forward_obstacle_is_one(const struct forward_obstacle *obstacle);

/* One sentence with the remedy: for a chain of nf_tables; for FORWARD of iptables-nft, which holds
 * our own rules; for FORWARD of iptables-legacy. */
void forward_obstacle_explain(const struct forward_obstacle *obstacle, uint8_t nfproto,
                              const char *table, const char *chain, const struct prefix *network,
                              struct error *out);
void forward_obstacle_explain_iptables(const struct forward_obstacle *obstacle,
                                       const struct prefix *network, struct error *out);
void forward_obstacle_explain_legacy(const struct forward_obstacle *obstacle,
                                     const struct prefix *network, struct error *out);

#endif
