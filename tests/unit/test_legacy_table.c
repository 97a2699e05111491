/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iptables-legacy's tables from the kernel's bytes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "made_legacy.h"
#include "netlink/legacy_table.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

enum { DROP = -1, ACCEPT = -2, QUEUE = -4, RETURN = -5 };
enum { HOOK_FORWARD = 2, F_GOTO4 = 2, F_GOTO6 = 4 };

static void add_verdict(struct made_legacy *table, uint32_t verdict, uint8_t flags)
{
	const struct made_legacy_rule rule = {.verdict = (int)verdict, .flags = flags};

	made_legacy_add(table, &rule);
}

/* FORWARD with one rule of each kind and its policy, then the chain MINE, whose rules begin at
 * `mine`: where they really do is returned. */
static uint32_t fill_table(struct made_legacy *table, uint32_t mine)
{
	bool four = table->family == AF_INET;
	const struct made_legacy_rule rules[] = {
		{.verdict = ACCEPT,
	         .source = four ? "10.244.0.0/16" : "fd00:244::/48",
	         .comment = "of mine"},
		{.verdict = ACCEPT, .interface = 'e'},
		{.verdict = ACCEPT, .protocol = 6},
		{.verdict = DROP, .match = "conntrack"},
		{.target = "LOG"},
		{.target = "REJECT"},
		{.target = "UNHEARD"},
		{.verdict = QUEUE},
		{.verdict = RETURN},
	};
	size_t before;

	table->used = 0;
	for (size_t i = 0; i < COUNT(rules); i++)
		made_legacy_add(table, &rules[i]);
	add_verdict(table, mine, 0);
	before = table->used;
	add_verdict(table, mine, four ? F_GOTO4 : F_GOTO6);
	/* Without a target: on to the next rule. */
	add_verdict(table, (uint32_t)(2 * table->used - before), 0);
	add_verdict(table, (uint32_t)before, 0); /* into the middle of a chain */
	add_verdict(table, (uint32_t)DROP, 0);
	mine = made_legacy_begin(table, "MINE");
	add_verdict(table, (uint32_t)RETURN, 0);
	made_legacy_begin(table, "ERROR");
	return mine;
}

static struct made_legacy make_table(uint8_t family, uint32_t hooks[LEGACY_HOOKS])
{
	struct made_legacy table = {.family = family};

	fill_table(&table, fill_table(&table, 0));
	memset(hooks, 0xff, LEGACY_HOOKS * sizeof(*hooks));
	hooks[HOOK_FORWARD] = 0;
	return table;
}

static const struct {
	bool picks;
	enum filter_verdict verdict;
} wanted[] = {
	{false, FILTER_ACCEPT}, {true, FILTER_ACCEPT},   {true, FILTER_ACCEPT},
	{true, FILTER_DROP},    {false, FILTER_GOES_ON}, {false, FILTER_DROP},
	{false, FILTER_OTHER},  {false, FILTER_OTHER},   {false, FILTER_RETURN},
	{false, FILTER_JUMP},   {false, FILTER_GOTO},    {false, FILTER_GOES_ON},
	{false, FILTER_OTHER},  {false, FILTER_DROP},
};

static void check_table(uint8_t family)
{
	uint32_t hooks[LEGACY_HOOKS];
	struct made_legacy made = make_table(family, hooks);
	const struct legacy_chain *forward;
	struct legacy_table table;

	assert_int_equal(legacy_table_parse(family, made.bytes, made.used, hooks, &table), 0);
	forward = legacy_table_find(&table, "FORWARD");
	assert_non_null(forward);
	assert_int_equal(forward->rules.count, COUNT(wanted));
	for (size_t i = 0; i < COUNT(wanted); i++) {
		const struct filter_rule *rule = &forward->rules.rules[i];

		if (rule->picks != wanted[i].picks || rule->verdict != wanted[i].verdict)
			fail_msg("rule %zu: picks %d, verdict %d", i, rule->picks, rule->verdict);
	}
	assert_string_equal(forward->rules.rules[0].comment, "of mine");
	assert_int_equal(forward->rules.rules[0].source.length, family == AF_INET ? 16 : 48);
	assert_string_equal(forward->rules.rules[9].target, "MINE");
	assert_int_equal(legacy_table_find(&table, "MINE")->rules.count, 1);
	assert_null(legacy_table_find(&table, "INPUT"));
	legacy_table_release(&table);
}

static void each_kind_of_rule_is_read(void **state)
{
	(void)state;
	check_table(AF_INET);
	check_table(AF_INET6);
}

/* Whatever is cut off, nothing is read beyond it (the sanitizers watch). */
static void what_is_cut_short_is_refused(void **state)
{
	uint32_t hooks[LEGACY_HOOKS];
	struct made_legacy made = make_table(AF_INET, hooks);

	(void)state;
	for (size_t size = 1; size < made.used; size++) {
		unsigned char *bytes = malloc(size);
		struct legacy_table table;
		int result;

		assert_non_null(bytes);
		memcpy(bytes, made.bytes, size);
		result = legacy_table_parse(AF_INET, bytes, size, hooks, &table);
		/* Behind a whole entry it may just have ended. */
		assert_true(result == 0 || result == -EBADMSG);
		legacy_table_release(&table);
		free(bytes);
	}
}

static void tables_in_use_are_listed_by_the_kernel(void **state)
{
	static const struct {
		const char *lines, *table;
		int used;
	} cases[] = {
		{"", "filter", 0},
		{"filter\n", "filter", 1},
		{"nat\nfilter\n", "filter", 1},
		{"nat\nfilter2\n", "filter", 0},
		{"nat\nfilter", "filter", 1},
		{"mangle\nraw\n", "nat", 0},
	};
	char path[] = "/tmp/hostgw-names-XXXXXX";
	int fd = mkstemp(path);
	struct error err;

	(void)state;
	assert_true(fd >= 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, cases[i].lines, strlen(cases[i].lines), 0),
		                 strlen(cases[i].lines));
		assert_int_equal(legacy_table_is_used(path, cases[i].table, &err), cases[i].used);
	}
	close(fd);
	unlink(path);
	assert_int_equal(legacy_table_is_used(path, "filter", &err), 0);
	assert_int_equal(legacy_table_is_used("/dev/null/x", "filter", &err), -ENOTDIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_of_rule_is_read),
		cmocka_unit_test(what_is_cut_short_is_refused),
		cmocka_unit_test(tables_in_use_are_listed_by_the_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
