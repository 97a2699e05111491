/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What becomes of packets in a chain of others, and which of its rules decides. Rules that look at
 * more than addresses are taken for not matching: so it tells what happens to packets that nobody
 * picked out. Pure but for the reading of the chains that are jumped to. Internal to netlink/.
 */
#ifndef NETLINK_FILTER_JUDGE_H
#define NETLINK_FILTER_JUDGE_H

#include "filter_rule.h"

/* Whose packets are asked about. */
struct filter_class {
	uint8_t family;
	struct prefix source, destination; /* all packets within these; family 0: any packet */
};

/* Where further chains of the same table come from. */
struct filter_source {
	/* Fills *out (zeroed before; the caller releases it also after a failure). */
	int (*read)(void *ctx, const char *chain, struct filter_chain *out, struct error *err);
	void *ctx;
};

enum filter_fate {
	FILTER_PASSES, /* the end of the chain, or the next rule, is reached */
	FILTER_ACCEPTED,
	FILTER_DROPPED,
	FILTER_LEFT, /* the chain is left in its middle: a return, a goto that came back */
};

struct filter_judgement {
	enum filter_fate fate; /* of those packets of the class that nobody picked out before */
	bool picked;           /* some may have been */
	bool perhaps;          /* all may have been accepted: by a set that is not looked into */
	size_t decider;        /* the rule of the chain that decided; the chain's count: none */
};

/*
 * The way of the class through `chain`. Chains that are jumped to deeper than a kernel allows, or
 * too many of them, are taken for ones that pick packets out. 0, or what `source` could not read.
 */
int filter_judge(const struct filter_chain *chain, const struct filter_class *class,
                 const struct filter_source *source, struct filter_judgement *out,
                 struct error *err);

/* The same for one rule; `decider` means nothing. */
int filter_judge_rule(const struct filter_rule *rule, const struct filter_class *class,
                      const struct filter_source *source, struct filter_judgement *out,
                      struct error *err);

#endif
