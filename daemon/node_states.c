/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node_states.h"

#include <errno.h>
#include <stdlib.h>

#include "hash.h"

struct entry {
	uint64_t key;   /* of the node's name, the pod CIDR, and which of its claims it is */
	uint32_t since; /* seconds since 1970: until 2106 */
	uint8_t state;
};

struct node_states {
	struct entry *entries; /* sorted by key */
	size_t count;
	size_t counts[CLAIM_STATES];
};

int node_states_new(struct node_states **out, struct error *err)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : error_set(err, ENOMEM, "out of memory");
}

void node_states_free(struct node_states *states)
{
	if (!states)
		return;
	free(states->entries);
	free(states);
}

/* A node's claims lie side by side in the plan. */
static uint64_t key_of(const struct plan *plan, size_t index)
{
	const struct claim *claim = &plan->claims[index];
	uint64_t hash = hash_add(HASH_START, claim->node->name, strlen(claim->node->name) + 1);
	uint8_t number = 0;

	for (size_t i = index; i > 0 && plan->claims[i - 1].node == claim->node; i--)
		number++;
	hash = hash_add(hash, claim->cidr.addr.bytes, sizeof(claim->cidr.addr.bytes));
	hash = hash_add(hash, &claim->cidr.length, sizeof(claim->cidr.length));
	return hash_add(hash, &number, sizeof(number));
}

static int compare_keys(const void *a, const void *b)
{
	uint64_t left = ((const struct entry *)a)->key, right = ((const struct entry *)b)->key;

	return (left > right) - (left < right);
}

static const struct entry *find(const struct node_states *states, uint64_t key)
{
	const struct entry wanted = {.key = key};

	if (states->count == 0)
		return NULL;
	return bsearch(&wanted, states->entries, states->count, sizeof(wanted), compare_keys);
}

int node_states_note(struct node_states *states, struct plan *plan, int64_t now,
                     node_states_judge_fn judge, node_states_change_fn changed, void *ctx)
{
	struct entry *entries = calloc(plan->claim_count + 1, sizeof(*entries));

	if (!entries)
		return -ENOMEM;
	memset(states->counts, 0, sizeof(states->counts));
	for (size_t i = 0; i < plan->claim_count; i++) {
		struct claim *claim = &plan->claims[i];
		uint64_t key = key_of(plan, i);
		const struct entry *former = find(states, key);

		if (claim->state == CLAIM_ROUTED)
			claim->state = judge(ctx, claim);
		claim->since = former && former->state == claim->state ? former->since
		                                                       : (uint32_t)now;
		entries[i] = (struct entry){
			.key = key, .since = claim->since, .state = (uint8_t)claim->state};
		states->counts[claim->state]++;
		if (!former || former->state != claim->state)
			changed(ctx, claim,
			        former ? (enum claim_state)former->state : CLAIM_STATES);
	}
	if (plan->claim_count > 0)
		qsort(entries, plan->claim_count, sizeof(*entries), compare_keys);
	free(states->entries);
	states->entries = entries;
	states->count = plan->claim_count;
	return 0;
}

void node_states_recall(const struct node_states *states, struct plan *plan)
{
	for (size_t i = 0; i < plan->claim_count; i++) {
		struct claim *claim = &plan->claims[i];
		const struct entry *entry = find(states, key_of(plan, i));

		if (claim->state != CLAIM_ROUTED) {
			if (entry && entry->state == claim->state)
				claim->since = entry->since;
			continue;
		}
		claim->state = entry ? (enum claim_state)entry->state : CLAIM_PENDING;
		/* The plan has changed its mind since, and no round has followed yet. */
		if (claim->state != CLAIM_ROUTED && claim->state < CLAIM_PENDING)
			claim->state = CLAIM_PENDING;
		else if (entry)
			claim->since = entry->since;
	}
}

size_t node_states_count(const struct node_states *states, enum claim_state state)
{
	return states->counts[state];
}

bool node_states_is_well(enum claim_state state)
{
	return state == CLAIM_ROUTED || state == CLAIM_OWN || state == CLAIM_FAMILY_OFF;
}
