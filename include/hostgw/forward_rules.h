/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Accepts pod traffic in the chains FORWARD of iptables-nft (tables `ip filter` and `ip6
 * filter`), where Docker and ufw drop whatever nobody accepted: an accept in a table of our own
 * does not help against that. Two rules a family, which iptables-save prints as they are:
 *
 *   -A FORWARD -s 10.244.0.0/16 -m comment --comment "hostgwd: from pods" -j ACCEPT
 *   -A FORWARD -d 10.244.0.0/16 -m comment --comment "hostgwd: to pods" -j ACCEPT
 *
 * They are added only where the chain is there already and would drop such packets, and stay when
 * it no longer would, so that a firewall's reload (policy accept, then drop again) opens no gap.
 * Where they stand: behind every rule that picks packets out (network policies, DOCKER-USER),
 * before the rule, or the policy, that drops all the others; so they decide only about what
 * nobody else decided about. Implemented in netlink/forward_rules.c.
 */
#ifndef HOSTGW_FORWARD_RULES_H
#define HOSTGW_FORWARD_RULES_H

#include "hostgw/error.h"
#include "hostgw/nft.h"
#include "hostgw/prefix.h"

struct forward_rules {
	struct prefix network[IP_FAMILIES]; /* the cluster CIDR; family 0: ours are removed */
};

/*
 * Looks at the chains and changes what is not so, in one transaction; *changed tells whether
 * anything was. Ours of another Network, twice there or out of place go. Rules of others are never
 * touched. On failure all stands as it did; -EAGAIN: the chains changed under its hands, try again.
 */
int forward_rules_apply(struct nft *nft, const struct forward_rules *rules, bool *changed,
                        struct error *err);

#endif
