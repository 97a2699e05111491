/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When routes go through nexthop objects at all, and which of them. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "daemon/nexthop_plan.h"

#define OURS   ROUTE_PROTOCOL_HOSTGW
#define UPLINK 2

/* As many routes as asked for, over so many gateways, sorted. */
static struct route *make_routes(size_t count, size_t gateways)
{
	struct route *routes = calloc(count + 1, sizeof(*routes));

	assert_non_null(routes);
	for (size_t i = 0; i < count; i++) {
		size_t gw = i % gateways;

		routes[i] = (struct route){
			.dst = {{AF_INET, {10, (uint8_t)(i >> 8), (uint8_t)i}}, 24},
			.via = {AF_INET, {192, 168, (uint8_t)(gw >> 8), (uint8_t)gw}},
			.oif = UPLINK,
			.table = RT_TABLE_MAIN,
			.protocol = OURS,
			.type = RTN_UNICAST,
		};
	}
	return routes;
}

static void make_plan(const struct nexthop_plan_input *input, struct nexthop_plan *plan)
{
	struct error err;

	assert_int_equal(nexthop_plan_make(input, plan, &err), 0);
}

static void test_modes(void **state)
{
	static const struct {
		size_t routes, gateways;
		enum nexthop_mode mode;
		bool supported, in_use, expected;
	} cases[] = {
		{511, 511, NEXTHOP_AUTO, true, false, false},
		{512, 512, NEXTHOP_AUTO, true, false, true},
		{512, 512, NEXTHOP_AUTO, false, false, false},
		{1000, 511, NEXTHOP_AUTO, true, false, false}, /* gateways count, not routes */
		{511, 511, NEXTHOP_AUTO, true, true, true},
		{256, 256, NEXTHOP_AUTO, true, true, true},
		{256, 256, NEXTHOP_AUTO, false, true, false},
		{1000, 255, NEXTHOP_AUTO, true, true, false},
		{1, 1, NEXTHOP_ALWAYS, true, false, true},
		{1, 1, NEXTHOP_ALWAYS, false, true, false},
		{600, 600, NEXTHOP_NEVER, true, true, false},
		{0, 1, NEXTHOP_AUTO, true, true, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct route *desired = make_routes(cases[i].routes, cases[i].gateways);
		struct nexthop_plan_input input = {.desired = desired,
		                                   .desired_count = cases[i].routes,
		                                   .mode = cases[i].mode,
		                                   .supported = cases[i].supported,
		                                   .in_use = cases[i].in_use,
		                                   .protocol = OURS};
		struct nexthop_plan plan;

		print_message("case %zu\n", i);
		make_plan(&input, &plan);
		assert_int_equal(plan.in_use, cases[i].expected);
		assert_int_equal(plan.change_count, cases[i].expected ? cases[i].gateways : 0);
		assert_int_equal(plan.route_count, cases[i].routes);
		for (size_t j = 0; j < plan.route_count; j++)
			assert_int_equal(plan.routes[j].nexthop_id != 0, cases[i].expected);
		nexthop_plan_free(&plan);
		free(desired);
	}
}

/* One gateway over two interfaces is two next hops, also for the marks of auto. */
static void test_interfaces_tell_next_hops_apart(void **state)
{
	struct route *desired = make_routes(512, 256);
	struct nexthop_plan_input input = {
		.desired = desired, .desired_count = 512, .supported = true, .protocol = OURS};
	struct nexthop_plan plan;

	(void)state;
	for (size_t i = 256; i < 512; i++)
		desired[i].oif = UPLINK + 1;
	make_plan(&input, &plan);
	assert_true(plan.in_use);
	assert_int_equal(plan.change_count, 512);
	assert_int_equal(plan.changes[0].nexthop.oif, UPLINK);
	assert_int_equal(plan.changes[256].nexthop.oif, UPLINK + 1);
	nexthop_plan_free(&plan);
	free(desired);
}

/* IPv6 has no chain to avoid; a blackhole and a route to a link have no gateway. */
static void test_kinds_of_routes(void **state)
{
	struct route desired[] = {
		{.dst = make_prefix("10.1.1.0/24"), .type = RTN_BLACKHOLE},
		{.dst = make_prefix("10.1.2.0/24"), .oif = UPLINK, .type = RTN_UNICAST},
		{.dst = make_prefix("10.1.3.0/24"),
	         .via = make_ip("192.168.2.11"),
	         .oif = UPLINK,
	         .type = RTN_UNICAST},
		{.dst = make_prefix("fd00:1::/64"),
	         .via = make_ip("fd00::11"),
	         .oif = UPLINK,
	         .type = RTN_UNICAST},
	};
	struct nexthop_plan_input input = {.desired = desired,
	                                   .desired_count = COUNT(desired),
	                                   .mode = NEXTHOP_ALWAYS,
	                                   .supported = true,
	                                   .protocol = OURS};
	struct nexthop_plan plan;

	(void)state;
	make_plan(&input, &plan);
	assert_int_equal(plan.change_count, 1);
	for (size_t i = 0; i < COUNT(desired); i++)
		assert_int_equal(plan.routes[i].nexthop_id, i == 2 ? NEXTHOP_ID_FIRST : 0);
	nexthop_plan_free(&plan);
}

/* A route that no longer takes an object keeps the object it goes through from being moved. */
static void test_object_of_a_route_that_is_to_be_plain(void **state)
{
	struct route observed[2], *desired = make_routes(2, 2);
	struct nexthop nexthop = {.id = NEXTHOP_ID_FIRST,
	                          .via = make_ip("192.168.9.9"),
	                          .oif = UPLINK,
	                          .protocol = OURS};
	struct nexthop_plan_input input = {.desired = desired,
	                                   .desired_count = 2,
	                                   .observed = observed,
	                                   .observed_count = 2,
	                                   .nexthops = &nexthop,
	                                   .nexthop_count = 1,
	                                   .mode = NEXTHOP_ALWAYS,
	                                   .supported = true,
	                                   .protocol = OURS};
	struct nexthop_plan plan;

	(void)state;
	memcpy(observed, desired, sizeof(observed));
	observed[0].nexthop_id = observed[1].nexthop_id = NEXTHOP_ID_FIRST;
	desired[0].type = RTN_BLACKHOLE;
	make_plan(&input, &plan);
	assert_int_equal(plan.change_count, 1);
	assert_int_equal(plan.changes[0].verb, NEXTHOP_ADD);
	assert_int_equal(plan.routes[0].nexthop_id, 0);
	assert_int_equal(plan.routes[1].nexthop_id, NEXTHOP_ID_FIRST + 1);
	nexthop_plan_free(&plan);
	free(desired);
}

/* Off: plain routes first, which leave the objects waiting; then the objects go. */
static void test_change_over_to_plain_routes(void **state)
{
	struct route observed[3], *desired = make_routes(3, 3);
	struct nexthop nexthops[3];
	struct nexthop_plan_input input = {.desired = desired,
	                                   .desired_count = 3,
	                                   .observed = observed,
	                                   .observed_count = 3,
	                                   .nexthops = nexthops,
	                                   .nexthop_count = 3,
	                                   .mode = NEXTHOP_NEVER,
	                                   .supported = true,
	                                   .in_use = true,
	                                   .protocol = OURS,
	                                   .may_delete = true};
	struct nexthop_plan plan;

	(void)state;
	memcpy(observed, desired, sizeof(observed));
	for (uint32_t i = 0; i < 3; i++) {
		observed[i].nexthop_id = NEXTHOP_ID_FIRST + i;
		nexthops[i] = (struct nexthop){.id = NEXTHOP_ID_FIRST + i,
		                               .via = desired[i].via,
		                               .oif = UPLINK,
		                               .protocol = OURS};
	}
	make_plan(&input, &plan);
	assert_false(plan.in_use);
	assert_int_equal(plan.change_count, 0);
	assert_int_equal(plan.removal_count, 0);
	assert_int_equal(plan.waiting_count, 3);
	assert_memory_equal(plan.routes, desired, 3 * sizeof(*desired));
	nexthop_plan_free(&plan);

	observed[0].nexthop_id = observed[2].nexthop_id = 0;
	input.in_use = false;
	make_plan(&input, &plan);
	assert_int_equal(plan.removal_count, 2);
	assert_int_equal(plan.removals[0].nexthop.id, NEXTHOP_ID_FIRST);
	assert_int_equal(plan.removals[1].nexthop.id, NEXTHOP_ID_FIRST + 2);
	assert_int_equal(plan.waiting_count, 1);
	nexthop_plan_free(&plan);
	free(desired);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_interfaces_tell_next_hops_apart),
		cmocka_unit_test(test_kinds_of_routes),
		cmocka_unit_test(test_object_of_a_route_that_is_to_be_plain),
		cmocka_unit_test(test_change_over_to_plain_routes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
