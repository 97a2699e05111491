/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "daemon/nexthop_plan.h"
#include "daemon/route_diff.h"

#define OURS       ROUTE_PROTOCOL_HOSTGW
#define ADMIN      RTPROT_STATIC
#define ID(n)      (NEXTHOP_ID_FIRST + (n))
#define UPLINK     2
#define ROW_MAX    4
#define NONE       0U
#define KNOWN_LIST true
#define CUT_LIST   false

/* Route `net` is 10.1.<net>.0/24, gateway `gw` 192.168.2.<gw>; a row ends with net or id 0. */
struct wanted {
	uint8_t net, gw;
};

struct there {
	uint8_t net, protocol;
	uint32_t id;
};

struct object {
	uint32_t id;
	uint8_t gw, protocol; /* gateway 0: none */
	int oif;              /* 0: the uplink; -1: none */
	bool foreign_attributes;
};

struct change {
	enum nexthop_verb verb;
	uint32_t id;
	uint8_t gw;
};

static const struct {
	const char *name;
	struct wanted wanted[ROW_MAX];
	struct there there[ROW_MAX];
	struct object objects[ROW_MAX];
	bool may_delete;
	uint32_t ids[ROW_MAX]; /* of the wanted */
	struct change changes[ROW_MAX];
	uint32_t removals[ROW_MAX];
	size_t waiting;
} cases[] = {
	{.name = "nothing at all", .may_delete = KNOWN_LIST},
	{.name = "all new: numbers from the first on, one for a shared gateway",
         .wanted = {{1, 11}, {2, 12}, {3, 11}},
         .ids = {ID(0), ID(1), ID(0)},
         .changes = {{NEXTHOP_ADD, ID(0), 11}, {NEXTHOP_ADD, ID(1), 12}}},
	{.name = "all right: nothing to do",
         .wanted = {{1, 11}, {2, 12}},
         .there = {{1, OURS, ID(5)}, {2, OURS, ID(3)}},
         .objects = {{ID(3), 12, OURS}, {ID(5), 11, OURS}},
         .may_delete = KNOWN_LIST,
         .ids = {ID(5), ID(3)}},
	{.name = "an object of an earlier life without its route",
         .wanted = {{1, 11}},
         .objects = {{ID(9), 11, OURS}},
         .may_delete = KNOWN_LIST,
         .ids = {ID(9)}},
	{.name = "several of one gateway: the lowest is kept, the free one goes, the used one waits",
         .wanted = {{1, 11}},
         .there = {{1, OURS, ID(7)}},
         .objects = {{ID(4), 11, OURS}, {ID(6), 11, OURS}, {ID(7), 11, OURS}},
         .may_delete = KNOWN_LIST,
         .ids = {ID(4)},
         .removals = {ID(6)},
         .waiting = 1},
	{.name = "same gateway over another interface: moved in place",
         .wanted = {{1, 11}},
         .there = {{1, OURS, ID(4)}},
         .objects = {{ID(4), 11, OURS, 3}},
         .ids = {ID(4)},
         .changes = {{NEXTHOP_REPLACE, ID(4), 11}}},
	{.name = "a new address moves the object and so all its routes",
         .wanted = {{1, 21}, {2, 21}},
         .there = {{1, OURS, ID(4)}, {2, OURS, ID(4)}},
         .objects = {{ID(4), 11, OURS}},
         .may_delete = KNOWN_LIST,
         .ids = {ID(4), ID(4)},
         .changes = {{NEXTHOP_REPLACE, ID(4), 21}}},
	{.name = "two nodes change addresses with each other: the objects stay, the routes move",
         .wanted = {{1, 12}, {2, 11}},
         .there = {{1, OURS, ID(1)}, {2, OURS, ID(2)}},
         .objects = {{ID(1), 11, OURS}, {ID(2), 12, OURS}},
         .may_delete = KNOWN_LIST,
         .ids = {ID(2), ID(1)}},
	{.name = "the routes of one object part: none is led astray, each gets its own",
         .wanted = {{1, 21}, {2, 22}},
         .there = {{1, OURS, ID(0)}, {2, OURS, ID(0)}},
         .objects = {{ID(0), 11, OURS}},
         .may_delete = KNOWN_LIST,
         .ids = {ID(1), ID(2)},
         .changes = {{NEXTHOP_ADD, ID(1), 21}, {NEXTHOP_ADD, ID(2), 22}},
         .waiting = 1},
	{.name = "one route stays with the gateway: the object is its own, the other leaves",
         .wanted = {{1, 21}, {2, 11}},
         .there = {{1, OURS, ID(0)}, {2, OURS, ID(0)}},
         .objects = {{ID(0), 11, OURS}},
         .ids = {ID(1), ID(0)},
         .changes = {{NEXTHOP_ADD, ID(1), 21}}},
	{.name = "the new gateway has an object already: the route goes there, the old one waits",
         .wanted = {{1, 12}, {2, 12}},
         .there = {{1, OURS, ID(1)}, {2, OURS, ID(2)}},
         .objects = {{ID(1), 11, OURS}, {ID(2), 12, OURS}},
         .may_delete = KNOWN_LIST,
         .ids = {ID(2), ID(2)},
         .waiting = 1},
	{.name = "two old objects for one new gateway: the first moves, the other waits",
         .wanted = {{1, 21}, {2, 21}},
         .there = {{1, OURS, ID(1)}, {2, OURS, ID(2)}},
         .objects = {{ID(1), 11, OURS}, {ID(2), 12, OURS}},
         .may_delete = KNOWN_LIST,
         .ids = {ID(1), ID(1)},
         .changes = {{NEXTHOP_REPLACE, ID(1), 21}},
         .waiting = 1},
	{.name = "a foreign route refers to it: not moved",
         .wanted = {{1, 21}},
         .there = {{1, OURS, ID(0)}, {9, ADMIN, ID(0)}},
         .objects = {{ID(0), 11, OURS}},
         .may_delete = KNOWN_LIST,
         .ids = {ID(1)},
         .changes = {{NEXTHOP_ADD, ID(1), 21}}},
	{.name = "a foreign route to the wanted destination refers to it: not moved",
         .wanted = {{1, 21}},
         .there = {{1, ADMIN, ID(0)}},
         .objects = {{ID(0), 11, OURS}},
         .may_delete = KNOWN_LIST,
         .ids = {ID(1)},
         .changes = {{NEXTHOP_ADD, ID(1), 21}}},
	{.name = "a route of ours that is not wanted refers to it: not led elsewhere",
         .wanted = {{1, 21}},
         .there = {{1, OURS, ID(0)}, {9, OURS, ID(0)}},
         .objects = {{ID(0), 11, OURS}},
         .ids = {ID(1)},
         .changes = {{NEXTHOP_ADD, ID(1), 21}}},
	{.name = "free numbers: neither ours nor a foreign one is taken again",
         .wanted = {{1, 11}, {2, 12}, {3, 13}},
         .objects = {{ID(0), 99, ADMIN}, {ID(1), 12, OURS}, {ID(3), 98, ADMIN}},
         .may_delete = KNOWN_LIST,
         .ids = {ID(2), ID(1), ID(4)},
         .changes = {{NEXTHOP_ADD, ID(2), 11}, {NEXTHOP_ADD, ID(4), 13}}},
	{.name = "numbers outside our range bind nobody",
         .wanted = {{1, 11}},
         .objects = {{7, 11, OURS},
                     {NEXTHOP_ID_FIRST - 1, 11, OURS},
                     {NEXTHOP_ID_LAST + 1, 11, OURS}},
         .may_delete = KNOWN_LIST,
         .ids = {ID(0)},
         .changes = {{NEXTHOP_ADD, ID(0), 11}}},
	{.name = "a foreign object with our gateway, in our range, under our route: left alone",
         .wanted = {{1, 11}},
         .there = {{1, OURS, ID(0)}},
         .objects = {{ID(0), 11, ADMIN}},
         .may_delete = KNOWN_LIST,
         .ids = {ID(1)},
         .changes = {{NEXTHOP_ADD, ID(1), 11}}},
	{.name = "our object was made something else: repaired in place",
         .wanted = {{1, 11}},
         .there = {{1, OURS, ID(0)}},
         .objects = {{ID(0), 11, OURS, .foreign_attributes = true}},
         .ids = {ID(0)},
         .changes = {{NEXTHOP_REPLACE, ID(0), 11}}},
	{.name = "our object lost its gateway: repaired in place",
         .wanted = {{1, 11}},
         .there = {{1, OURS, ID(0)}},
         .objects = {{ID(0), 0, OURS}},
         .ids = {ID(0)},
         .changes = {{NEXTHOP_REPLACE, ID(0), 11}}},
	{.name = "a group, which the kernel does not turn into a gateway: left, then removed",
         .wanted = {{1, 11}},
         .there = {{1, OURS, ID(0)}},
         .objects = {{ID(0), 0, OURS, -1, .foreign_attributes = true}},
         .may_delete = KNOWN_LIST,
         .ids = {ID(1)},
         .changes = {{NEXTHOP_ADD, ID(1), 11}},
         .waiting = 1},
	{.name = "spoilt and unused: another is made, this one goes",
         .wanted = {{1, 11}},
         .objects = {{ID(0), 11, OURS, .foreign_attributes = true}},
         .may_delete = KNOWN_LIST,
         .ids = {ID(1)},
         .changes = {{NEXTHOP_ADD, ID(1), 11}},
         .removals = {ID(0)}},
	{.name = "the node is gone, its route still there: waits",
         .there = {{1, OURS, ID(0)}},
         .objects = {{ID(0), 11, OURS}},
         .may_delete = KNOWN_LIST,
         .waiting = 1},
	{.name = "the node and its route are gone",
         .objects = {{ID(0), 11, OURS}},
         .may_delete = KNOWN_LIST,
         .removals = {ID(0)}},
	{.name = "the node is gone, as far as an incomplete list tells",
         .objects = {{ID(0), 11, OURS}},
         .may_delete = CUT_LIST},
	{.name = "unused and foreign: by protocol, by number",
         .objects = {{7, 11, OURS}, {ID(0), 12, ADMIN}, {NEXTHOP_ID_LAST + 1, 13, OURS}},
         .may_delete = KNOWN_LIST},
	{.name = "a route by a number that is not there",
         .wanted = {{1, 11}},
         .there = {{1, OURS, ID(3)}},
         .may_delete = KNOWN_LIST,
         .ids = {ID(0)},
         .changes = {{NEXTHOP_ADD, ID(0), 11}}},
};

