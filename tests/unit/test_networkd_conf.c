/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of systemd-networkd's files counts, and what in it. */
#include "check.h"
#include "daemon/networkd_conf.h"
#include "sysctl_folder.h"

static void test_one_file(void **state)
{
	static const struct {
		const char *text;
		bool routes, nexthops;
	} cases[] = {
		{"", true, true},
		{"[Network]\nManageForeignRoutes=no\n", false, true},
		{"[Network]\nManageForeignRoutes=no", false, true},
		{"[Network]\nManageForeignRoutes = NO \nManageForeignNextHops=off\n", false, false},
		{"  [Network]  \r\n  ManageForeignRoutes=0\r\n", false, true},
		{"ManageForeignRoutes=no\n", true, true},
		{"[DHCPv4]\nManageForeignRoutes=no\n", true, true},
		{"[Network]\n[DHCPv4]\n[Network]\nManageForeignRoutes=false\n", false, true},
		{"[Network]\n#ManageForeignRoutes=no\n;ManageForeignRoutes=no\n", true, true},
		{"[Network]\nManageForeignRoutes=no\nManageForeignRoutes=yes\n", true, true},
		{"[Network]\nManageForeignRoutes=no\nManageForeignRoutes=\n", true, true},
		{"[Network]\nManageForeignRoutes=no\nManageForeignRoutes=nonsense\n", false, true},
		{"[Network]\nmanageforeignroutes=no\n", true, true},
		{"[Network]\nManageForeignRoutesX=no\n=no\n=\nno\n", true, true},
		{"[Network\nManageForeignRoutes=no\n", true, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct networkd_conf conf = {true, true};

		networkd_conf_parse(cases[i].text, &conf);
		if (conf.manages_routes != cases[i].routes ||
		    conf.manages_nexthops != cases[i].nexthops)
			fail_msg("case %zu: %s", i, cases[i].text);
	}
}

static bool manages_routes(const char *root)
{
	struct networkd_conf conf;

	networkd_conf_read(root, &conf);
	return conf.manages_routes;
}

#define YES "[Network]\nManageForeignRoutes=yes\n"
#define NO  "[Network]\nManageForeignRoutes=no\n"

/* Each file changes what those before it come to. */
static void test_precedence(void **state)
{
	static const struct {
		const char *path, *text;
		bool expected;
	} steps[] = {
		{"usr/lib/systemd/networkd.conf", NO, false},
		{"etc/systemd/networkd.conf", YES, true}, /* in the place of the other */
		{"usr/lib/systemd/networkd.conf.d/20.conf", NO, false},
		{"run/systemd/networkd.conf.d/30.conf", YES, true},
		{"usr/lib/systemd/networkd.conf.d/40.conf", NO, false},
		{"etc/systemd/networkd.conf.d/10.conf", YES, false}, /* by name, not by folder */
		{"etc/systemd/networkd.conf.d/40.conf", YES, true},  /* in the other's place */
		{"usr/local/lib/systemd/networkd.conf.d/50.conf", NO, false},
		{"etc/systemd/networkd.conf.d/50.conf", "", true}, /* says nothing */
		{"etc/systemd/networkd.conf.d/60.txt", NO, true},
		{"etc/systemd/networkd.conf.d/.60.conf", NO, true},
	};

	assert_true(manages_routes(*state));
	for (size_t i = 0; i < COUNT(steps); i++) {
		sysctl_folder_put(*state, steps[i].path, steps[i].text);
		if (manages_routes(*state) != steps[i].expected)
			fail_msg("step %zu: %s", i, steps[i].path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_file),
		SYSCTL_CASE(test_precedence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
