/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include "daemon/look_rest.h"

static void rests_ten_times_as_long(void **state)
{
	static const struct {
		uint64_t nanoseconds, rest;
	} cases[] = {
		{0, 0},
		{99999, 0}, /* a short look needs none */
		{300000, 3},
		{17000000, 170},
		{2500000000, 25000},
		{5999900000, 59999},
		{6000000000, LOOK_REST_MAX_MS},
		{UINT64_MAX, LOOK_REST_MAX_MS},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(look_rest(cases[i].nanoseconds), cases[i].rest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rests_ten_times_as_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
