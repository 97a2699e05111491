/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "masquerade_rules.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <stdlib.h>
#include <string.h>

/* nft's words for these are srcnat and filter. */
enum { PRIORITY_FILTER = 0, PRIORITY_SRCNAT = 100 };

#define IN(name)                                         \
	{                                                \
		MASQUERADE_IN_SET, MASQUERADE_SET_##name \
	}
#define OUTSIDE(name)                                        \
	{                                                    \
		MASQUERADE_NOT_IN_SET, MASQUERADE_SET_##name \
	}

/* In the order in which the kernel asks them; the first that matches decides. */
static const struct masquerade_rule rule_list[] = {
	{.chain = MASQUERADE_POSTROUTING,
         .marked = true,
         .verdict = MASQUERADE_RETURN,
         .comment = "left to kube-proxy"},
	{.chain = MASQUERADE_POSTROUTING,
         .source = IN(CLUSTER),
         .destination = IN(CLUSTER),
         .verdict = MASQUERADE_RETURN,
         .comment = "pods keep their address within the cluster"},
	{.chain = MASQUERADE_POSTROUTING,
         .source = IN(CLUSTER),
         .destination = IN(NONMASQUERADE),
         .verdict = MASQUERADE_RETURN,
         .comment = "pods keep their address towards these networks"},
	{.chain = MASQUERADE_POSTROUTING,
         .source = IN(CLUSTER),
         .destination = {.match = MASQUERADE_NOT_MULTICAST},
         .verdict = MASQUERADE_MASQUERADE,
         .comment = "pods to the outside"},
	{.chain = MASQUERADE_POSTROUTING,
         .source = OUTSIDE(CLUSTER),
         .destination = IN(PODS),
         .verdict = MASQUERADE_RETURN,
         .comment = "pods of this node see the client's address"},
	{.chain = MASQUERADE_POSTROUTING,
         .source = OUTSIDE(CLUSTER),
         .destination = IN(CLUSTER),
         .verdict = MASQUERADE_MASQUERADE,
         .comment = "outside to pods of other nodes"},
	{.chain = MASQUERADE_FORWARD,
         .source = IN(CLUSTER),
         .verdict = MASQUERADE_ACCEPT,
         .comment = "from pods"},
	{.chain = MASQUERADE_FORWARD,
         .destination = IN(CLUSTER),
         .verdict = MASQUERADE_ACCEPT,
         .comment = "to pods"},
};

#define RULE_COUNT (sizeof(rule_list) / sizeof(*rule_list))

_Static_assert(RULE_COUNT *IP_FAMILIES <= MASQUERADE_ENTRIES_MAX, "all rules twice must fit");

struct prefix masquerade_multicast(enum ip_family_index family)
{
	/* RFC 5771 and RFC 4291, section 2.7. */
	static const struct prefix multicast[IP_FAMILIES] = {
		[IP_V4] = {.addr = {.family = AF_INET, .bytes = {224}}, .length = 4},
		[IP_V6] = {.addr = {.family = AF_INET6, .bytes = {0xff}}, .length = 8},
	};

	return multicast[family];
}

const char *masquerade_set_name(enum ip_family_index family, enum masquerade_set set)
{
	static const char *const names[IP_FAMILIES][MASQUERADE_SETS] = {
		[IP_V4] = {"cluster4", "pods4", "nonmasquerade4"},
		[IP_V6] = {"cluster6", "pods6", "nonmasquerade6"},
	};

	return names[family][set];
}

const struct masquerade_chain_spec *masquerade_chain_spec(enum masquerade_chain chain)
{
	static const struct masquerade_chain_spec specs[MASQUERADE_CHAINS] = {
		[MASQUERADE_POSTROUTING] = {"postrouting", "nat", NF_INET_POST_ROUTING,
	                                    PRIORITY_SRCNAT},
		[MASQUERADE_FORWARD] = {"forward", "filter", NF_INET_FORWARD, PRIORITY_FILTER},
	};

	return &specs[chain];
}

/* Counts an address up by one at bit `length`; false: it was the last. */
static bool next_network(struct ip_addr *addr, unsigned length)
{
	unsigned step;

	for (size_t i = (length + 7) / 8; i > 0; i--) {
		step = i == (length + 7) / 8 ? 1U << ((8 - length % 8) % 8) : 1;
		step += addr->bytes[i - 1];
		addr->bytes[i - 1] = (uint8_t)step;
		if (step < 256)
			return true;
	}
	return false;
}

static struct masquerade_interval interval_of(const struct prefix *prefix)
{
	struct prefix network = prefix_masked(prefix);
	struct masquerade_interval interval = {.first = network.addr, .after = network.addr};

