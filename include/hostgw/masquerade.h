/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The nftables table `inet hostgw`: masquerades what pods send out of the
 * cluster and accepts pod traffic in forward. Changed in one transaction, so
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

/* What was found to differ from what is wanted. */
enum masquerade_finding {
	MASQUERADE_TABLE_MISSING,
	MASQUERADE_TABLE_UNWANTED,
	MASQUERADE_FLAGS_DIFFER, /* dormant, above all */
	MASQUERADE_CHAIN_DIFFERS,
	MASQUERADE_RULES_DIFFER,
	MASQUERADE_SET_DIFFERS,
	MASQUERADE_ELEMENTS_DIFFER,
	MASQUERADE_FOREIGN_OBJECT, /* a chain or set in our table that is none of ours */
	MASQUERADE_FINDINGS,
};

struct masquerade_report {
	bool changed; /* something was found, and put right */
	bool found[MASQUERADE_FINDINGS];
};

/* "its rules differed". */
const char *masquerade_finding_text(enum masquerade_finding finding);

/*
 * Compares the table with what `rules` say and puts right what differs, in one transaction; writes
 * nothing if nothing does. Chains and sets that are right stay, so that no packet on its way
 * through them is missed. With neither masquerade nor forward the table goes. On failure the old
 * contents stand; `err` holds the kernel's words and what to do (EPERM: CAP_NET_ADMIN; EOPNOTSUPP:
 * kernel before 5.2). `report` is filled in any case.
 */
int masquerade_apply(struct nft *nft, const struct masquerade_rules *rules,
                     struct masquerade_report *report, struct error *err);

#endif