static struct route make_route(uint8_t net, uint8_t gw, uint8_t protocol, uint32_t id)
{
	return (struct route){
		.dst = {.addr = {AF_INET, {10, 1, net}}, .length = 24},
		.via = gw ? (struct ip_addr){AF_INET, {192, 168, 2, gw}} : (struct ip_addr){0},
		.oif = UPLINK,
		.table = RT_TABLE_MAIN,
		.protocol = protocol,
		.type = RTN_UNICAST,
		.nexthop_id = id,
	};
}

static void check_change(const struct nexthop_change *change, const struct change *expected)
{
	const struct ip_addr via = {AF_INET, {192, 168, 2, expected->gw}};

	assert_int_equal(change->verb, expected->verb);
	assert_int_equal(change->nexthop.id, expected->id);
	assert_true(ip_equal(&change->nexthop.via, &via));
	assert_int_equal(change->nexthop.oif, UPLINK);
	assert_int_equal(change->nexthop.protocol, OURS);
	assert_false(change->nexthop.foreign_attributes);
}

static void check_plan(const struct nexthop_plan *plan, const struct nexthop_plan_input *input,
                       size_t i)
{
	size_t changes = 0, removals = 0;

	assert_true(plan->in_use);
	assert_int_equal(plan->route_count, input->desired_count);
	for (size_t j = 0; j < plan->route_count; j++) {
		assert_int_equal(plan->routes[j].nexthop_id, cases[i].ids[j]);
		assert_int_equal(route_compare_key(&plan->routes[j], &input->desired[j]), 0);
		assert_true(ip_equal(&plan->routes[j].via, &input->desired[j].via));
	}
	while (changes < ROW_MAX && cases[i].changes[changes].id != NONE)
		changes++;
	while (removals < ROW_MAX && cases[i].removals[removals] != NONE)
		removals++;
	assert_int_equal(plan->change_count, changes);
	for (size_t j = 0; j < changes; j++)
		check_change(&plan->changes[j], &cases[i].changes[j]);
	assert_int_equal(plan->removal_count, removals);
	for (size_t j = 0; j < removals; j++) {
		assert_int_equal(plan->removals[j].verb, NEXTHOP_DELETE);
		assert_int_equal(plan->removals[j].nexthop.id, cases[i].removals[j]);
	}
	assert_int_equal(plan->waiting_count, cases[i].waiting);
}

