/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"
#include "hostgw/backoff.h"

#define TRIES 200

/* The waits without their jitter, which is a fifth of each at most. */
static void test_waits(void **state)
{
	static const struct {
		struct backoff backoff;
		unsigned waits[8];
	} cases[] = {
		{{0}, {800, 1600, 3200, 6400, 12800, 25600, 30000, 30000}},
		{{.last_ms = 2000}, {800, 1600, 2000, 2000, 2000, 2000, 2000, 2000}},
		{{.first_ms = 5000, .last_ms = 300000},
	         {5000, 10000, 20000, 40000, 80000, 160000, 300000, 300000}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		for (size_t try = 0; try < TRIES; try++) {
			struct backoff backoff = cases[i].backoff;

			for (size_t j = 0; j < COUNT(cases[i].waits); j++) {
				unsigned wait = cases[i].waits[j];

				assert_in_range(backoff_next(&backoff), wait - wait / 5,
				                wait + wait / 5);
			}
			backoff_reset(&backoff);
			assert_in_range(backoff_next(&backoff), cases[i].waits[0] * 4 / 5,
			                cases[i].waits[0] * 6 / 5);
		}
	}
}

/* Never before the server's time, nor all at that time. */
static void test_retry_after(void **state)
{
	static const struct {
		unsigned retry_after, least, most;
	} cases[] = {
		{0, 640, 960},      /* not said */
		{1, 1000, 1200},    /* longer than the own wait */
		{60, 60000, 72000}, /* longer than any */
		{4000000000u, 86400000, 103680000},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		for (size_t try = 0; try < TRIES; try++) {
			struct backoff backoff = {0};

			assert_in_range(backoff_next_after(&backoff, cases[i].retry_after),
			                cases[i].least, cases[i].most);
			/* The wait counts, whoever asked for it. */
			assert_in_range(backoff_next(&backoff), 1280, 1920);
		}
	}
}

/* What all nodes do at the same time, they do at different times. */
static void test_jitter(void **state)
{
	unsigned least[2] = {UINT32_MAX, UINT32_MAX}, most[2] = {0, 0};

	(void)state;
	for (size_t try = 0; try < TRIES; try++) {
		struct backoff one = {0}, other = {0};
		const unsigned waits[2] = {backoff_next(&one), backoff_next_after(&other, 10)};

		for (size_t i = 0; i < COUNT(waits); i++) {
			least[i] = waits[i] < least[i] ? waits[i] : least[i];
			most[i] = waits[i] > most[i] ? waits[i] : most[i];
		}
	}
	assert_true(most[0] - least[0] > 160);  /* of 320 */
	assert_true(most[1] - least[1] > 1000); /* of 2000 */
}

static void test_random_reaches_both_ends(void **state)
{
	bool seen[3] = {false, false, false};

	(void)state;
	assert_int_equal(backoff_random(7, 7), 7);
	for (size_t try = 0; try < TRIES; try++)
		seen[backoff_random(5, 7) - 5] = true;
	assert_true(seen[0] && seen[1] && seen[2]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waits),
		cmocka_unit_test(test_retry_after),
		cmocka_unit_test(test_jitter),
		cmocka_unit_test(test_random_reaches_both_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
