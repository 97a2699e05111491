/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "masquerade_repair.h"

#include <string.h>

static bool same_rules(const struct image_chain *a, const struct image_chain *b)
{
	if (a->rule_count != b->rule_count)
		return false;
	for (size_t i = 0; i < a->rule_count; i++)
		if (strcmp(a->rules[i], b->rules[i]) != 0)
			return false;
	return true;
}

static bool same_elements(const struct image_set *a, const struct image_set *b)
{
	return a->element_count == b->element_count &&
	       (a->element_count == 0 ||
	        memcmp(a->elements, b->elements, a->element_count * sizeof(*a->elements)) == 0);
}

static void judge_chain(const struct image_chain *seen, const struct image_chain *wanted,
                        size_t which, struct masquerade_repair *repair)
{
	enum repair_step *step = &repair->chains[which];

	if (!seen->there && !wanted->there)
		return;
	if (!wanted->there) {
		*step = REPAIR_REMOVE;
	} else if (!seen->there) {
		*step = REPAIR_MAKE;
	} else if (strcmp(seen->type, wanted->type) != 0 || seen->hook != wanted->hook ||
	           seen->priority != wanted->priority) {
		*step = REPAIR_REMAKE;
	} else {
		repair->set_policy[which] = seen->policy != wanted->policy;
		if (!same_rules(seen, wanted)) {
			*step = REPAIR_REFILL;
			repair->found[MASQUERADE_RULES_DIFFER] = true;
		}
	}
	if ((*step != REPAIR_KEEP && *step != REPAIR_REFILL) || repair->set_policy[which])
		repair->found[MASQUERADE_CHAIN_DIFFERS] = true;
}

static void judge_set(const struct image_set *seen, const struct image_set *wanted,
                      enum repair_step *step, struct masquerade_repair *repair)
{
	if (!seen->there && !wanted->there)
		return;
	if (!wanted->there)
		*step = REPAIR_REMOVE;
	else if (!seen->there)
		*step = REPAIR_MAKE;
	else if (seen->flags != wanted->flags || seen->key_type != wanted->key_type ||
	         seen->key_length != wanted->key_length || seen->size != wanted->size)
		*step = REPAIR_REMAKE;
	else if (!same_elements(seen, wanted))
		*step = REPAIR_REFILL;
	if (*step == REPAIR_REFILL)
		repair->found[MASQUERADE_ELEMENTS_DIFFER] = true;
	else if (*step != REPAIR_KEEP)
		repair->found[MASQUERADE_SET_DIFFERS] = true;
}

/* A set goes only when no rule asks it any more: all rules are written anew then. */
static void free_sets(const struct masquerade_image *wanted, struct masquerade_repair *repair)
{
	bool goes = false;

	for (size_t family = 0; family < IP_FAMILIES; family++)
		for (size_t set = 0; set < MASQUERADE_SETS; set++)
			goes |= repair->sets[family][set] == REPAIR_REMOVE ||
			        repair->sets[family][set] == REPAIR_REMAKE;
	for (size_t chain = 0; goes && chain < MASQUERADE_CHAINS; chain++)
		if (repair->chains[chain] == REPAIR_KEEP && wanted->chains[chain].there)
			repair->chains[chain] = REPAIR_REFILL;
}

static bool found_anything(const struct masquerade_repair *repair)
{
	for (size_t i = 0; i < MASQUERADE_FINDINGS; i++)
		if (repair->found[i])
			return true;
	return false;
}

static void judge_contents(const struct masquerade_image *seen,
                           const struct masquerade_image *wanted, struct masquerade_repair *repair)
{
	repair->reset_flags = seen->flags != 0;
	repair->found[MASQUERADE_FLAGS_DIFFER] = repair->reset_flags;
	repair->found[MASQUERADE_FOREIGN_OBJECT] = seen->extra_count > 0;
	for (size_t chain = 0; chain < MASQUERADE_CHAINS; chain++)
		judge_chain(&seen->chains[chain], &wanted->chains[chain], chain, repair);
	for (size_t family = 0; family < IP_FAMILIES; family++)
		for (size_t set = 0; set < MASQUERADE_SETS; set++)
			judge_set(&seen->sets[family][set], &wanted->sets[family][set],
			          &repair->sets[family][set], repair);
	repair->needed = found_anything(repair);
	if (repair->needed)
		free_sets(wanted, repair);
}

void masquerade_repair_find(const struct masquerade_image *seen,
                            const struct masquerade_image *wanted, struct masquerade_repair *out)
{
	memset(out, 0, sizeof(*out));
	if (seen->there && wanted->there) {
		judge_contents(seen, wanted, out);
		return;
	}
	out->needed = seen->there != wanted->there;
	out->remove_table = seen->there && !wanted->there;
	out->whole = wanted->there && !seen->there;
	out->found[MASQUERADE_TABLE_MISSING] = out->whole;
	out->found[MASQUERADE_TABLE_UNWANTED] = out->remove_table;
}

void masquerade_repair_whole(struct masquerade_repair *repair)
{
	repair->whole = !repair->remove_table;
}
