/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nftables table as the kernel has it and nft prints it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "masquerade_fixture.h"
#include "sandbox.h"

#define NOBODY 65534

static bool table_exists(void)
{
	return system(LIST " >/dev/null 2>&1") == 0;
}

static const struct {
	const char *golden;
	const char *without; /* letters: '4', '6' a family, 'm'asquerade, 'f'orward, fully 'r'andom,
	                        'n'onmasquerade */
} listings[] = {
	{"dual-nonmasquerade", ""},
	{"dual", "n"},
	{"ipv4", "n6"},
	{"ipv4-nonmasquerade", "6"},
	{"ipv6", "n4"},
	{"dual-not-random", "nr"},
	{"dual-masquerade-only", "nf"},
	{"dual-forward-only", "m"},
};

/* The text in the files is what an administrator sees. */
static void it_is_listed_as_in_the_files(void **state)
{
	const struct prefix others[] = {
		sandbox_prefix("192.168.1.0/24"), sandbox_prefix("192.168.0.0/24"),
		sandbox_prefix("172.20.0.0/16"), sandbox_prefix("172.16.0.0/12"),
		sandbox_prefix("fd00:168::/32")};

	for (size_t i = 0; i < sizeof(listings) / sizeof(*listings); i++) {
		const char *without = listings[i].without;
		struct masquerade_rules rules = fixture_rules(others, strchr(without, 'n') ? 0 : 5);

		rules.masquerade = !strchr(without, 'm');
		rules.forward = !strchr(without, 'f');
		rules.fully_random = !strchr(without, 'r');
		if (strchr(without, '4'))
			rules.cluster[IP_V4].addr.family = 0;
		if (strchr(without, '6'))
			rules.cluster[IP_V6].addr.family = 0;
		/* From whatever stood before, which differs in much. */
		assert_true(fixture_apply(*state, &rules, NULL));
		fixture_assert_listed(listings[i].golden);
		assert_false(fixture_apply(*state, &rules, NULL));
		fixture_assert_listed(listings[i].golden);
	}
}

/* Intervals that begin or end with the address space, and more than one message of them. */
static void large_and_open_sets(void **state)
{
	struct prefix others[300] = {0};
	struct masquerade_rules rules = fixture_rules(others, sizeof(others) / sizeof(*others));
	char text[TEXT_MAX];

	for (size_t i = 0; i < 298; i++) {
		others[i] = sandbox_prefix("100.0.0.0/32");
		others[i].addr.bytes[2] = (uint8_t)(i / 128);
		others[i].addr.bytes[3] = (uint8_t)(i % 128 * 2);
	}
	others[298] = sandbox_prefix("0.0.0.0/8");
	others[299] = sandbox_prefix("240.0.0.0/4");
	assert_true(fixture_apply(*state, &rules, NULL));
	assert_false(fixture_apply(*state, &rules, NULL));
	sandbox_capture("nft list set inet hostgw nonmasquerade4", text, sizeof(text));
	assert_non_null(strstr(text, "0.0.0.0/8"));
	assert_non_null(strstr(text, "240.0.0.0/4"));
	assert_non_null(strstr(text, "100.0.0.0,"));
	assert_non_null(strstr(text, "100.0.2.82,"));
	for (size_t i = 0; i < 298; i += 99)
		sandbox_run(
			"nft get element inet hostgw nonmasquerade4 { 100.0.%zu.%zu } >/dev/null",
			i / 128, i % 128 * 2);
}

static void without_rules_the_table_goes(void **state)
{
	struct masquerade_rules rules = fixture_rules(NULL, 0);
	struct masquerade_rules none = {0};

	assert_false(fixture_apply(*state, &none, NULL)); /* there is none yet */
	assert_true(fixture_apply(*state, &rules, NULL));
	assert_true(table_exists());
	assert_true(fixture_apply(*state, &none, NULL));
	assert_false(table_exists());
	assert_false(fixture_apply(*state, &none, NULL));
}

/* A refused transaction leaves what was there, and its error says which object and why. */
static void a_refusal_changes_nothing(void **state)
{
	struct masquerade_rules rules = fixture_rules(NULL, 0);
	int status;
	pid_t child;

	assert_true(fixture_apply(*state, &rules, NULL));
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct masquerade_rules none = {0};
		struct masquerade_report report;
		struct error err = {0};
		struct nft *nft;

		/* Without root's rights, and with them CAP_NET_ADMIN. */
		if (setuid(NOBODY) != 0 || nft_open(&nft, &err) != 0)
			_exit(2);
		if (masquerade_apply(nft, &rules, &report, &err) != -EPERM ||
		    !strstr(err.text, "table inet hostgw: reading: ") ||
		    !strstr(err.text, "CAP_NET_ADMIN") ||
		    masquerade_apply(nft, &none, &report, &err) != -EPERM)
			_exit(1);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	fixture_assert_listed("dual");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_is_listed_as_in_the_files, sandbox_set_up_nft,
	                                        sandbox_tear_down_nft),
		cmocka_unit_test_setup_teardown(large_and_open_sets, sandbox_set_up_nft,
	                                        sandbox_tear_down_nft),
		cmocka_unit_test_setup_teardown(without_rules_the_table_goes, sandbox_set_up_nft,
	                                        sandbox_tear_down_nft),
		cmocka_unit_test_setup_teardown(a_refusal_changes_nothing, sandbox_set_up_nft,
	                                        sandbox_tear_down_nft),
	};

	if (!sandbox_enter())
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