static void test_objects(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct route desired[ROW_MAX], observed[ROW_MAX];
		struct nexthop nexthops[ROW_MAX];
		struct nexthop_plan_input input = {.desired = desired,
		                                   .observed = observed,
		                                   .nexthops = nexthops,
		                                   .mode = NEXTHOP_ALWAYS,
		                                   .supported = true,
		                                   .protocol = OURS,
		                                   .may_delete = cases[i].may_delete};
		struct nexthop_plan plan;
		struct error err;

		print_message("%s\n", cases[i].name);
		for (const struct wanted *at = cases[i].wanted; at->net != 0; at++)
			desired[input.desired_count++] = make_route(at->net, at->gw, OURS, 0);
		for (const struct there *at = cases[i].there; at->net != 0; at++)
			observed[input.observed_count++] = make_route(at->net, 0, at->protocol,
			                                              at->id);
		for (const struct object *at = cases[i].objects; at->id != NONE; at++)
			nexthops[input.nexthop_count++] = (struct nexthop){
				.id = at->id,
				.via = make_route(0, at->gw, 0, 0).via,
				.oif = at->oif < 0    ? 0
			               : at->oif == 0 ? UPLINK
			                              : at->oif,
				.protocol = at->protocol,
				.foreign_attributes = at->foreign_attributes};
		assert_int_equal(nexthop_plan_make(&input, &plan, &err), 0);
		check_plan(&plan, &input, i);
		nexthop_plan_free(&plan);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_objects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
