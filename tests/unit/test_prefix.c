/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hostgw/prefix.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static struct ip_addr ip(const char *text)
{
	struct ip_addr addr;

	if (!ip_parse(text, &addr))
		fail_msg("the test's own address is wrong: %s", text);
	return addr;
}

static struct prefix net(const char *text)
{
	struct prefix prefix;

	if (!prefix_parse(text, &prefix))
		fail_msg("the test's own prefix is wrong: %s", text);
	return prefix;
}

static void ip_parse_reads_and_prints(void **state)
{
	static const struct {
		const char *text, *printed; /* NULL: refused */
	} cases[] = {
		{"192.168.2.44", "192.168.2.44"},
		{"0.0.0.0", "0.0.0.0"},
		{"255.255.255.255", "255.255.255.255"},
		{"::", "::"},
		{"fd00:0:0::44", "fd00::44"},
		{"FD00::AB", "fd00::ab"},
		{"::ffff:10.0.0.1", "::ffff:10.0.0.1"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
		{"", NULL},
		{"10.0.0", NULL},
		{"10.0.0.256", NULL},
		{"10.0.0.1 ", NULL},
		{"10.0.0.1:80", NULL},
		{"fe80::1%eth0", NULL},
		{"[::1]", NULL},
		{"1:2:3:4:5:6:7:8:9", NULL},
		{"kubworker1", NULL},
		{"10.0.0.0/8", NULL},
	};
	char buffer[IP_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ip_addr addr = {.family = 99};
		bool parsed = ip_parse(cases[i].text, &addr);

		if (parsed != (cases[i].printed != NULL))
			fail_msg("\"%s\": parsed %d", cases[i].text, parsed);
		if (parsed)
			assert_string_equal(ip_format(&addr, buffer), cases[i].printed);
		else
			assert_int_equal(addr.family, 99); /* left alone */
	}
}

static void prefix_parse_reads_and_prints(void **state)
{
	static const struct {
		const char *text, *printed; /* NULL: refused */
	} cases[] = {
		{"10.1.0.0/16", "10.1.0.0/16"},
		{"10.1.2.3/16", "10.1.0.0/16"},
		{"10.1.2.3/32", "10.1.2.3/32"},
		{"10.1.2.255/25", "10.1.2.128/25"},
		{"255.255.255.255/1", "128.0.0.0/1"},
		{"10.1.2.3/0", "0.0.0.0/0"},
		{"fd00:1:2:3:4:5:6:7/64", "fd00:1:2:3::/64"},
		{"fd00::ffff/121", "fd00::ff80/121"},
		{"fd00::1/128", "fd00::1/128"},
		{"fd00::1/0", "::/0"},
		{"10.1.0.0", NULL},
		{"10.1.0.0/", NULL},
		{"10.1.0.0/33", NULL},
		{"10.1.0.0/+8", NULL},
		{"10.1.0.0/-1", NULL},
		{"10.1.0.0/08", NULL},
		{"10.1.0.0/8 ", NULL},
		{"10.1.0.0/8/8", NULL},
		{"10.1.0.0/4294967304", NULL},
		{"10.1.0.0/255.255.0.0", NULL},
		{"10.1/16", NULL},
		{"/16", NULL},
		{"fd00::/129", NULL},
		{"", NULL},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/64", NULL},
	};
	char buffer[PREFIX_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct prefix prefix = {.length = 99};
		bool parsed = prefix_parse(cases[i].text, &prefix);

		if (parsed != (cases[i].printed != NULL))
			fail_msg("\"%s\": parsed %d", cases[i].text, parsed);
		if (parsed)
			assert_string_equal(prefix_format(&prefix, buffer), cases[i].printed);
		else
			assert_int_equal(prefix.length, 99); /* left alone */
	}
}

static void longest_texts_fit(void **state)
{
	const char *text = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128";
	struct prefix prefix = net(text);
	char buffer[PREFIX_TEXT_MAX];

	(void)state;
	assert_string_equal(prefix_format(&prefix, buffer), text);
}

static void nothing_prints_as_a_dash(void **state)
{
	struct prefix prefix = {0};
	char buffer[PREFIX_TEXT_MAX];

	(void)state;
	assert_string_equal(prefix_format(&prefix, buffer), "-");
	assert_string_equal(ip_format(&prefix.addr, buffer), "-");
}

static void order_is_family_address_length(void **state)
{
	static const char *const sorted[] = {
		"0.0.0.0/0",   "9.255.0.0/16", "10.0.0.0/8",   "10.0.0.0/16",
		"10.0.1.0/24", "200.0.0.0/8",  "255.0.0.0/32", "::/0",
		"fd00::/8",    "fd00::/64",    "fd00::1/128",  "fd00:1::/32",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(sorted); i++) {
		for (size_t j = 0; j < COUNT(sorted); j++) {
			struct prefix a = net(sorted[i]);
			struct prefix b = net(sorted[j]);
			int order = prefix_compare(&a, &b);

			if ((i < j) != (order < 0) || (i > j) != (order > 0) ||
			    (i == j) != prefix_equal(&a, &b))
				fail_msg("%s and %s: %d", sorted[i], sorted[j], order);
		}
	}
}

static void ip_equal_needs_the_same_family(void **state)
{
	struct ip_addr v4 = ip("0.0.0.0");
	struct ip_addr v6 = ip("::");

	(void)state;
	assert_false(ip_equal(&v4, &v6));
	assert_true(ip_equal(&v6, &v6));
	assert_true(ip_compare(&v4, &v6) < 0);
}

static void unicast(void **state)
{
	static const struct {
		const char *text;
		bool unicast;
	} cases[] = {
		{"192.168.2.44", true},
		{"1.0.0.1", true},
		{"223.255.255.255", true},
		{"169.254.1.1", true},
		{"0.0.0.0", false},
		{"0.1.2.3", false},
		{"127.0.0.1", false},
		{"224.0.0.1", false},
		{"239.1.1.1", false},
		{"240.0.0.1", false},
		{"255.255.255.255", false},
		{"fd00::44", true},
		{"fe80::1", true},
		{"2001:db8::", true},
		{"::2", true},
		{"::", false},
		{"::1", false},
		{"ff02::1", false},
		{"::ffff:10.0.0.1", false},
	};
	struct ip_addr none = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ip_addr addr = ip(cases[i].text);

		if (ip_is_unicast(&addr) != cases[i].unicast)
			fail_msg("%s", cases[i].text);
	}
	assert_false(ip_is_unicast(&none));
}

