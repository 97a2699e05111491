/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When rounds are due. */
#include "check.h"
#include "daemon/round_clock.h"

#define NEVER UINT64_MAX

static const struct round_rest nothing = {.next_due = NEVER};
static const struct round_rest failure = {.failed = true, .next_due = NEVER};
static const struct round_rest race = {.raced = true, .next_due = NEVER};

/* A round that begins and ends at `now`, with no event meanwhile. */
static uint64_t run(struct round_clock *clock, const struct round_rest *rest, uint64_t now)
{
	round_clock_begin(clock, now);
	return round_clock_end(clock, rest, now, NEVER);
}

static void test_events_make_rounds_with_gaps(void **state)
{
	struct round_clock clock = {0};

	(void)state;
	assert_int_equal(round_clock_ask(&clock, 1000), 0);
	assert_true(run(&clock, &nothing, 1000) == NEVER);
	/* A burst makes one round, a gap after the last. */
	assert_int_equal(round_clock_ask(&clock, 1000), ROUND_GAP_MS);
	assert_int_equal(round_clock_ask(&clock, 1003), ROUND_GAP_MS - 3);
	assert_int_equal(round_clock_ask(&clock, 1000 + ROUND_GAP_MS), 0);
	assert_int_equal(round_clock_ask(&clock, 99999), 0);
}

static void test_failures_wait_longer_each_time(void **state)
{
	struct round_clock clock = {0};
	uint64_t now = 1000, wanted = ROUND_RETRY_FIRST_MS;

	(void)state;
	for (int i = 0; i < 8; i++) {
		uint64_t wait = run(&clock, &failure, now);

		assert_int_equal(wait, wanted);
		now += wait;
		wanted = wanted * 2 > ROUND_RETRY_MOST_MS ? ROUND_RETRY_MOST_MS : wanted * 2;
	}
	/* Once it works, the next failure begins anew. */
	assert_true(run(&clock, &nothing, now) == NEVER);
	assert_int_equal(run(&clock, &failure, now), ROUND_RETRY_FIRST_MS);
}

/* Else a busy host would soon wait half a minute. */
static void test_rounds_for_events_do_not_lengthen_the_wait(void **state)
{
	struct round_clock clock = {0};

	(void)state;
	assert_int_equal(run(&clock, &failure, 1000), ROUND_RETRY_FIRST_MS);
	for (uint64_t now = 1100; now < 1500; now += 100) {
		(void)round_clock_ask(&clock, now);
		assert_int_equal(run(&clock, &failure, now), ROUND_RETRY_FIRST_MS);
	}
	assert_int_equal(run(&clock, &failure, 2500), 2 * ROUND_RETRY_FIRST_MS);
}

static void test_a_race_is_looked_at_at_once(void **state)
{
	struct round_clock clock = {0};

	(void)state;
	assert_int_equal(run(&clock, &race, 1000), ROUND_GAP_MS);
	/* ... but one that does not end is not to hold the processor. */
	assert_int_equal(run(&clock, &race, 1010), 2 * ROUND_GAP_MS);
	assert_int_equal(run(&clock, &race, 1030), 4 * ROUND_GAP_MS);
}

static void test_single_routes_have_times_of_their_own(void **state)
{
	static const struct {
		const char *title;
		struct round_rest rest;
		uint64_t asked, wait;
	} cases[] = {
		{"a route's retry", {.next_due = 1700}, NEVER, 700},
		{"one that is overdue", {.next_due = 900}, NEVER, ROUND_GAP_MS},
		{"one that is due right now", {.next_due = 1000}, NEVER, ROUND_GAP_MS},
		{"the host's own retry is sooner", {.failed = true, .next_due = 5000}, NEVER, 1000},
		{"a route's retry is sooner", {.failed = true, .next_due = 1500}, NEVER, 500},
		{"an event asked for a round before", {.next_due = 1700}, 10, NEVER},
		{"... at the very same time", {.next_due = 1700}, 700, NEVER},
		{"... later: it need not wait", {.next_due = 1700}, 701, 700},
		{"nothing but an event's round", {.next_due = NEVER}, 10, NEVER},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct round_clock clock = {0};
		uint64_t wait;

		print_message("%s\n", cases[i].title);
		round_clock_begin(&clock, 1000);
		wait = round_clock_end(&clock, &cases[i].rest, 1000, cases[i].asked);
		assert_true(wait == cases[i].wait);
		assert_int_equal(clock.retrying, wait != NEVER);
	}
}

/* The event that came first is what the next round is for. */
static void test_an_event_during_the_round_is_no_retry(void **state)
{
	struct round_clock clock = {0};

	(void)state;
	round_clock_begin(&clock, 1000);
	(void)round_clock_ask(&clock, 1000);
	assert_true(round_clock_end(&clock, &failure, 1000, ROUND_GAP_MS) == NEVER);
	assert_int_equal(run(&clock, &failure, 1010), ROUND_RETRY_FIRST_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events_make_rounds_with_gaps),
		cmocka_unit_test(test_failures_wait_longer_each_time),
		cmocka_unit_test(test_rounds_for_events_do_not_lengthen_the_wait),
		cmocka_unit_test(test_a_race_is_looked_at_at_once),
		cmocka_unit_test(test_single_routes_have_times_of_their_own),
		cmocka_unit_test(test_an_event_during_the_round_is_no_retry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
