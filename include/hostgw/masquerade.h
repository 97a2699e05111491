/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The nftables table `inet hostgw`: masquerades what pods send out of the
 * cluster and accepts pod traffic in forward. Written as one atomic batch, so
 * there is never a moment without rules. Implemented in netlink/masquerade.c.
 */
#ifndef HOSTGW_MASQUERADE_H
#define HOSTGW_MASQUERADE_H

#include "hostgw/error.h"
#include "hostgw/nft.h"
#include "hostgw/prefix.h"

#define MASQUERADE_TABLE "hostgw"

struct masquerade_rules {
	bool masquerade;                    /* --ip-masq */
	bool forward;                       /* --iptables-forward-rules */
	bool fully_random;                  /* random source ports: no two flows race for one */
	struct prefix cluster[IP_FAMILIES]; /* Network; family 0: not used */
	struct prefix own[IP_FAMILIES];     /* this node's pod CIDR */
	const struct prefix *nonmasquerade; /* further CIDRs that see pod addresses */
	size_t nonmasquerade_count;
};

/* Replaces the table's contents by what `rules` say, in one transaction; with neither
 * masquerade nor forward the table goes. On failure the old contents stand; `err` holds
 * the kernel's words and what to do (EPERM: CAP_NET_ADMIN; EOPNOTSUPP: kernel before 5.2). */
int masquerade_apply(struct nft *nft, const struct masquerade_rules *rules, struct error *err);

#endif
