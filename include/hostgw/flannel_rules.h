/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What flannel leaves in nf_tables when hostgwd takes its place: the tables `ip flannel-ipv4` and
 * `ip6 flannel-ipv6`, and in iptables-nft's tables the chains FLANNEL-POSTRTG (nat) and
 * FLANNEL-FWD (filter) with the rules that lead there. Implemented in netlink/flannel_rules.c and
 * netlink/flannel_legacy.c.
 */
#ifndef HOSTGW_FLANNEL_RULES_H
#define HOSTGW_FLANNEL_RULES_H

#include <stdbool.h>

#include "hostgw/nft.h"

/*
 * Removes it all in one transaction, to be called once ours are in place, so that no packet meets
 * neither; conntrack keeps translating the flows that flannel's rules masqueraded. *changed tells
 * whether there was anything. Nothing of others is touched: a chain that a rule of theirs leads to
 * is emptied but stays. -EAGAIN: the rules changed under its hands, try again.
 */
int flannel_rules_remove(struct nft *nft, bool *changed, struct error *err);

/*
 * Calls `complain` where iptables-legacy still has rules of flannel, with the commands that remove
 * them: hostgwd does not write there. An error: the kernel could not be asked.
 */
int flannel_legacy_find(void (*complain)(void *ctx, const struct error *leftover), void *ctx,
                        struct error *err);

#endif
