/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose going may take a route along that nobody tells of. */
#include "check.h"
#include "daemon/bystanders.h"
#include "hostgw/nexthop.h"

#define OURS  ROUTE_PROTOCOL_HOSTGW
#define LINK  4
#define OTHER 5
#define ID    77

static void test_what_they_use(void **state)
{
	static const struct {
		const char *title, *dst;
		struct route route;
		bool link, other, nexthop;
	} cases[] = {
		{"ours", "10.1.4.0/24", {.protocol = OURS, .oif = LINK}, false, false, false},
		{"ours, through ours",
	         "10.1.4.0/24",
	         {.protocol = OURS, .nexthop_id = NEXTHOP_ID_FIRST},
	         false,
	         false,
	         false},
		{"ours, through another's object",
	         "10.1.4.0/24",
	         {.protocol = OURS, .nexthop_id = ID},
	         true,
	         true,
	         true},
		{"another's", "10.1.4.0/24", {.protocol = 4, .oif = LINK}, true, false, false},
		{"another's, of several next hops",
	         "10.1.4.0/24",
	         {.protocol = 4, .oif = LINK, .foreign_attributes = true},
	         true,
	         true,
	         false},
		{"a blackhole", "10.1.4.0/24", {.protocol = 4}, false, false, false},
		{"the bridge's",
	         "10.1.0.0/24",
	         {.protocol = RTPROT_KERNEL, .oif = LINK, .foreign_attributes = true},
	         true,
	         false,
	         false},
		{"a pod's", "10.1.0.9/32", {.protocol = 4, .oif = LINK}, false, false, false},
		{"another's, through an object",
	         "10.1.4.0/24",
	         {.protocol = 4, .nexthop_id = ID},
	         true,
	         true,
	         true},
	};
	const struct prefix own[IP_FAMILIES] = {make_prefix("10.1.0.0/24")};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bystanders bystanders = {0};
		struct route route = cases[i].route;

		print_message("%s\n", cases[i].title);
		route.dst = make_prefix(cases[i].dst);
		bystanders_note(&bystanders, &route, 1, OURS, own);
		assert_int_equal(bystanders_use_link(&bystanders, LINK), cases[i].link);
		assert_int_equal(bystanders_use_link(&bystanders, OTHER), cases[i].other);
		assert_int_equal(bystanders_use_nexthop(&bystanders, ID), cases[i].nexthop);
		assert_false(bystanders_use_nexthop(&bystanders, ID + 1));
		/* What was noted before is forgotten. */
		bystanders_note(&bystanders, NULL, 0, OURS, own);
		assert_false(bystanders_use_link(&bystanders, LINK));
		bystanders_free(&bystanders);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_they_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
