/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor against a real kernel: what it tells of links and nexthop objects, how it goes with
 * the loop, and what it does when events are lost. Routes: test_monitor_routes_kernel.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitor_fixture.h"
#include "sandbox.h"

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, monitor_fixture_set_up, monitor_fixture_tear_down)

static bool links_told(const struct monitor_fixture *fixture)
{
	return fixture->links_changed > 0;
}

static void links_and_addresses_are_told(void **state)
{
	static const struct {
		const char *command;
		bool lost; /* routes may have gone with it */
	} cases[] = {
		{"ip address add 192.168.2.144/24 dev hgt0", false},
		{"ip address del 192.168.2.144/24 dev hgt0", true},
		{"ip address add fd00:2::144/64 dev hgt0", false},
		{"ip link set hgt0 mtu 1400", false},
		{"ip link set hgt0 down", true},
		{"ip link set hgt0 up", false},
		{"ip link add hgt2 type veth peer name hgt3", true}, /* it is not up */
		{"ip link del hgt2", true},
	};
	struct monitor_fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		/* Earlier events, of the links coming up say, must not be taken for this one's. */
		monitor_fixture_forget(fixture);
		sandbox_run("%s", cases[i].command);
		monitor_fixture_run_until(fixture, links_told, cases[i].command);
		monitor_fixture_hear(fixture);
		if ((fixture->losses > 0) != cases[i].lost)
			fail_msg("%s: %u losses", cases[i].command, fixture->losses);
	}
}

static void nexthops_of_others_are_told(void **state)
{
	struct monitor_fixture *fixture = *state;
	const struct heard_nexthop *heard = fixture->nexthops;

	sandbox_run("ip nexthop add id 7 via 192.168.2.45 dev hgt0 && "
	            "ip nexthop replace id 7 via 192.168.2.46 dev hgt0 && "
	            "ip nexthop add id 8 via fd00:2::45 dev hgt0 && "
	            "ip nexthop add id 9 group 7 && ip nexthop del id 7");
	monitor_fixture_hear(fixture);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(heard[i].nexthop.id, 7);
		assert_int_equal(heard[i].nexthop.via.bytes[3], 45 + i);
		assert_int_equal(heard[i].nexthop.oif, fixture->link);
		assert_false(heard[i].deleted);
	}
	assert_int_equal(heard[2].nexthop.id, 8);
	assert_int_equal(heard[2].nexthop.via.family, AF_INET6);
	assert_int_equal(heard[3].nexthop.id, 9);
	assert_true(heard[3].nexthop.foreign_attributes);
	/* The group goes with its last member. */
	assert_true(fixture->nexthop_count >= 5);
	for (size_t i = 4; i < fixture->nexthop_count; i++)
		assert_true(heard[i].deleted);
}

static void own_nexthops_are_left_out(void **state)
{
	static const struct {
		const char *via, *moved, *dst;
		/* Events of the routes that go along with the object. IPv6 tells, not as an echo,
		 * unless net.ipv4.nexthop_compat_mode is 0. */
		size_t routes;
	} cases[] = {
		{"192.168.2.45", "192.168.2.46", "10.1.1.0/24", 0},
		{"fd00:2::45", "fd00:2::46", "fd00:1::/64", 1},
	};
	struct monitor_fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct nexthop nexthop = sandbox_nexthop(NEXTHOP_ID_FIRST, cases[i].via,
		                                         fixture->link);
		struct route route = sandbox_route(cases[i].dst, NULL, 0);

		monitor_fixture_forget(fixture);
		route.nexthop_id = nexthop.id;
		monitor_fixture_change_nexthop(fixture->own, NEXTHOP_ADD, nexthop);
		monitor_fixture_change(fixture->own, ROUTE_ADD, route);
		nexthop.via = sandbox_ip(cases[i].moved);
		monitor_fixture_change_nexthop(fixture->own, NEXTHOP_REPLACE, nexthop);
		monitor_fixture_hear(fixture);
		assert_int_equal(fixture->route_count, 0);
		monitor_fixture_change_nexthop(fixture->own, NEXTHOP_DELETE, nexthop);
		monitor_fixture_hear(fixture);
		assert_int_equal(fixture->nexthop_count, 0);
		assert_int_equal(fixture->route_count, cases[i].routes);
	}
}

