/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The entries of an iptables-legacy table of either family (the first byte says which), with the
 * hooks anywhere: nothing is read beyond them, and what is read can be judged.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "netlink/legacy_table.h"
#include "tests/unit/made_legacy.h"

/* What is asked of a table that is read. */
static void judge(const struct legacy_table *table, uint8_t family)
{
	const struct filter_class class = {.family = family};
	const struct legacy_chain *forward = legacy_table_find(table, "FORWARD");
	struct filter_source source = legacy_table_source(table);
	struct filter_judgement judgement;
	struct error err = {0};

	if (forward && filter_judge(&forward->rules, &class, &source, &judgement, &err) == 0)
		assert_true(judgement.decider <= forward->rules.count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t family = size > 0 && data[0] % 2 ? AF_INET6 : AF_INET;
	uint32_t hooks[LEGACY_HOOKS] = {UINT32_MAX, UINT32_MAX, 0, UINT32_MAX, UINT32_MAX};
	struct legacy_table table;
	uint8_t *bytes;

	if (size < 2)
		return 0;
	hooks[4] = data[1] * 8U;
	bytes = malloc(size - 2);
	assert_true(bytes || size == 2);
	if (size > 2)
		memcpy(bytes, data + 2, size - 2);
	if (legacy_table_parse(family, bytes, size - 2, hooks, &table) == 0)
		judge(&table, family);
	legacy_table_release(&table);
	free(bytes);
	return 0;
}

bool fuzz_make_seed(size_t number, struct text *seed)
{
	struct made_legacy table = {.family = number == 0 ? AF_INET : AF_INET6};
	const char head[2] = {(char)number, 0};
	struct made_legacy_rule rule = {.verdict = -2, .comment = "x", .match = "state"};

	if (number > 1)
		return false;
	made_legacy_add(&table, &rule);
	rule = (struct made_legacy_rule){.verdict = (int)table.used};
	made_legacy_add(&table, &rule);
	rule.verdict = -1;
	made_legacy_add(&table, &rule);
	made_legacy_begin(&table, "MINE");
	made_legacy_add(&table, &rule);
	made_legacy_begin(&table, "ERROR");
	add_bytes(seed, head, sizeof(head));
	add_bytes(seed, (const char *)table.bytes, table.used);
	return true;
}
