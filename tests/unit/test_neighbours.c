/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "check.h"
#include "daemon/neighbours.h"
#include "sysctl_folder.h"

#define V4 "net/ipv4/neigh/default/gc_thresh3"
#define V6 "net/ipv6/neigh/default/gc_thresh3"

/* Four nodes: two CIDRs of one, both families of one, one skipped, one of IPv6. */
static void test_next_hops_are_counted_once(void **state)
{
	const struct node nodes[4] = {{.name = "a"}, {.name = "b"}, {.name = "c"}, {.name = "d"}};
	struct claim claims[] = {
		{.node = &nodes[0], .cidr = make_prefix("10.1.0.0/24")},
		{.node = &nodes[0], .cidr = make_prefix("fd00:1::/64")},
		{.node = &nodes[0], .cidr = make_prefix("10.1.1.0/24")},
		{.node = &nodes[1], .cidr = make_prefix("10.1.2.0/24")},
		{.node = &nodes[2], .cidr = make_prefix("10.1.3.0/24"), .state = CLAIM_OFF_LINK},
		{.node = &nodes[3], .cidr = make_prefix("fd00:1:3::/64")},
	};
	const struct plan plan = {.claims = claims, .claim_count = COUNT(claims)};

	assert_int_equal(neighbours_look(*state, &plan, IP_V4).next_hops, 2);
	assert_int_equal(neighbours_look(*state, &plan, IP_V6).next_hops, 2);
}

static void test_limit_of_each_family(void **state)
{
	const struct plan plan = {0};

	sysctl_folder_put(*state, V4, "1024\n");
	sysctl_folder_put(*state, V6, "8192\n");
	assert_int_equal(neighbours_look(*state, &plan, IP_V4).limit, 1024);
	assert_int_equal(neighbours_look(*state, &plan, IP_V6).limit, 8192);
}

static const struct {
	size_t next_hops;
	uint32_t limit;
	unsigned enough; /* gc_thresh1 of the remedy; 0: there is room */
} cases[] = {
	{512, 1024, 0},     {513, 1024, 1024},     {1024, 1024, 1024}, {1025, 1024, 2048},
	{5000, 1024, 8192}, {20000, 32768, 32768}, {16384, 32768, 0},  {100000, 0, 0},
};

static void test_beyond_half_is_told_with_figures(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct neighbour_room room = {cases[i].next_hops, cases[i].limit};
		char lines[3][64];
		struct error err;

		assert_int_equal(neighbours_check(&room, IP_V6, &err),
		                 cases[i].enough ? -ENOBUFS : 0);
		for (unsigned line = 0; line < 3 && cases[i].enough; line++) {
			snprintf(lines[line], sizeof(lines[line]),
			         "\"net.ipv6.neigh.default.gc_thresh%u = %u\"", line + 1,
			         cases[i].enough << line);
			assert_non_null(strstr(err.text, lines[line]));
		}
	}
}

/* So that it is said once, not with each node that joins; and it must not be cut off. */
static void test_text_does_not_change_with_every_node(void **state)
{
	const struct neighbour_room few = {600, 1024}, more = {900, 1024};
	struct error first, second;

	(void)state;
	neighbours_check(&few, IP_V4, &first);
	neighbours_check(&more, IP_V4, &second);
	assert_string_equal(first.text, second.text);
	assert_non_null(strstr(first.text, "/etc/sysctl.d/90-hostgw.conf and run sysctl --system"));
}

/* A network namespace other than the first does not have the setting. */
static void test_nothing_is_said_where_the_limit_is_not_seen(void **state)
{
	const struct plan plan = {0};
	struct neighbour_room room = neighbours_look(*state, &plan, IP_V4);
	struct error err;

	assert_int_equal(room.limit, 0);
	room.next_hops = 100000;
	assert_int_equal(neighbours_check(&room, IP_V4, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SYSCTL_CASE(test_next_hops_are_counted_once),
		SYSCTL_CASE(test_limit_of_each_family),
		cmocka_unit_test(test_beyond_half_is_told_with_figures),
		cmocka_unit_test(test_text_does_not_change_with_every_node),
		SYSCTL_CASE(test_nothing_is_said_where_the_limit_is_not_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
