/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules of others' packet filters as far as pod traffic asks for: which packets a rule looks at
 * and what becomes of them. The same for nf_tables and for iptables-legacy. Plain data. Internal
 * to netlink/.
 */
#ifndef NETLINK_FILTER_RULE_H
#define NETLINK_FILTER_RULE_H

#include "hostgw/error.h"
#include "hostgw/prefix.h"

#define FILTER_NAME_MAX    256 /* the kernel's NFT_NAME_MAXLEN */
#define FILTER_COMMENT_MAX 32  /* more than those that are looked for; longer ones are cut off */

enum filter_verdict {
	FILTER_GOES_ON, /* counts, logs, marks: the next rule is asked */
	FILTER_ACCEPT,
	FILTER_DROP, /* rejecting too */
	FILTER_RETURN,
	FILTER_JUMP,
	FILTER_GOTO,
	FILTER_OTHER, /* ends the packet's way here, one cannot tell how: a queue, a verdict map */
};

struct filter_rule {
	uint64_t handle; /* the kernel's name for it; 0: iptables-legacy has none */
	uint8_t family;  /* looks at packets of this family alone; 0: both */
	struct prefix source, destination; /* within these; family 0: any */
	bool source_set, destination_set;  /* within sets that are not looked into */
	bool picks;                        /* also looks at something else */
	enum filter_verdict verdict;
	const char *target; /* the chain of FILTER_JUMP and FILTER_GOTO, else NULL; borrowed */
	char comment[FILTER_COMMENT_MAX];
};

/* There may be ten thousands of rules: each takes some hundred bytes. */
struct filter_chain {
	struct filter_rule *rules; /* owned, with the names of their targets */
	size_t count, room;
};

/* What an iptables target that is no chain does; FILTER_OTHER for those that are unknown. */
enum filter_verdict filter_target_verdict(const char *name);

/* Copies the rule and the name of its target. 0 or -ENOMEM. */
int filter_chain_append(struct filter_chain *chain, const struct filter_rule *rule);
/* Empties it; what it had room for stays. */
void filter_chain_clear(struct filter_chain *chain);
void filter_chain_release(struct filter_chain *chain);

#endif
