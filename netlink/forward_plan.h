/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is to change in a chain FORWARD so that pod traffic is accepted there. Pure but for the
 * chains that FORWARD jumps to. Internal to netlink/.
 */
#ifndef NETLINK_FORWARD_PLAN_H
#define NETLINK_FORWARD_PLAN_H

#include "filter_judge.h"

enum forward_side { FORWARD_FROM_PODS, FORWARD_TO_PODS, FORWARD_SIDES };

/* The mark of our rules; what follows it says which of the two one is. */
#define FORWARD_COMMENT_PREFIX "hostgwd: "

const char *forward_comment(enum forward_side side);

/* Ours, of this Network or another: it has such a comment and is made as we make them. A rule with
 * the comment that does anything else was made by somebody else. */
bool forward_rule_is_ours(const struct filter_rule *rule);

/* A chain FORWARD as the kernel has it. */
struct forward_chain {
	uint8_t family; /* AF_INET or AF_INET6 */
	bool dropping;  /* its policy */
	struct filter_chain rules;
};

struct forward_plan {
	uint64_t *deletions; /* handles of rules of ours; owned */
	size_t deletion_count;
	bool additions[FORWARD_SIDES];
	uint64_t before; /* the handle of the rule that they go in front of; 0: to the end */
};

/*
 * `network`: family 0: none of ours is to stay. 0, -ENOMEM, or what `source` could not read;
 * forward_plan_release is due in any case.
 */
int forward_plan_make(const struct forward_chain *chain, const struct prefix *network,
                      const struct filter_source *source, struct forward_plan *out,
                      struct error *err);
void forward_plan_release(struct forward_plan *plan);
/* Does to `rules`, as the plan was made for them, what its additions will do to the chain. 0 or
 * -ENOMEM. */
int forward_plan_foresee(const struct forward_plan *plan, const struct prefix *network,
                         struct filter_chain *rules);
bool forward_plan_is_empty(const struct forward_plan *plan);

#endif
