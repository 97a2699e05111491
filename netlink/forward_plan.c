/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "forward_plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Where in the chain ours belong. */
struct room {
	size_t first; /* behind the last rule that picks packets out; what only logs may follow */
	size_t end;   /* the rule that decides about all the others, or the chain's count */
	bool needed;  /* they are dropped there */
};

/*
 * The rule that decides: the first one, not ours, that any packet which came so far is dropped,
 * rejected or accepted by, itself or in a chain that it leads to whatever the packet (as ufw's
 * ufw-reject-forward may); where there is none, or it only leaves the chain, the policy decides.
 */
static int find_room(const struct forward_chain *chain, const struct filter_source *source,
                     struct room *room, struct error *err)
{
	const struct filter_class any = {.family = chain->family};
	const struct filter_chain *rules = &chain->rules;
	struct filter_judgement judgement = {.fate = FILTER_PASSES};

	*room = (struct room){.end = rules->count};
	for (size_t i = 0; i < rules->count; i++) {
		if (forward_rule_is_ours(&rules->rules[i]))
			continue;
		if (filter_judge_rule(&rules->rules[i], &any, source, &judgement, err) < 0)
			return error_wrap(err, "the rules of chain FORWARD");
		if (judgement.fate != FILTER_PASSES) {
			room->end = i;
			break;
		}
		if (judgement.picked)
			room->first = i + 1;
	}
	room->needed = judgement.fate == FILTER_DROPPED ||
	               (judgement.fate != FILTER_ACCEPTED && chain->dropping);
	return 0;
}

static enum forward_side side_of(const struct filter_rule *ours)
{
	return ours->source.addr.family != 0 ? FORWARD_FROM_PODS : FORWARD_TO_PODS;
}

static const struct prefix *prefix_of(const struct filter_rule *ours)
{
	return ours->source.addr.family != 0 ? &ours->source : &ours->destination;
}

/* Where nothing is dropped, the place does not matter. */
static bool is_in_place(size_t i, const struct room *room)
{
	return !room->needed || (i >= room->first && i < room->end);
}

/* Keeps the first right one of each side. */
static int sort_ours(const struct filter_chain *rules, const struct prefix *network,
                     const struct room *room, struct forward_plan *out)
{
	bool kept[FORWARD_SIDES] = {false};

	out->deletions = calloc(rules->count + 1, sizeof(*out->deletions));
	if (!out->deletions)
		return -ENOMEM;
	for (size_t i = 0; i < rules->count; i++) {
		const struct filter_rule *rule = &rules->rules[i];

		if (!forward_rule_is_ours(rule))
			continue;
		if (kept[side_of(rule)] || !prefix_equal(prefix_of(rule), network) ||
		    !is_in_place(i, room))
			out->deletions[out->deletion_count++] = rule->handle;
		else
			kept[side_of(rule)] = true;
	}
	for (enum forward_side side = 0; side < FORWARD_SIDES; side++)
		out->additions[side] = network->addr.family != 0 && room->needed && !kept[side];
	return 0;
}

static uint64_t find_neighbour(const struct filter_chain *rules, size_t first)
{
	for (size_t i = first; i < rules->count; i++)
		if (!forward_rule_is_ours(&rules->rules[i]))
			return rules->rules[i].handle;
	return 0;
}

const char *forward_comment(enum forward_side side)
{
	switch (side) {
	case FORWARD_FROM_PODS:
		return FORWARD_COMMENT_PREFIX "from pods";
	case FORWARD_TO_PODS:
	case FORWARD_SIDES:
		break;
	}
	return FORWARD_COMMENT_PREFIX "to pods";
}

bool forward_rule_is_ours(const struct filter_rule *rule)
{
	bool one_side = (rule->source.addr.family != 0) != (rule->destination.addr.family != 0);

	return one_side && rule->verdict == FILTER_ACCEPT && !rule->picks && !rule->source_set &&
	       !rule->destination_set &&
	       strncmp(rule->comment, FORWARD_COMMENT_PREFIX, strlen(FORWARD_COMMENT_PREFIX)) == 0;
}

int forward_plan_make(const struct forward_chain *chain, const struct prefix *network,
                      const struct filter_source *source, struct forward_plan *out,
                      struct error *err)
{
	struct room room;
	int result;

	*out = (struct forward_plan){0};
	result = find_room(chain, source, &room, err);
	if (result < 0)
		return result;
	if (sort_ours(&chain->rules, network, &room, out) < 0)
		return error_set(err, ENOMEM, "no memory for the rules of chain FORWARD");
	out->before = find_neighbour(&chain->rules, room.first);
	return 0;
}

void forward_plan_release(struct forward_plan *plan)
{
	free(plan->deletions);
	*plan = (struct forward_plan){0};
}

static struct filter_rule make_ours(enum forward_side side, const struct prefix *network)
{
	struct filter_rule rule = {.verdict = FILTER_ACCEPT};

	if (side == FORWARD_FROM_PODS)
		rule.source = *network;
	else
		rule.destination = *network;
	snprintf(rule.comment, sizeof(rule.comment), "%s", forward_comment(side));
	return rule;
}

int forward_plan_foresee(const struct forward_plan *plan, const struct prefix *network,
                         struct filter_chain *rules)
{
	size_t at = 0;

	while (at < rules->count && (plan->before == 0 || rules->rules[at].handle != plan->before))
		at++;
	for (enum forward_side side = 0; side < FORWARD_SIDES; side++) {
		const struct filter_rule ours = make_ours(side, network);

		if (!plan->additions[side])
			continue;
		if (filter_chain_append(rules, &ours) < 0)
			return -ENOMEM;
		memmove(&rules->rules[at + 1], &rules->rules[at],
		        (rules->count - 1 - at) * sizeof(ours));
		rules->rules[at++] = ours;
	}
	return 0;
}

bool forward_plan_is_empty(const struct forward_plan *plan)
{
	return plan->deletion_count == 0 && !plan->additions[FORWARD_FROM_PODS] &&
	       !plan->additions[FORWARD_TO_PODS];
}
