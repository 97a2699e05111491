/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "netlink/masquerade_rules.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define TEXT_MAX     4096
#define PREFIXES_MAX 8

__attribute__((format(printf, 2, 3))) static void append(char *text, const char *format, ...)
{
	size_t used = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + used, TEXT_MAX - used, format, args);
	va_end(args);
}

/* Splits a list of prefixes with one space between two. */
static size_t parse_prefixes(const char *list, struct prefix prefixes[PREFIXES_MAX])
{
	char copy[256];
	char *rest = NULL;
	size_t count = 0;

	snprintf(copy, sizeof(copy), "%s", list);
	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		if (count == PREFIXES_MAX || !prefix_parse(word, &prefixes[count++]))
			fail_msg("the test's own prefix is wrong: %s", word);
	}
	return count;
}

/* "10.0.0.0-10.1.0.0 ...": from the first address to the one behind the last. */
static void print_intervals(const struct masquerade_intervals *intervals, char *text)
{
	char first[IP_TEXT_MAX];
	char after[IP_TEXT_MAX];

	for (size_t i = 0; i < intervals->count; i++) {
		const struct masquerade_interval *interval = &intervals->items[i];

		append(text, "%s%s-%s", i ? " " : "", ip_format(&interval->first, first),
		       interval->open ? "end" : ip_format(&interval->after, after));
	}
}

