/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include "daemon/rule_fight.h"

static void a_few_repairs_are_no_fight(void **state)
{
	struct rule_fight fight = {0};
	uint64_t now = 1000;

	(void)state;
	assert_int_equal(rule_fight_next(&fight, now), 0);
	/* Never five within the window. */
	for (int i = 0; i < 100; i++) {
		assert_false(rule_fight_note(&fight, now));
		now += RULE_FIGHT_WINDOW_MS / (RULE_FIGHT_REPAIRS - 1) + 1;
		assert_int_equal(rule_fight_next(&fight, now), 0);
	}
	assert_int_equal(fight.fights, 0);
}

static void a_fight_is_told_once_and_ends_in_quiet(void **state)
{
	struct rule_fight fight = {0};
	uint64_t now = 1000;

	(void)state;
	for (int i = 1; i < RULE_FIGHT_REPAIRS; i++)
		assert_false(rule_fight_note(&fight, now += 100));
	assert_true(rule_fight_note(&fight, now += 100));
	assert_false(rule_fight_note(&fight, now += 100));
	assert_false(rule_fight_expire(&fight, now + RULE_FIGHT_QUIET_MS - 1));
	assert_true(fight.fighting);
	assert_true(rule_fight_expire(&fight, now + RULE_FIGHT_QUIET_MS));
	assert_false(rule_fight_expire(&fight, now + RULE_FIGHT_QUIET_MS));
	assert_false(fight.fighting);
	assert_int_equal(fight.fights, 1);
	now += RULE_FIGHT_QUIET_MS;
	for (int i = 1; i < RULE_FIGHT_REPAIRS; i++)
		assert_false(rule_fight_note(&fight, now));
	assert_true(rule_fight_note(&fight, now));
	assert_int_equal(fight.fights, 2);
}

/* Whoever fights for a minute at full speed is answered at once, then at a pace. */
static void repairs_slow_down_after_a_burst(void **state)
{
	struct rule_fight fight = {0};
	uint64_t begin = 5000, now = begin;
	unsigned in_a_minute = 0;

	(void)state;
	for (; now < begin + 60000; now++) {
		if (rule_fight_next(&fight, now) > now)
			continue;
		rule_fight_note(&fight, now);
		in_a_minute++;
		if (in_a_minute < RULE_FIGHT_BURST)
			assert_int_equal(rule_fight_next(&fight, now), 0);
		if (in_a_minute == RULE_FIGHT_BURST)
			assert_int_equal(rule_fight_next(&fight, now), now + RULE_FIGHT_PACE_MS);
	}
	assert_in_range(in_a_minute, 60, 8 * RULE_FIGHT_BURST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_few_repairs_are_no_fight),
		cmocka_unit_test(a_fight_is_told_once_and_ends_in_quiet),
		cmocka_unit_test(repairs_slow_down_after_a_burst),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
