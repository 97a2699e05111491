/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Against a folder that plays /proc/sys; with the kernel: tests/integration/test_forwarding.py. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "daemon/forwarding.h"
#include "daemon/sysctl.h"
#include "sysctl_folder.h"

#define V4 "net/ipv4/ip_forward"
#define V6 "net/ipv6/conf/all/forwarding"

static void assert_says(const struct error *err, const char *words)
{
	if (!strstr(err->text, words))
		fail_msg("\"%s\" is not in: %s", words, err->text);
}

static void test_on(void **state)
{
	struct error err;

	sysctl_folder_put(*state, V4, "1\n");
	sysctl_folder_put(*state, V6, "2\n"); /* on with more; not ours to judge */
	assert_int_equal(forwarding_check(*state, IP_V4, &err), 0);
	assert_int_equal(forwarding_check(*state, IP_V6, &err), 0);
}

static void test_off_is_told_with_the_remedy(void **state)
{
	struct error err;

	sysctl_folder_put(*state, V4, "0\n");
	sysctl_folder_put(*state, V6, "0\n");
	assert_int_equal(forwarding_check(*state, IP_V4, &err), -EPERM);
	assert_says(&err, "IPv4 forwarding is off");
	assert_says(&err, "\"net.ipv4.ip_forward = 1\" to /etc/sysctl.d/90-hostgw.conf");
	assert_says(&err, "--enable-forwarding");
	assert_int_equal(forwarding_check(*state, IP_V6, &err), -EPERM);
	assert_says(&err, "\"net.ipv6.conf.all.forwarding = 1\" to /etc/sysctl.d/90-hostgw.conf");
	assert_says(&err, "net.ipv6.conf.NAME.accept_ra = 2");
}

static void test_family_that_the_kernel_lacks(void **state)
{
	struct error err;

	assert_int_equal(forwarding_check(*state, IP_V6, &err), -ENOENT);
	assert_says(&err, V6);
	sysctl_folder_put(*state, V4, "many\n");
	assert_int_equal(forwarding_check(*state, IP_V4, &err), -EBADMSG);
}

static void test_switch_on(void **state)
{
	struct error err;
	char text[16];

	sysctl_folder_put(*state, V4, "0\n");
	sysctl_folder_put(*state, V6, "0\n");
	assert_int_equal(forwarding_check_writable(*state, IP_V4, &err), 0);
	assert_int_equal(forwarding_switch_on(*state, IP_V4, NULL, 0, &err), 0);
	assert_int_equal(forwarding_check(*state, IP_V4, &err), 0);
	assert_string_equal(sysctl_folder_get(*state, V6, text, sizeof(text)), "0");
	assert_int_equal(forwarding_switch_on(*state, IP_V6, NULL, 0, &err), 0);
	assert_int_equal(forwarding_check(*state, IP_V6, &err), 0);
}

/* 0 is another program's word: it reads the advertisements. eth9 has gone meanwhile. */
static void test_advertised_default_routes_are_kept(void **state)
{
	static const char links[][IFNAMSIZ] = {"eth0", "eth1.100", "eth2", "eth9"};
	static const struct {
		const char *name, *before, *after;
	} settings[] = {
		{"net/ipv6/conf/eth0/accept_ra", "1\n", "2"},
		{"net/ipv6/conf/eth1.100/accept_ra", "2\n", "2"},
		{"net/ipv6/conf/eth2/accept_ra", "0\n", "0"},
		{"net/ipv6/conf/eth3/accept_ra", "1\n", "1"}, /* no default route there */
	};
	struct error err;
	char text[16];

	sysctl_folder_put(*state, V6, "0\n");
	for (size_t i = 0; i < COUNT(settings); i++)
		sysctl_folder_put(*state, settings[i].name, settings[i].before);
	assert_int_equal(forwarding_switch_on(*state, IP_V6, links, COUNT(links), &err), 0);
	for (size_t i = 0; i < COUNT(settings); i++)
		assert_string_equal(sysctl_folder_get(*state, settings[i].name, text, sizeof(text)),
		                    settings[i].after);
	assert_int_equal(forwarding_check(*state, IP_V6, &err), 0);
}

/* Written first, so that a failure leaves forwarding off and the default route in place. */
static void test_accept_ra_that_cannot_be_set(void **state)
{
	static const char links[][IFNAMSIZ] = {"eth0"};
	char path[PATH_MAX], text[16];
	struct error err;

	sysctl_folder_put(*state, V6, "0\n");
	snprintf(path, sizeof(path), "%s/net/ipv6/conf/eth0/accept_ra", (const char *)*state);
	sysctl_folder_put(*state, "net/ipv6/conf/eth0/other", "");
	assert_int_equal(mkdir(path, 0755), 0); /* nobody writes to a folder, not even root */
	assert_true(forwarding_switch_on(*state, IP_V6, links, 1, &err) < 0);
	assert_says(&err, "eth0/accept_ra");
	assert_string_equal(sysctl_folder_get(*state, V6, text, sizeof(text)), "0");
}

static void test_cannot_be_written(void **state)
{
	char path[PATH_MAX];
	struct error err;

	snprintf(path, sizeof(path), "%s/net/ipv4", (const char *)*state);
	sysctl_folder_put(*state, "net/ipv4/other", "");
	snprintf(path, sizeof(path), "%s/%s", (const char *)*state, V4);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(forwarding_check_writable(*state, IP_V4, &err), -EISDIR);
	assert_says(&err, "cannot be switched on from here");
	assert_says(&err, path);
	assert_says(&err, "\"net.ipv4.ip_forward = 1\" to /etc/sysctl.d/90-hostgw.conf");
	assert_int_equal(forwarding_switch_on(*state, IP_V4, NULL, 0, &err), -EISDIR);
}

static void test_numbers(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint32_t value;
	} cases[] = {
		{"0\n", 0, 0},         {"1024\n", 0, 1024},         {"2147483647", 0, 2147483647},
		{"", -EBADMSG, 0},     {"\n", -EBADMSG, 0},         {"x1\n", -EBADMSG, 0},
		{"-1\n", -EBADMSG, 0}, {"4294967296", -EBADMSG, 0},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		uint32_t value = 0;

		sysctl_folder_put(*state, "number", cases[i].text);
		assert_int_equal(sysctl_read(*state, "number", &value), cases[i].result);
		assert_int_equal(value, cases[i].value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SYSCTL_CASE(test_on),
		SYSCTL_CASE(test_off_is_told_with_the_remedy),
		SYSCTL_CASE(test_family_that_the_kernel_lacks),
		SYSCTL_CASE(test_switch_on),
		SYSCTL_CASE(test_advertised_default_routes_are_kept),
		SYSCTL_CASE(test_accept_ra_that_cannot_be_set),
		SYSCTL_CASE(test_cannot_be_written),
		SYSCTL_CASE(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
