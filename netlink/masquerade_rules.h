/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands in the table `inet hostgw`, as plain data: sets of addresses,
 * and rules in their order. No netlink here; masquerade_encode.c writes it down.
 * Internal to netlink/.
 */
#ifndef NETLINK_MASQUERADE_RULES_H
#define NETLINK_MASQUERADE_RULES_H

#include "hostgw/masquerade.h"

#define MASQUERADE_KUBE_MARK 0x4000 /* kube-proxy's "masquerade this": it does so itself */

enum masquerade_chain { MASQUERADE_POSTROUTING, MASQUERADE_FORWARD, MASQUERADE_CHAINS };

/* The sets of one family; empty ones are not made. */
enum masquerade_set {
	MASQUERADE_SET_CLUSTER,
	MASQUERADE_SET_PODS, /* this node's */
	MASQUERADE_SET_NONMASQUERADE,
	MASQUERADE_SETS,
};

struct masquerade_interval {
	struct ip_addr first;
	struct ip_addr after; /* the first address behind it; unset if `open` */
	bool open;            /* reaches to the end of the address space */
};

struct masquerade_intervals {
	struct masquerade_interval *items; /* sorted, disjoint, not adjacent; owned */
	size_t count;
};

enum masquerade_match {
	MASQUERADE_ANY,
	MASQUERADE_IN_SET,
	MASQUERADE_NOT_IN_SET,
	MASQUERADE_NOT_MULTICAST,
};

enum masquerade_verdict { MASQUERADE_RETURN, MASQUERADE_ACCEPT, MASQUERADE_MASQUERADE };

struct masquerade_side {
	enum masquerade_match match;
	enum masquerade_set set; /* for IN_SET, NOT_IN_SET */
};

struct masquerade_rule {
	enum masquerade_chain chain;
	bool marked; /* only packets with MASQUERADE_KUBE_MARK; of either family */
	struct masquerade_side source;
	struct masquerade_side destination;
	enum masquerade_verdict verdict;
	const char *comment;
};

/* A rule in its place: the same rule stands once for each family that needs it. */
struct masquerade_entry {
	const struct masquerade_rule *rule;
	enum ip_family_index family; /* of its matches; means nothing if rule->marked */
};

#define MASQUERADE_ENTRIES_MAX 16

struct masquerade_ruleset {
	bool chains[MASQUERADE_CHAINS]; /* none: the table is to go */
	bool fully_random;
	struct masquerade_intervals sets[IP_FAMILIES][MASQUERADE_SETS];
	struct masquerade_entry entries[MASQUERADE_ENTRIES_MAX];
	size_t entry_count;
};

/* 224.0.0.0/4 or ff00::/8. */
struct prefix masquerade_multicast(enum ip_family_index family);

/* "cluster4", "pods6", ... as `nft list table inet hostgw` shows it. */
const char *masquerade_set_name(enum ip_family_index family, enum masquerade_set set);

/* A chain hangs on a hook; its policy is accept. */
struct masquerade_chain_spec {
	const char *name; /* "postrouting" */
	const char *type; /* "nat", "filter" */
	uint32_t hook;    /* NF_INET_* */
	int32_t priority;
};

const struct masquerade_chain_spec *masquerade_chain_spec(enum masquerade_chain chain);

/*
 * Merges the prefixes of one family into intervals: the kernel refuses overlapping ones.
 * Others are passed over. 0 or -ENOMEM; free(out->items).
 */
int masquerade_intervals_merge(const struct prefix *prefixes, size_t count, uint8_t family,
                               struct masquerade_intervals *out);

/* 0 or -ENOMEM; release it also after a failure. */
int masquerade_ruleset_build(const struct masquerade_rules *rules, struct masquerade_ruleset *out);
void masquerade_ruleset_release(struct masquerade_ruleset *ruleset);

#endif
