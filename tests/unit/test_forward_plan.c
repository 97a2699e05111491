/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where our rules go in a chain FORWARD, and which of them go. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "netlink/forward_plan.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define TEXT_MAX     256

/*
 * A chain as words, a rule each: drop, accept, return, log; "some-" in front of one: only certain
 * packets; jump:CHAIN, goto:CHAIN; from, to: ours; old: ours of another Network; queue.
 */
static const struct {
	const char *name, *rules;
} chains[] = {
	{"drops", "some-return drop"},
	{"rejects", "log jump:drops"},
	{"accepts", "accept"},
	{"picks", "some-drop"},
	{"picks-more", "some-accept return drop"},
	{"logs", "some-log log"},
	{"empty", ""},
	{"around", "jump:around"}, /* which no kernel lets in */
	{"wide", "jump:around jump:around jump:around"},
};

static void set_verdict(struct filter_rule *rule, const char *word)
{
	static const struct {
		const char *word;
		enum filter_verdict verdict;
	} verdicts[] = {
		{"drop", FILTER_DROP},   {"accept", FILTER_ACCEPT}, {"return", FILTER_RETURN},
		{"log", FILTER_GOES_ON}, {"jump:", FILTER_JUMP},    {"goto:", FILTER_GOTO},
		{"queue", FILTER_OTHER},
	};

	for (size_t i = 0; i < COUNT(verdicts); i++) {
		size_t length = strlen(verdicts[i].word);

		if (strncmp(word, verdicts[i].word, length) != 0)
			continue;
		rule->verdict = verdicts[i].verdict;
		if (word[length - 1] == ':')
			rule->target = word + length;
		return;
	}
	fail_msg("the test's own word is wrong: %s", word);
}

static struct prefix network(const char *text)
{
	struct prefix prefix = {0};

	if (text && !prefix_parse(text, &prefix))
		fail_msg("the test's own prefix is wrong: %s", text);
	return prefix;
}

static struct filter_rule make_rule(const char *word)
{
	struct filter_rule rule = {.verdict = FILTER_ACCEPT};

	if (strcmp(word, "from") == 0 || strcmp(word, "old") == 0) {
		rule.source = network(word[0] == 'f' ? "10.1.0.0/16" : "10.2.0.0/16");
		snprintf(rule.comment, sizeof(rule.comment), "hostgwd: from pods");
	} else if (strcmp(word, "to") == 0) {
		rule.destination = network("10.1.0.0/16");
		snprintf(rule.comment, sizeof(rule.comment), "hostgwd: to pods");
	} else {
		rule.picks = strncmp(word, "some-", 5) == 0;
		set_verdict(&rule, word + (rule.picks ? 5 : 0));
	}
	return rule;
}

/* Handles are 1, 2, ... */
static void fill(struct filter_chain *chain, const char *words)
{
	char copy[TEXT_MAX], *rest = NULL;

	snprintf(copy, sizeof(copy), "%s", words);
	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		struct filter_rule rule = make_rule(word);

		rule.handle = chain->count + 1;
		assert_int_equal(filter_chain_append(chain, &rule), 0);
	}
}

static int read_chain(void *ctx, const char *name, struct filter_chain *out, struct error *err)
{
	(void)ctx;
	for (size_t i = 0; i < COUNT(chains); i++) {
		if (strcmp(chains[i].name, name) == 0) {
			fill(out, chains[i].rules);
			return 0;
		}
	}
	return error_set(err, EIO, "chain %s", name);
}

static const struct filter_source source = {.read = read_chain};

/* "-HANDLE ..." for deletions, then "+from", "+to", and what they go in front of. */
static void print_plan(const struct forward_plan *plan, char text[TEXT_MAX])
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < plan->deletion_count; i++)
		used += (size_t)snprintf(text + used, TEXT_MAX - used, "-%d ",
		                         (int)plan->deletions[i]);
	if (plan->additions[FORWARD_FROM_PODS])
		used += (size_t)snprintf(text + used, TEXT_MAX - used, "+from ");
	if (plan->additions[FORWARD_TO_PODS])
		used += (size_t)snprintf(text + used, TEXT_MAX - used, "+to ");
	if (strchr(text, '+'))
		used += (size_t)snprintf(text + used, TEXT_MAX - used, "@%d ", (int)plan->before);
	if (used > 0)
		text[used - 1] = '\0';
}