	interval.open = !next_network(&interval.after, network.length);
	if (interval.open)
		memset(&interval.after, 0, sizeof(interval.after));
	return interval;
}

/* `b` starts at or behind a's first address. */
static bool touches(const struct masquerade_interval *a, const struct masquerade_interval *b)
{
	return a->open || ip_compare(&b->first, &a->after) <= 0;
}

static void extend(struct masquerade_interval *a, const struct masquerade_interval *b)
{
	if (a->open || (!b->open && ip_compare(&b->after, &a->after) <= 0))
		return;
	a->after = b->after;
	a->open = b->open;
}

static int compare_intervals(const void *a, const void *b)
{
	return ip_compare(&((const struct masquerade_interval *)a)->first,
	                  &((const struct masquerade_interval *)b)->first);
}

int masquerade_intervals_merge(const struct prefix *prefixes, size_t count, uint8_t family,
                               struct masquerade_intervals *out)
{
	struct masquerade_interval *items = calloc(count ? count : 1, sizeof(*items));
	size_t taken = 0;

	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		if (prefixes[i].addr.family == family)
			items[taken++] = interval_of(&prefixes[i]);
	}
	qsort(items, taken, sizeof(*items), compare_intervals);
	out->items = items;
	out->count = 0;
	for (size_t i = 0; i < taken; i++) {
		if (out->count > 0 && touches(&items[out->count - 1], &items[i]))
			extend(&items[out->count - 1], &items[i]);
		else
			items[out->count++] = items[i];
	}
	return 0;
}

static int build_sets(const struct masquerade_rules *rules, enum ip_family_index family,
                      struct masquerade_intervals sets[static MASQUERADE_SETS])
{
	const struct {
		const struct prefix *prefixes;
		size_t count;
	} sources[MASQUERADE_SETS] = {
		[MASQUERADE_SET_CLUSTER] = {&rules->cluster[family], 1},
		[MASQUERADE_SET_PODS] = {&rules->own[family], rules->masquerade ? 1 : 0},
		[MASQUERADE_SET_NONMASQUERADE] = {rules->nonmasquerade,
	                                          rules->masquerade ? rules->nonmasquerade_count
	                                                            : 0},
	};

	if (rules->cluster[family].addr.family == 0)
		return 0;
	for (size_t i = 0; i < MASQUERADE_SETS; i++) {
		int result = masquerade_intervals_merge(sources[i].prefixes, sources[i].count,
		                                        ip_family(family), &sets[i]);

		if (result < 0)
			return result;
	}
	return 0;
}

static bool side_has_set(const struct masquerade_side *side,
                         const struct masquerade_intervals *sets)
{
	switch (side->match) {
	case MASQUERADE_ANY:
	case MASQUERADE_NOT_MULTICAST:
		return true;
	case MASQUERADE_IN_SET:
	case MASQUERADE_NOT_IN_SET:
		return sets[side->set].count > 0;
	}
	return false;
}

/* A rule stands where its chain does and each set that it asks has something in it. */
static bool rule_applies(const struct masquerade_ruleset *ruleset,
                         const struct masquerade_rule *rule, enum ip_family_index family)
{
	const struct masquerade_intervals *sets = ruleset->sets[family];

	if (!ruleset->chains[rule->chain])
		return false;
	if (rule->marked)
		return family == IP_V4; /* holds for both families, so it stands once */
	return sets[MASQUERADE_SET_CLUSTER].count > 0 && side_has_set(&rule->source, sets) &&
	       side_has_set(&rule->destination, sets);
}

int masquerade_ruleset_build(const struct masquerade_rules *rules, struct masquerade_ruleset *out)
{
	bool any = rules->cluster[IP_V4].addr.family != 0 || rules->cluster[IP_V6].addr.family != 0;

	memset(out, 0, sizeof(*out));
	out->chains[MASQUERADE_POSTROUTING] = any && rules->masquerade;
	out->chains[MASQUERADE_FORWARD] = any && rules->forward;
	out->fully_random = rules->fully_random;
	for (enum ip_family_index family = 0; family < IP_FAMILIES; family++) {
		int result = build_sets(rules, family, out->sets[family]);

		if (result < 0)
			return result;
		for (size_t i = 0; i < RULE_COUNT; i++) {
			if (rule_applies(out, &rule_list[i], family))
				out->entries[out->entry_count++] = (struct masquerade_entry){
					&rule_list[i], family};
		}
	}
	return 0;
}

void masquerade_ruleset_release(struct masquerade_ruleset *ruleset)
{
	for (size_t family = 0; family < IP_FAMILIES; family++) {
		for (size_t set = 0; set < MASQUERADE_SETS; set++)
			free(ruleset->sets[family][set].items);
	}
	memset(ruleset, 0, sizeof(*ruleset));
}
