/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What news of links makes a round, and which of it a new plan. */
#include <string.h>

#include "check.h"
#include "daemon/link_facts.h"

#define UPLINK  2
#define DEFAULT 3
#define OTHER   7
#define GONE    9

static struct link_address make_address(int index, const char *text, uint8_t length)
{
	return (struct link_address){.index = index, .prefix = {make_ip(text), length}};
}

static void test_whom_news_concern(void **state)
{
	static const struct {
		const char *title;
		int index;
		const char *address; /* NULL: the link itself */
		bool uplink_gone, concerns;
	} cases[] = {
		{"a pod's link", OTHER, NULL, false, false},
		{"a pod's link-local address", OTHER, "fe80::1", false, false},
		{"the last of those", OTHER, "febf::1", false, false},
		{"beyond those", OTHER, "fec0::1", false, true},
		{"another link's address", OTHER, "10.1.4.1", false, true},
		{"another link's IPv6 address", OTHER, "fd00::1", false, true},
		{"an IPv4 address that begins alike", OTHER, "254.128.0.1", false, true},
		{"the uplink", UPLINK, NULL, false, true},
		{"the uplink's address", UPLINK, "192.168.2.44", false, true},
		{"its link-local address", UPLINK, "fe80::1", false, true},
		{"the default route's link", DEFAULT, NULL, false, true},
		{"any link while ours is gone", OTHER, NULL, true, true},
		{"... and its link-local address", OTHER, "fe80::1", true, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct link_watch watch = {UPLINK, cases[i].uplink_gone, DEFAULT};
		struct link_address address;

		print_message("%s\n", cases[i].title);
		if (cases[i].address)
			address = make_address(cases[i].index, cases[i].address, 24);
		assert_int_equal(link_facts_concern(&watch, cases[i].index,
		                                    cases[i].address ? &address : NULL),
		                 cases[i].concerns);
	}
}

#define ADDRESSES 4

static void make_snapshot(struct link_snapshot *out, struct link_address addresses[ADDRESSES])
{
	addresses[0] = make_address(UPLINK, "192.168.2.44", 24);
	addresses[1] = make_address(UPLINK, "fe80::44", 64);
	addresses[2] = make_address(OTHER, "10.1.0.1", 24);
	addresses[3] = make_address(OTHER, "fe80::7", 64);
	*out = (struct link_snapshot){.addresses = addresses, .address_count = ADDRESSES};
}

static void drop_address(struct link_snapshot *snapshot, size_t at)
{
	memmove(&snapshot->addresses[at], &snapshot->addresses[at + 1],
	        (--snapshot->address_count - at) * sizeof(*snapshot->addresses));
}

static void test_equal_for_the_plan(void **state)
{
	static const struct {
		const char *title;
		size_t at;
		const char *address; /* NULL: it is dropped */
		uint8_t length;
		bool equal;
	} cases[] = {
		{"nothing", 0, "192.168.2.44", 24, true},
		{"a pod's link-local address", 3, "fe80::8", 64, true},
		{"that one gone", 3, NULL, 0, true},
		{"another link's address", 2, "10.1.4.1", 24, false},
		{"that one gone", 2, NULL, 0, false},
		{"the uplink's address", 0, "192.168.2.45", 24, false},
		{"its subnet", 0, "192.168.2.44", 25, false},
		{"it gone", 0, NULL, 0, false},
		{"its link-local address", 1, "fe80::45", 64, false},
	};
	const struct link_watch watch = {UPLINK, false, 0};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct link_address before[ADDRESSES], after[ADDRESSES];
		struct link_snapshot a, b;

		print_message("%s\n", cases[i].title);
		make_snapshot(&a, before);
		make_snapshot(&b, after);
		if (cases[i].address)
			after[cases[i].at].prefix = (struct prefix){make_ip(cases[i].address),
			                                            cases[i].length};
		else
			drop_address(&b, cases[i].at);
		assert_int_equal(link_facts_equal(&a, &b, &watch), cases[i].equal);
		assert_int_equal(link_facts_equal(&b, &a, &watch), cases[i].equal);
	}
}

/* Every mark that an address bears is read somewhere. */
static void test_marks_of_an_address(void **state)
{
	const struct link_watch watch = {UPLINK, false, 0};
	struct link_address before[ADDRESSES], after[ADDRESSES];
	struct link_snapshot a, b;

	(void)state;
	make_snapshot(&a, before);
	make_snapshot(&b, after);
	after[0].global = true;
	assert_false(link_facts_equal(&a, &b, &watch));
	make_snapshot(&b, after);
	after[0].secondary = true;
	assert_false(link_facts_equal(&a, &b, &watch));
	make_snapshot(&b, after);
	after[0].temporary = true;
	assert_false(link_facts_equal(&a, &b, &watch));
	make_snapshot(&b, after);
	after[0].peer = make_ip("192.168.2.1");
	assert_false(link_facts_equal(&a, &b, &watch));
	make_snapshot(&b, after);
	after[2].index = GONE;
	assert_false(link_facts_equal(&a, &b, &watch));
}

static void test_uplinks(void **state)
{
	const struct uplink uplink = {UPLINK, 1500, "eth0", {make_ip("192.168.2.44")}};
	struct uplink other;

	(void)state;
	assert_true(uplink_equal(&uplink, &uplink));
	other = uplink;
	other.index = OTHER;
	assert_false(uplink_equal(&uplink, &other));
	other = uplink;
	other.mtu = 1400;
	assert_false(uplink_equal(&uplink, &other));
	other = uplink;
	other.name[3] = '1';
	assert_false(uplink_equal(&uplink, &other));
	other = uplink;
	other.address[IP_V6] = make_ip("fd00::44");
	assert_false(uplink_equal(&uplink, &other));
	other = uplink;
	other.address[IP_V4] = make_ip("192.168.2.45");
	assert_false(uplink_equal(&uplink, &other));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whom_news_concern),
		cmocka_unit_test(test_equal_for_the_plan),
		cmocka_unit_test(test_marks_of_an_address),
		cmocka_unit_test(test_uplinks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