static const struct {
	bool dropping;
	const char *rules, *plan;
} cases[] = {
	/* the policy decides */
	{true, "", "+from +to @0"},
	{false, "", ""},
	{true, "some-drop", "+from +to @0"},
	{true, "log", "+from +to @1"},
	{true, "some-accept log", "+from +to @2"},
	{true, "return some-drop", "+from +to @1"},
	{false, "return drop", ""},
	{true, "goto:empty accept", "+from +to @1"},
	{false, "goto:logs drop", ""},
	{true, "queue", "+from +to @0"},
	/* a rule decides */
	{false, "drop", "+from +to @1"},
	{false, "some-accept drop accept", "+from +to @2"},
	{true, "accept", ""},
	{true, "jump:accepts drop", ""},
	{false, "jump:drops", "+from +to @1"},
	{false, "jump:picks jump:rejects", "+from +to @2"},
	{false, "goto:drops", "+from +to @1"},
	{false, "jump:picks-more", ""},
	{true, "jump:picks-more", "+from +to @0"},
	{true, "jump:picks jump:logs jump:empty", "+from +to @2"},
	/* further than one can see */
	{true, "jump:around", "+from +to @0"},
	{true, "jump:wide jump:wide", "+from +to @0"},
	/* some are there */
	{true, "from to", ""},
	{true, "to from", ""},
	{true, "from", "+to @0"},
	{true, "from to from to", "-3 -4"},
	{true, "old from to", "-1"},
	{true, "old", "-1 +from +to @0"},
	{true, "some-drop from to log", ""},
	{true, "some-drop log from to", ""},
	{true, "from to some-drop", "-1 -2 +from +to @0"},
	{true, "from some-drop to", "-1 +from @0"},
	{false, "drop from to", "-2 -3 +from +to @1"},
	{false, "from to drop", ""},
	{false, "old drop", "-1 +from +to @2"},
	/* nothing is dropped any more */
	{false, "from to", ""},
	{false, "from to some-drop", ""},
	{false, "from old from", "-2 -3"},
};

static void the_rule_that_decides_says_where_they_go(void **state)
{
	const struct prefix wanted = network("10.1.0.0/16");
	struct error err;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct forward_chain chain = {.family = AF_INET, .dropping = cases[i].dropping};
		struct forward_plan plan;
		char text[TEXT_MAX];

		fill(&chain.rules, cases[i].rules);
		assert_int_equal(forward_plan_make(&chain, &wanted, &source, &plan, &err), 0);
		print_plan(&plan, text);
		if (strcmp(text, cases[i].plan) != 0)
			fail_msg("case %zu, policy %s, \"%s\": \"%s\" is not \"%s\"", i,
			         cases[i].dropping ? "drop" : "accept", cases[i].rules, text,
			         cases[i].plan);
		forward_plan_release(&plan);
		filter_chain_release(&chain.rules);
	}
}

static void without_a_network_all_of_ours_go(void **state)
{
	const struct prefix none = {0};
	struct forward_chain chain = {.family = AF_INET, .dropping = true};
	struct forward_plan plan;
	struct error err;
	char text[TEXT_MAX];

	(void)state;
	fill(&chain.rules, "accept from some-drop old to drop");
	assert_int_equal(forward_plan_make(&chain, &none, &source, &plan, &err), 0);
	print_plan(&plan, text);
	assert_string_equal(text, "-2 -4 -5");
	forward_plan_release(&plan);
	filter_chain_release(&chain.rules);
}

static void what_cannot_be_read_is_an_error(void **state)
{
	const struct prefix wanted = network("10.1.0.0/16");
	struct forward_chain chain = {.family = AF_INET, .dropping = true};
	struct forward_plan plan;
	struct error err = {0};

	(void)state;
	fill(&chain.rules, "jump:unknown");
	assert_int_equal(forward_plan_make(&chain, &wanted, &source, &plan, &err), -EIO);
	assert_int_equal(err.code, EIO);
	forward_plan_release(&plan);
	filter_chain_release(&chain.rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rule_that_decides_says_where_they_go),
		cmocka_unit_test(without_a_network_all_of_ours_go),
		cmocka_unit_test(what_cannot_be_read_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