static void prefixes_become_disjoint_intervals(void **state)
{
	static const struct {
		uint8_t family;
		const char *prefixes, *intervals;
	} cases[] = {
		{AF_INET, "", ""},
		{AF_INET, "10.1.0.0/16", "10.1.0.0-10.2.0.0"},
		{AF_INET, "10.1.2.3/32", "10.1.2.3-10.1.2.4"},
		{AF_INET, "10.1.255.255/32", "10.1.255.255-10.2.0.0"},
		{AF_INET, "10.1.2.128/25", "10.1.2.128-10.1.3.0"},
		{AF_INET, "172.16.0.0/12", "172.16.0.0-172.32.0.0"},
		{AF_INET, "10.0.0.0/8 10.1.0.0/16", "10.0.0.0-11.0.0.0"},
		{AF_INET, "10.1.0.0/16 10.0.0.0/8", "10.0.0.0-11.0.0.0"},
		{AF_INET, "10.0.0.0/8 10.0.0.0/16 10.255.0.0/16", "10.0.0.0-11.0.0.0"},
		{AF_INET, "10.0.0.0/8 10.0.0.0/8", "10.0.0.0-11.0.0.0"},
		{AF_INET, "10.0.1.0/24 10.0.0.0/24", "10.0.0.0-10.0.2.0"},
		{AF_INET, "10.0.1.0/24 10.0.2.0/24 10.0.4.0/24",
	         "10.0.1.0-10.0.3.0 10.0.4.0-10.0.5.0"},
		{AF_INET, "192.168.0.0/16 10.0.0.0/8", "10.0.0.0-11.0.0.0 192.168.0.0-192.169.0.0"},
		{AF_INET, "240.0.0.0/4", "240.0.0.0-end"},
		{AF_INET, "255.255.255.255/32", "255.255.255.255-end"},
		{AF_INET, "0.0.0.0/0 10.0.0.0/8", "0.0.0.0-end"},
		{AF_INET, "0.0.0.0/1 128.0.0.0/1", "0.0.0.0-end"},
		{AF_INET, "0.0.0.0/1 fd00::/8", "0.0.0.0-128.0.0.0"},
		{AF_INET, "240.0.0.0/4 250.0.0.0/8", "240.0.0.0-end"},
		{AF_INET6, "10.0.0.0/8 fd00::/8", "fd00::-fe00::"},
		{AF_INET6, "fd00::/64", "fd00::-fd00:0:0:1::"},
		{AF_INET6, "fd00::/63 fd00:0:0:2::/64", "fd00::-fd00:0:0:3::"},
		{AF_INET6, "fd00::ffff/128", "fd00::ffff-fd00::1:0"},
		{AF_INET6, "fd00:ffff:ffff:ffff::/64", "fd00:ffff:ffff:ffff::-fd01::"},
		{AF_INET6, "ff00::/8", "ff00::-end"},
		{AF_INET6, "::/0", "::-end"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct prefix prefixes[PREFIXES_MAX];
		struct masquerade_intervals intervals;
		char text[TEXT_MAX] = "";
		size_t count = parse_prefixes(cases[i].prefixes, prefixes);

		assert_int_equal(
			masquerade_intervals_merge(prefixes, count, cases[i].family, &intervals),
			0);
		print_intervals(&intervals, text);
		free(intervals.items);
		if (strcmp(text, cases[i].intervals) != 0)
			fail_msg("\"%s\": %s", cases[i].prefixes, text);
	}
}

static void print_side(const char *name, const struct masquerade_side *side,
                       enum ip_family_index family, char *text)
{
	switch (side->match) {
	case MASQUERADE_ANY:
		break;
	case MASQUERADE_IN_SET:
		append(text, " %s %s", name, masquerade_set_name(family, side->set));
		break;
	case MASQUERADE_NOT_IN_SET:
		append(text, " %s not %s", name, masquerade_set_name(family, side->set));
		break;
	case MASQUERADE_NOT_MULTICAST:
		append(text, " %s not multicast%d", name, family == IP_V6 ? 6 : 4);
		break;
	}
}

/* Chains, sets and rules, one a line. */
static void print_ruleset(const struct masquerade_ruleset *ruleset, char *text)
{
	static const char *const verdicts[] = {"return", "accept", "masquerade"};

	for (enum ip_family_index family = 0; family < IP_FAMILIES; family++) {
		for (enum masquerade_set set = 0; set < MASQUERADE_SETS; set++) {
			if (ruleset->sets[family][set].count == 0)
				continue;
			append(text, "%s ", masquerade_set_name(family, set));
			print_intervals(&ruleset->sets[family][set], text);
			append(text, "\n");
		}
	}
	for (size_t i = 0; i < ruleset->entry_count; i++) {
		const struct masquerade_entry *entry = &ruleset->entries[i];

		append(text, "%s:", masquerade_chain_spec(entry->rule->chain)->name);
		if (entry->rule->marked)
			append(text, " marked");
		print_side("from", &entry->rule->source, entry->family, text);
		print_side("to", &entry->rule->destination, entry->family, text);
		append(text, " %s\n", verdicts[entry->rule->verdict]);
	}
}

struct rules_case {
	bool masquerade, forward;
	const char *cluster4, *own4, *cluster6, *own6; /* NULL: not used */
	const char *nonmasquerade;
	const char *text;
};

static struct prefix optional(const char *text)
{
	struct prefix prefix = {0};

	if (text && !prefix_parse(text, &prefix))
		fail_msg("the test's own prefix is wrong: %s", text);
	return prefix;
}

static void check_rules(const struct rules_case *wanted)
{
	struct prefix others[PREFIXES_MAX];
	struct masquerade_rules rules = {
		.masquerade = wanted->masquerade,
		.forward = wanted->forward,
		.fully_random = true,
		.cluster = {optional(wanted->cluster4), optional(wanted->cluster6)},
		.own = {optional(wanted->own4), optional(wanted->own6)},
		.nonmasquerade = others,
		.nonmasquerade_count = parse_prefixes(wanted->nonmasquerade, others),
	};
	struct masquerade_ruleset ruleset;
	char text[TEXT_MAX] = "";

	assert_int_equal(masquerade_ruleset_build(&rules, &ruleset), 0);
	print_ruleset(&ruleset, text);
	assert_string_equal(text, wanted->text);
	assert_int_equal(ruleset.chains[MASQUERADE_POSTROUTING],
	                 strstr(text, "postrouting") != NULL);
	assert_int_equal(ruleset.chains[MASQUERADE_FORWARD], strstr(text, "forward") != NULL);
	assert_true(ruleset.fully_random);
	masquerade_ruleset_release(&ruleset);
}

static void rules_stand_in_the_order_of_the_contract(void **state)
{
	static const struct rules_case cases[] = {
		{.masquerade = true,
	         .forward = true,
	         .cluster4 = "10.244.0.0/16",
	         .own4 = "10.244.1.0/24",
	         .nonmasquerade = "192.168.0.0/16",
	         .text = "cluster4 10.244.0.0-10.245.0.0\n"
	                 "pods4 10.244.1.0-10.244.2.0\n"
	                 "nonmasquerade4 192.168.0.0-192.169.0.0\n"
	                 "postrouting: marked return\n"
	                 "postrouting: from cluster4 to cluster4 return\n"
	                 "postrouting: from cluster4 to nonmasquerade4 return\n"
	                 "postrouting: from cluster4 to not multicast4 masquerade\n"
	                 "postrouting: from not cluster4 to pods4 return\n"
	                 "postrouting: from not cluster4 to cluster4 masquerade\n"
	                 "forward: from cluster4 accept\n"
	                 "forward: to cluster4 accept\n"},
		{.masquerade = true,
	         .cluster6 = "fd00::/48",
	         .own6 = "fd00:0:0:1::/64",
	         .nonmasquerade = "192.168.0.0/16",
	         .text = "cluster6 fd00::-fd00:0:1::\n"
	                 "pods6 fd00:0:0:1::-fd00:0:0:2::\n"
	                 "postrouting: marked return\n"
	                 "postrouting: from cluster6 to cluster6 return\n"
	                 "postrouting: from cluster6 to not multicast6 masquerade\n"
	                 "postrouting: from not cluster6 to pods6 return\n"
	                 "postrouting: from not cluster6 to cluster6 masquerade\n"},
		{.forward = true,
	         .cluster4 = "10.244.0.0/16",
	         .own4 = "10.244.1.0/24",
	         .cluster6 = "fd00::/48",
	         .own6 = "fd00:0:0:1::/64",
	         .nonmasquerade = "192.168.0.0/16",
	         .text = "cluster4 10.244.0.0-10.245.0.0\n"
	                 "cluster6 fd00::-fd00:0:1::\n"
	                 "forward: from cluster4 accept\n"
	                 "forward: to cluster4 accept\n"
	                 "forward: from cluster6 accept\n"
	                 "forward: to cluster6 accept\n"},
		{.masquerade = true,
	         .cluster4 = "10.244.0.0/16",
	         .nonmasquerade = "",
	         .text = "cluster4 10.244.0.0-10.245.0.0\n"
	                 "postrouting: marked return\n"
	                 "postrouting: from cluster4 to cluster4 return\n"
	                 "postrouting: from cluster4 to not multicast4 masquerade\n"
	                 "postrouting: from not cluster4 to cluster4 masquerade\n"},
		/* Nothing is left: the table goes. */
		{.cluster4 = "10.244.0.0/16",
	         .nonmasquerade = "",
	         .text = "cluster4 10.244.0.0-10.245.0.0\n"},
		{.masquerade = true,
	         .forward = true,
	         .own4 = "10.244.1.0/24",
	         .nonmasquerade = "",
	         .text = ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check_rules(&cases[i]);
}

/* nft shows a comment only if it fits the kernel's user data. */
static void comments_fit(void **state)
{
	struct prefix some[IP_FAMILIES] = {optional("10.244.0.0/16"), optional("fd00::/48")};
	struct masquerade_rules rules = {
		.masquerade = true,
		.forward = true,
		.cluster = {some[0], some[1]},
		.own = {some[0], some[1]},
		.nonmasquerade = some,
		.nonmasquerade_count = COUNT(some),
	};
	struct masquerade_ruleset ruleset;

	(void)state;
	assert_int_equal(masquerade_ruleset_build(&rules, &ruleset), 0);
	assert_int_equal(ruleset.entry_count, 15);
	for (size_t i = 0; i < ruleset.entry_count; i++)
		assert_in_range(strlen(ruleset.entries[i].rule->comment), 1, 127);
	masquerade_ruleset_release(&ruleset);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefixes_become_disjoint_intervals),
		cmocka_unit_test(rules_stand_in_the_order_of_the_contract),
		cmocka_unit_test(comments_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
