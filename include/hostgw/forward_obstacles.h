/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What on this host drops pod traffic although our rules stand. nf_tables asks every base chain on
 * the forward hook, whatever its priority, and one that drops is enough: an accept elsewhere does
 * not help. So this can only be said. Implemented in netlink/forward_obstacles.c.
 */
#ifndef HOSTGW_FORWARD_OBSTACLES_H
#define HOSTGW_FORWARD_OBSTACLES_H

#include "hostgw/nft.h"
#include "hostgw/prefix.h"

/*
 * Calls `complain` for each chain that drops what pods send or are sent, with its place and the
 * command that mends it: of other tables (firewalld, nftables.service), of iptables-nft's FORWARD,
 * where a rule of others stands in front of where ours are or will be, and of iptables-legacy,
 * which is a packet filter beside nf_tables and is never written to.
 *
 * It is about packets that no rule picks out by more than their addresses, and sets are not looked
 * into: where one may accept the pods, nothing is said. All chains of the host are read, which
 * takes some milliseconds where kube-proxy has thousands: not for every round.
 *
 * `network`: the cluster CIDR; family 0: not used. An error: the kernel could not be asked.
 */
int forward_obstacles_find(struct nft *nft, const struct prefix network[IP_FAMILIES],
                           void (*complain)(void *ctx, const struct error *obstacle), void *ctx,
                           struct error *err);

#endif