/* As `ip nexthop flush` does it: of the IPv4 routes that go along no event tells. */
static void a_flush_is_told_object_by_object(void **state)
{
	struct monitor_fixture *fixture = *state;

	for (uint32_t i = 0; i < 3; i++) {
		struct nexthop nexthop = sandbox_nexthop(NEXTHOP_ID_FIRST + i, "192.168.2.45",
		                                         fixture->link);
		struct route route = sandbox_numbered_route(i, NULL, 0);

		monitor_fixture_change_nexthop(fixture->own, NEXTHOP_ADD, nexthop);
		route.nexthop_id = nexthop.id;
		monitor_fixture_change(fixture->own, ROUTE_ADD, route);
	}
	sandbox_run("ip nexthop flush >/dev/null 2>&1");
	monitor_fixture_hear(fixture);
	assert_int_equal(fixture->nexthop_count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_true(fixture->nexthops[i].deleted);
	assert_int_equal(fixture->route_count, 0);
}

/* So whoever hears of links must read the objects anew. */
static void a_downed_link_takes_objects_along_in_silence(void **state)
{
	struct monitor_fixture *fixture = *state;

	struct nexthop nexthop = sandbox_nexthop(NEXTHOP_ID_FIRST, "192.168.2.45", fixture->link);

	monitor_fixture_change_nexthop(fixture->own, NEXTHOP_ADD, nexthop);
	monitor_fixture_forget(fixture);
	sandbox_run("ip link set hgt0 down");
	monitor_fixture_hear(fixture);
	assert_true(fixture->links_changed > 0);
	assert_true(fixture->link_named);
	assert_int_equal(fixture->nexthop_count, 0);
	sandbox_run("ip link set hgt0 up");
	monitor_fixture_change_nexthop(fixture->own, NEXTHOP_ADD, nexthop); /* its number is free */
}

static bool overrun_told(const struct monitor_fixture *fixture)
{
	return fixture->overruns > 0;
}

static bool later_route_came(const struct monitor_fixture *fixture)
{
	return monitor_fixture_find(fixture, "10.1.1.0/24", ROUTE_CAME) != NULL;
}

/* Adds and deletes watched routes of another program's until no receive buffer holds the news. */
static void flood(struct monitor_fixture *fixture)
{
	static struct route_change changes[10000];

	memset(changes, 0, sizeof(changes));
	for (size_t i = 0; i < 10000; i++)
		changes[i].route = sandbox_numbered_route(i, "192.168.2.45", fixture->link);
	for (int round = 0; round < 4; round++) {
		struct error err;

		for (size_t i = 0; i < 10000; i++)
			changes[i].verb = round % 2 ? ROUTE_DELETE : ROUTE_ADD;
		assert_int_equal(route_apply(fixture->other, changes, 10000, &err), 0);
	}
}

static void lost_events_are_told_and_later_ones_come(void **state)
{
	struct monitor_fixture *fixture = *state;

	flood(fixture);
	monitor_fixture_run_until(fixture, overrun_told, "overrun");
	/* Empty the socket first: what comes while it is full is lost too. */
	monitor_fixture_forget(fixture);
	sandbox_run("ip route add 10.1.1.0/24 via 192.168.2.45 dev hgt0");
	monitor_fixture_run_until(fixture, later_route_came, "an event after the overrun");
}

/* One call, however much waits: a turn of the loop alone would read a part. */
static void a_drain_hears_all_there_is(void **state)
{
	static struct route_change changes[2000];
	struct monitor_fixture *fixture = *state;
	struct error err;

	for (size_t i = 0; i < 2000; i++)
		changes[i].route = sandbox_numbered_route(i, "192.168.2.45", fixture->link);
	monitor_fixture_forget(fixture);
	assert_int_equal(route_apply(fixture->other, changes, 2000, &err), 0);
	rtnl_monitor_drain(fixture->monitor);
	assert_int_equal(fixture->route_count, 2000);
	rtnl_monitor_drain(fixture->monitor);
	assert_int_equal(fixture->route_count, 2000);
	assert_int_equal(fixture->overruns, 0);
}

static void a_drain_tells_of_loss_and_the_loop_goes_on(void **state)
{
	struct monitor_fixture *fixture = *state;

	flood(fixture);
	rtnl_monitor_drain(fixture->monitor);
	assert_int_equal(fixture->overruns, 1);
	monitor_fixture_forget(fixture);
	sandbox_run("ip route add 10.1.1.0/24 via 192.168.2.45 dev hgt0");
	monitor_fixture_run_until(fixture, later_route_came, "an event after the drain");
}

static bool stopped(const struct monitor_fixture *fixture)
{
	return fixture->monitor == NULL;
}

static void a_callback_may_stop_the_monitor(void **state)
{
	struct monitor_fixture *fixture = *state;

	fixture->stop_at_first = true;
	sandbox_run("ip route add 10.1.1.0/24 via 192.168.2.45 dev hgt0");
	sandbox_run("ip route add 10.1.2.0/24 via 192.168.2.45 dev hgt0");
	monitor_fixture_run_until(fixture, stopped, "the first event");
	uv_run(&fixture->loop, UV_RUN_NOWAIT);
	assert_int_equal(fixture->route_count, 1);
}

static void a_callback_of_a_drain_may_stop_the_monitor(void **state)
{
	struct monitor_fixture *fixture = *state;

	fixture->stop_at_first = true;
	sandbox_run("ip route add 10.1.1.0/24 via 192.168.2.45 dev hgt0");
	sandbox_run("ip route add 10.1.2.0/24 via 192.168.2.45 dev hgt0");
	rtnl_monitor_drain(fixture->monitor);
	assert_null(fixture->monitor);
	assert_int_equal(fixture->route_count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(links_and_addresses_are_told),
		TEST(nexthops_of_others_are_told),
		TEST(own_nexthops_are_left_out),
		TEST(a_flush_is_told_object_by_object),
		TEST(a_downed_link_takes_objects_along_in_silence),
		TEST(lost_events_are_told_and_later_ones_come),
		TEST(a_drain_hears_all_there_is),
		TEST(a_drain_tells_of_loss_and_the_loop_goes_on),
		TEST(a_callback_may_stop_the_monitor),
		TEST(a_callback_of_a_drain_may_stop_the_monitor),
	};

	if (!sandbox_enter())
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
