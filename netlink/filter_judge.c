/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "filter_judge.h"

#include <stdlib.h>

/* Jumps that are followed: in a row (the kernel's NFT_JUMP_STACK_SIZE), and in all. */
#define DEPTH_MAX 16
#define JUMPS_MAX 512

enum match { MATCHES_NONE, MATCHES_SOME, MATCHES_PERHAPS_ALL, MATCHES_ALL };

struct judge {
	const struct filter_class *class;
	const struct filter_source *source;
	unsigned *jumps; /* how many were followed */
	struct error *err;
};

static enum match match_side(const struct prefix *rule, bool set, const struct prefix *class)
{
	if (rule->addr.family == 0)
		return set ? MATCHES_PERHAPS_ALL : MATCHES_ALL;
	if (class->addr.family == 0)
		return rule->length == 0 ? MATCHES_ALL : MATCHES_SOME;
	if (prefix_contains(rule, class))
		return set ? MATCHES_PERHAPS_ALL : MATCHES_ALL;
	return prefix_overlaps(rule, class) ? MATCHES_SOME : MATCHES_NONE;
}

static enum match match_rule(const struct filter_rule *rule, const struct filter_class *class)
{
	enum match source = match_side(&rule->source, rule->source_set, &class->source);
	enum match destination = match_side(&rule->destination, rule->destination_set,
	                                    &class->destination);
	enum match both = source < destination ? source : destination;

	if (rule->family != 0 && rule->family != class->family)
		return MATCHES_NONE;
	return both > MATCHES_SOME && rule->picks ? MATCHES_SOME : both;
}

static int judge_chain(const struct judge *judge, const struct filter_chain *chain, unsigned depth,
                       struct filter_judgement *out);

/* What a chain that is jumped to decides, decides; what it does not comes back. */
static int judge_jump(const struct judge *judge, const struct filter_rule *rule, unsigned depth,
                      struct filter_judgement *out)
{
	struct filter_chain chain = {0};
	int result;

	if (depth == DEPTH_MAX || *judge->jumps == JUMPS_MAX) {
		out->picked = true;
		return 0;
	}
	++*judge->jumps;
	result = judge->source->read(judge->source->ctx, rule->target, &chain, judge->err);
	if (result == 0)
		result = judge_chain(judge, &chain, depth + 1, out);
	filter_chain_release(&chain);
	if (out->fate == FILTER_LEFT || out->fate == FILTER_PASSES)
		out->fate = rule->verdict == FILTER_GOTO ? FILTER_LEFT : FILTER_PASSES;
	return result;
}

static int judge_rule(const struct judge *judge, const struct filter_rule *rule, unsigned depth,
                      struct filter_judgement *out)
{
	enum match match = match_rule(rule, judge->class);

	*out = (struct filter_judgement){.fate = FILTER_PASSES};
	if (match == MATCHES_NONE || rule->verdict == FILTER_GOES_ON)
		return 0;
	if (match != MATCHES_ALL) {
		out->picked = true;
		out->perhaps = match == MATCHES_PERHAPS_ALL && rule->verdict == FILTER_ACCEPT;
		return 0;
	}
	switch (rule->verdict) {
	case FILTER_GOES_ON:
		break;
	case FILTER_ACCEPT:
		out->fate = FILTER_ACCEPTED;
		break;
	case FILTER_DROP:
		out->fate = FILTER_DROPPED;
		break;
	case FILTER_RETURN:
		out->fate = FILTER_LEFT;
		break;
	case FILTER_JUMP:
	case FILTER_GOTO:
		return judge_jump(judge, rule, depth, out);
	case FILTER_OTHER:
		out->picked = true;
		break;
	}
	return 0;
}

static int judge_chain(const struct judge *judge, const struct filter_chain *chain, unsigned depth,
                       struct filter_judgement *out)
{
	struct filter_judgement one = {.fate = FILTER_PASSES};
	int result = 0;
	size_t i;

	*out = one;
	for (i = 0; i < chain->count; i++) {
		result = judge_rule(judge, &chain->rules[i], depth, &one);
		out->picked = out->picked || one.picked;
		out->perhaps = out->perhaps || one.perhaps;
		if (result < 0 || one.fate != FILTER_PASSES)
			break;
	}
	out->fate = one.fate;
	out->decider = i;
	return result;
}

int filter_judge(const struct filter_chain *chain, const struct filter_class *class,
                 const struct filter_source *source, struct filter_judgement *out,
                 struct error *err)
{
	unsigned jumps = 0;
	const struct judge judge = {class, source, &jumps, err};

	return judge_chain(&judge, chain, 0, out);
}

int filter_judge_rule(const struct filter_rule *rule, const struct filter_class *class,
                      const struct filter_source *source, struct filter_judgement *out,
                      struct error *err)
{
	unsigned jumps = 0;
	const struct judge judge = {class, source, &jumps, err};

	return judge_rule(&judge, rule, 0, out);
}