static void contains_ip(void **state)
{
	static const struct {
		const char *prefix, *addr;
		bool inside;
	} cases[] = {
		{"10.1.0.0/16", "10.1.0.0", true},
		{"10.1.0.0/16", "10.1.255.255", true},
		{"10.1.0.0/16", "10.2.0.0", false},
		{"10.1.0.0/16", "10.0.255.255", false},
		{"10.1.2.128/25", "10.1.2.127", false},
		{"10.1.2.128/25", "10.1.2.128", true},
		{"10.1.2.0/23", "10.1.3.255", true},
		{"10.1.2.0/23", "10.1.4.0", false},
		{"0.0.0.0/0", "255.1.2.3", true},
		{"0.0.0.0/0", "::", false},
		{"::/0", "0.0.0.0", false},
		{"10.1.2.3/32", "10.1.2.3", true},
		{"10.1.2.3/32", "10.1.2.2", false},
		{"fd00::/63", "fd00:0:0:1:ffff::", true},
		{"fd00::/63", "fd00:0:0:2::", false},
		{"fd00::1/128", "fd00::1", true},
		{"fd00::1/128", "fd00::", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct prefix prefix = net(cases[i].prefix);
		struct ip_addr addr = ip(cases[i].addr);

		if (prefix_contains_ip(&prefix, &addr) != cases[i].inside)
			fail_msg("%s and %s", cases[i].prefix, cases[i].addr);
	}
}

static void no_prefix_contains_nothing(void **state)
{
	struct prefix none = {0};
	struct prefix all = net("0.0.0.0/0");
	struct ip_addr unset = {0};

	(void)state;
	assert_false(prefix_contains_ip(&none, &unset));
	assert_false(prefix_contains_ip(&all, &unset));
	assert_false(prefix_contains(&all, &none));
	assert_false(prefix_overlaps(&none, &none));
}

static void contains_and_overlaps(void **state)
{
	static const struct {
		const char *a, *b;
		bool contains, overlaps;
	} cases[] = {
		{"10.1.0.0/16", "10.1.2.0/24", true, true},
		{"10.1.2.0/24", "10.1.0.0/16", false, true},
		{"10.1.2.0/24", "10.1.2.0/24", true, true},
		{"10.1.2.0/24", "10.1.3.0/24", false, false},
		{"0.0.0.0/0", "10.1.3.0/24", true, true},
		{"0.0.0.0/0", "fd00::/8", false, false},
		{"fd00::/8", "fd12:3456::/48", true, true},
		{"fd00:0:0:1::/64", "fd00::/63", false, true},
		{"fd00:0:0:2::/64", "fd00::/63", false, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct prefix a = net(cases[i].a);
		struct prefix b = net(cases[i].b);

		if (prefix_contains(&a, &b) != cases[i].contains ||
		    prefix_overlaps(&a, &b) != cases[i].overlaps ||
		    prefix_overlaps(&b, &a) != cases[i].overlaps)
			fail_msg("%s and %s", cases[i].a, cases[i].b);
	}
}

static void masked_clears_host_bits(void **state)
{
	static const struct {
		const char *addr;
		uint8_t length;
		const char *masked;
	} cases[] = {
		{"10.1.2.3", 24, "10.1.2.0"},          {"10.1.2.255", 30, "10.1.2.252"},
		{"10.1.2.3", 32, "10.1.2.3"},          {"255.255.255.255", 0, "0.0.0.0"},
		{"255.255.255.255", 9, "255.128.0.0"}, {"fd00:ffff::1", 17, "fd00:8000::"},
		{"fd00::ffff", 128, "fd00::ffff"},     {"fd00::ffff", 127, "fd00::fffe"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct prefix prefix = {.addr = ip(cases[i].addr), .length = cases[i].length};
		struct prefix masked = prefix_masked(&prefix);
		struct ip_addr wanted = ip(cases[i].masked);

		assert_true(ip_equal(&masked.addr, &wanted));
		assert_int_equal(masked.length, cases[i].length);
	}
}

static void first_host(void **state)
{
	static const struct {
		const char *prefix, *host;
	} cases[] = {
		{"10.1.0.0/24", "10.1.0.1"}, {"10.1.0.128/25", "10.1.0.129"},
		{"10.1.0.2/31", "10.1.0.3"}, {"10.1.0.2/32", "10.1.0.2"},
		{"0.0.0.0/0", "0.0.0.1"},    {"fd00:1::/64", "fd00:1::1"},
		{"fd00::2/127", "fd00::3"},  {"fd00::2/128", "fd00::2"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct prefix prefix = net(cases[i].prefix);
		struct ip_addr host = prefix_first_host(&prefix);
		struct ip_addr wanted = ip(cases[i].host);

		if (!ip_equal(&host, &wanted))
			fail_msg("%s", cases[i].prefix);
	}
}

static void family_helpers(void **state)
{
	(void)state;
	assert_int_equal(ip_family_index(AF_INET), IP_V4);
	assert_int_equal(ip_family_index(AF_INET6), IP_V6);
	assert_int_equal(ip_family(IP_V4), AF_INET);
	assert_int_equal(ip_family(IP_V6), AF_INET6);
	assert_int_equal(ip_bits(AF_INET), 32);
	assert_int_equal(ip_bits(AF_INET6), 128);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ip_parse_reads_and_prints),
		cmocka_unit_test(prefix_parse_reads_and_prints),
		cmocka_unit_test(longest_texts_fit),
		cmocka_unit_test(nothing_prints_as_a_dash),
		cmocka_unit_test(order_is_family_address_length),
		cmocka_unit_test(ip_equal_needs_the_same_family),
		cmocka_unit_test(unicast),
		cmocka_unit_test(contains_ip),
		cmocka_unit_test(no_prefix_contains_nothing),
		cmocka_unit_test(contains_and_overlaps),
		cmocka_unit_test(masked_clears_host_bits),
		cmocka_unit_test(first_host),
		cmocka_unit_test(family_helpers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
