/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nexthop objects, and routes that refer to them, through a real kernel. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sandbox.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define FOUND_MAX    5000
#define ID(number)   (NEXTHOP_ID_FIRST + (uint32_t)(number))

struct fixture {
	struct rtnl *rtnl;
	int link;
	struct nexthop found[FOUND_MAX]; /* by dump() */
	size_t found_count;
	struct route route; /* by dump_routes(): the last one */
	size_t route_count;
};

static void take_nexthop(void *ctx, const struct nexthop *nexthop)
{
	struct fixture *fixture = ctx;

	assert_true(fixture->found_count < FOUND_MAX);
	fixture->found[fixture->found_count++] = *nexthop;
}

static void forget_nexthops(void *ctx)
{
	((struct fixture *)ctx)->found_count = 0;
}

/* Reads the objects into fixture->found, sorted by number as the kernel has them. */
static size_t dump(struct fixture *fixture)
{
	struct error err;

	fixture->found_count = 0;
	if (nexthop_dump(fixture->rtnl, take_nexthop, forget_nexthops, fixture, &err) != 0)
		fail_msg("%s", err.text);
	return fixture->found_count;
}

static void take_route(void *ctx, const struct route *route)
{
	struct fixture *fixture = ctx;

	if (route->protocol == RTPROT_KERNEL)
		return;
	fixture->route = *route;
	fixture->route_count++;
}

static void forget_routes(void *ctx)
{
	((struct fixture *)ctx)->route_count = 0;
}

static size_t dump_routes(struct fixture *fixture, uint8_t family)
{
	struct error err;

	fixture->route_count = 0;
	if (route_dump(fixture->rtnl, family, RT_TABLE_MAIN, take_route, forget_routes, fixture,
	               &err) != 0)
		fail_msg("%s", err.text);
	return fixture->route_count;
}

static void apply(struct fixture *fixture, struct nexthop_change *changes, size_t count)
{
	struct error err;

	if (nexthop_apply(fixture->rtnl, changes, count, &err) != 0)
		fail_msg("%s", err.text);
}

/* One change, which must succeed. */
static void change(struct fixture *fixture, enum nexthop_verb verb, struct nexthop nexthop)
{
	struct nexthop_change one = {.verb = verb, .nexthop = nexthop};

	apply(fixture, &one, 1);
	if (one.result != 0)
		fail_msg("nexthop %#x: %d %s", nexthop.id, one.result,
		         one.detail ? one.detail : "");
}

static void change_route(struct fixture *fixture, enum route_verb verb, struct route route)
{
	struct route_change one = {.verb = verb, .route = route};
	struct error err;

	if (route_apply(fixture->rtnl, &one, 1, &err) != 0 || one.result != 0)
		fail_msg("route: %d %s", one.result, one.detail ? one.detail : "");
}

static struct route route_by(const char *dst, uint32_t id)
{
	struct route route = sandbox_route(dst, NULL, 0);

	route.nexthop_id = id;
	return route;
}

static void set_compat_mode(int mode)
{
	sandbox_run("echo %d > /proc/sys/net/ipv4/nexthop_compat_mode", mode);
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct error err;

	assert_non_null(fixture);
	if (rtnl_open(&fixture->rtnl, &err) != 0)
		fail_msg("%s", err.text);
	fixture->link = sandbox_add_link();
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	set_compat_mode(1);
	sandbox_run("ip nexthop flush >/dev/null 2>&1; ip link del hgt0");
	rtnl_close(fixture->rtnl);
	free(fixture);
	return 0;
}

static void objects_come_change_and_go(void **state)
{
	struct fixture *fixture = *state;
	const struct nexthop wanted[] = {
		sandbox_nexthop(ID(1), "192.168.2.45", fixture->link),
		sandbox_nexthop(ID(2), "fd00:2::45", fixture->link),
	};
	struct nexthop moved = sandbox_nexthop(ID(1), "192.168.2.46", fixture->link);

	assert_int_equal(dump(fixture), 0);
	for (size_t i = 0; i < COUNT(wanted); i++)
		change(fixture, NEXTHOP_ADD, wanted[i]);
	assert_int_equal(dump(fixture), COUNT(wanted));
	for (size_t i = 0; i < COUNT(wanted); i++) {
		assert_int_equal(fixture->found[i].id, wanted[i].id);
		assert_true(ip_equal(&fixture->found[i].via, &wanted[i].via));
		assert_int_equal(fixture->found[i].oif, fixture->link);
		assert_int_equal(fixture->found[i].protocol, ROUTE_PROTOCOL_HOSTGW);
		assert_false(fixture->found[i].foreign_attributes);
	}
	change(fixture, NEXTHOP_REPLACE, moved);
	assert_int_equal(dump(fixture), COUNT(wanted));
	assert_true(ip_equal(&fixture->found[0].via, &moved.via));
	for (size_t i = 0; i < COUNT(wanted); i++)
		change(fixture, NEXTHOP_DELETE, wanted[i]);
	assert_int_equal(dump(fixture), 0);
}

static void each_change_has_its_result(void **state)
{
	struct fixture *fixture = *state;
	int link = fixture->link;
	struct {
		enum nexthop_verb verb;
		struct nexthop nexthop;
		int result;
		const char *detail; /* found in the kernel's words; NULL: not looked at */
	} cases[] = {
		{NEXTHOP_ADD, sandbox_nexthop(ID(1), "192.168.2.45", link), 0, NULL},
		{NEXTHOP_ADD, sandbox_nexthop(ID(1), "192.168.2.46", link), -EEXIST, NULL},
		{NEXTHOP_ADD, sandbox_nexthop(7, "192.168.2.46", link), -EEXIST, NULL},
		{NEXTHOP_ADD, sandbox_nexthop(ID(2), "198.51.100.1", link), -ENETUNREACH,
	         "gateway"},
		{NEXTHOP_ADD, sandbox_nexthop(ID(2), "192.168.2.45", 9999), -EINVAL, "device"},
		{NEXTHOP_ADD, sandbox_nexthop(0, "192.168.2.45", link), -EINVAL, NULL},
		{NEXTHOP_REPLACE, sandbox_nexthop(ID(2), "192.168.2.45", link), -ENOENT, NULL},
		{NEXTHOP_DELETE, sandbox_nexthop(ID(2), NULL, 0), -ENOENT, NULL},
		{NEXTHOP_ADD, sandbox_nexthop(ID(3), "fd00:2::45", link), 0, NULL},
		{NEXTHOP_ADD, sandbox_nexthop(ID(3), "fd00:2::46", link), -EEXIST, NULL},
		{NEXTHOP_ADD, sandbox_nexthop(ID(4), "192.168.2.45", link), 0, NULL},
	};
	struct nexthop_change changes[COUNT(cases)] = {0};

	sandbox_run("ip nexthop add id 7 via 192.168.2.45 dev hgt0 proto static");
	for (size_t i = 0; i < COUNT(cases); i++) {
		changes[i].verb = cases[i].verb;
		changes[i].nexthop = cases[i].nexthop;
	}
	apply(fixture, changes, COUNT(cases));
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *detail = changes[i].detail ? changes[i].detail : "";

		if (changes[i].result != cases[i].result ||
		    (cases[i].detail && !strstr(detail, cases[i].detail)))
			fail_msg("change %zu: %d, \"%s\"", i, changes[i].result, detail);
	}
	nexthop_changes_release(changes, COUNT(changes));
	assert_null(changes[3].detail);
	assert_int_equal(dump(fixture), 4);
}

static void a_downed_link_is_named(void **state)
{
	struct fixture *fixture = *state;
	struct nexthop_change one = {
		.nexthop = sandbox_nexthop(ID(1), "192.168.2.45", fixture->link)};

	sandbox_run("ip link set hgt0 down");
	apply(fixture, &one, 1);
	assert_int_equal(one.result, -ENETDOWN);
	assert_non_null(one.detail);
	nexthop_changes_release(&one, 1);
}

static void a_delete_takes_the_routes_along(void **state)
{
	struct fixture *fixture = *state;

	change(fixture, NEXTHOP_ADD, sandbox_nexthop(ID(1), "192.168.2.45", fixture->link));
	change(fixture, NEXTHOP_ADD, sandbox_nexthop(ID(2), "fd00:2::45", fixture->link));
	change_route(fixture, ROUTE_ADD, route_by("10.1.1.0/24", ID(1)));
	change_route(fixture, ROUTE_ADD, route_by("fd00:1::/64", ID(2)));
	assert_int_equal(dump_routes(fixture, AF_INET), 1);
	assert_int_equal(dump_routes(fixture, AF_INET6), 1);
	change(fixture, NEXTHOP_DELETE, sandbox_nexthop(ID(1), NULL, 0));
	assert_int_equal(dump_routes(fixture, AF_INET), 0);
	assert_int_equal(dump_routes(fixture, AF_INET6), 1);
	change(fixture, NEXTHOP_DELETE, sandbox_nexthop(ID(2), NULL, 0));
	assert_int_equal(dump_routes(fixture, AF_INET6), 0);
}

/* Deleting the link does too. */
static void a_downed_link_takes_objects_and_routes_along(void **state)
{
	struct fixture *fixture = *state;

	change(fixture, NEXTHOP_ADD, sandbox_nexthop(ID(1), "192.168.2.45", fixture->link));
	change_route(fixture, ROUTE_ADD, route_by("10.1.1.0/24", ID(1)));
	sandbox_run("ip link set hgt0 down");
	assert_int_equal(dump(fixture), 0);
	assert_int_equal(dump_routes(fixture, AF_INET), 0);
}

static void routes_follow_a_replace(void **state)
{
	struct fixture *fixture = *state;
	char text[512];

	change(fixture, NEXTHOP_ADD, sandbox_nexthop(ID(1), "192.168.2.45", fixture->link));
	change_route(fixture, ROUTE_ADD, route_by("10.1.1.0/24", ID(1)));
	change(fixture, NEXTHOP_REPLACE, sandbox_nexthop(ID(1), "192.168.2.46", fixture->link));
	sandbox_capture("ip route get 10.1.1.1", text, sizeof(text));
	assert_non_null(strstr(text, "via 192.168.2.46 dev hgt0"));
	assert_int_equal(dump_routes(fixture, AF_INET), 1);
	assert_int_equal(fixture->route.nexthop_id, ID(1));
}

/* Between a gateway in the route and one in an object: there is one route all the time, whatever
 * the order. That it is one message is shown by test_monitor_kernel. */
static void routes_move_over_in_place(void **state)
{
	static const struct {
		const char *dst, *via;
	} cases[] = {{"10.1.1.0/24", "192.168.2.45"}, {"fd00:1::/64", "fd00:2::45"}};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct route plain = sandbox_route(cases[i].dst, cases[i].via, fixture->link);
		uint8_t family = plain.dst.addr.family;
		uint32_t id = ID(1 + i);

		change(fixture, NEXTHOP_ADD, sandbox_nexthop(id, cases[i].via, fixture->link));
		change_route(fixture, ROUTE_ADD, plain);
		change_route(fixture, ROUTE_REPLACE, route_by(cases[i].dst, id));
		assert_int_equal(dump_routes(fixture, family), 1);
		assert_int_equal(fixture->route.nexthop_id, id);
		change_route(fixture, ROUTE_REPLACE, plain);
		assert_int_equal(dump_routes(fixture, family), 1);
		assert_int_equal(fixture->route.nexthop_id, 0);
		assert_true(ip_equal(&fixture->route.via, &plain.via));
		/* Nothing refers to it any more, so nothing goes with it. */
		change(fixture, NEXTHOP_DELETE, sandbox_nexthop(id, NULL, 0));
		assert_int_equal(dump_routes(fixture, family), 1);
	}
}

static void routes_read_the_same_in_both_modes(void **state)
{
	static const struct {
		const char *dst;
		const char *object; /* for `ip nexthop add id 7` */
	} cases[] = {
		{"10.1.1.0/24", "via 192.168.2.45 dev hgt0"},
		{"10.1.1.0/24", "via 192.168.2.45 dev hgt0 onlink"},
		{"10.1.1.0/24", "via fd00:2::45 dev hgt0"},
		{"10.1.1.0/24", "group 8/9"},
		{"fd00:1::/64", "via fd00:2::45 dev hgt0"},
		{"fd00:1::/64", "group 10/11"},
	};
	struct fixture *fixture = *state;

	sandbox_run("ip nexthop add id 8 via 192.168.2.48 dev hgt0 && "
	            "ip nexthop add id 9 via 192.168.2.49 dev hgt0 && "
	            "ip nexthop add id 10 via fd00:2::50 dev hgt0 && "
	            "ip nexthop add id 11 via fd00:2::51 dev hgt0");
	for (size_t i = 0; i < COUNT(cases) * 2; i++) {
		struct route wanted = route_by(cases[i / 2].dst, 7);

		set_compat_mode((int)(i % 2));
		sandbox_run("ip nexthop add id 7 %s", cases[i / 2].object);
		change_route(fixture, ROUTE_ADD, wanted);
		assert_int_equal(dump_routes(fixture, wanted.dst.addr.family), 1);
		assert_true(prefix_equal(&fixture->route.dst, &wanted.dst));
		assert_int_equal(fixture->route.nexthop_id, 7);
		assert_int_equal(fixture->route.via.family, 0);
		assert_int_equal(fixture->route.oif, 0);
		assert_int_equal(fixture->route.metric, wanted.metric);
		if (fixture->route.foreign_attributes)
			fail_msg("compat mode %zu: %s", i % 2, cases[i / 2].object);
		/* What was read names the route well enough to delete it. */
		change_route(fixture, ROUTE_DELETE, fixture->route);
		sandbox_run("ip nexthop del id 7");
	}
}

static void what_others_add_shows(void **state)
{
	static const struct {
		const char *there; /* for `ip nexthop add id 7` */
		const char *via;
		bool foreign;
	} cases[] = {
		{"via 192.168.2.45 dev hgt0", "192.168.2.45", false},
		{"via fd00:2::45 dev hgt0 proto 72", "fd00:2::45", false},
		{"via 192.168.2.45 dev hgt0 onlink", "192.168.2.45", true},
		{"dev hgt0", NULL, true},
		{"blackhole", NULL, true},
		{"-6 blackhole", NULL, true},
		{"group 8/9", NULL, true},
		{"group 8/9 type resilient buckets 8", NULL, true},
		{"via 192.168.2.45 fdb", "192.168.2.45", true},
	};
	struct fixture *fixture = *state;

	sandbox_run("ip nexthop add id 8 via 192.168.2.48 dev hgt0 && "
	            "ip nexthop add id 9 via 192.168.2.49 dev hgt0");
	for (size_t i = 0; i < COUNT(cases); i++) {
		bool ipv6 = strncmp(cases[i].there, "-6 ", 3) == 0;
		bool group = strncmp(cases[i].there, "group", 5) == 0;
		struct ip_addr via = sandbox_ip(cases[i].via);

		sandbox_run("ip %s nexthop add id 7 %s", ipv6 ? "-6" : "",
		            cases[i].there + (ipv6 ? 3 : 0));
		/* A group is told once for each of its members. */
		assert_int_equal(dump(fixture), group ? 4 : 3);
		assert_int_equal(fixture->found[0].id, 7);
		assert_int_equal(fixture->found[0].member, group ? 8 : 0);
		assert_int_equal(fixture->found[1].id, group ? 7 : 8);
		assert_int_equal(fixture->found[1].member, group ? 9 : 0);
		assert_true(ip_equal(&fixture->found[0].via, &via));
		if (fixture->found[0].foreign_attributes != cases[i].foreign)
			fail_msg("%s", cases[i].there);
		sandbox_run("ip nexthop del id 7");
	}
}

static void apply_many(struct fixture *fixture, enum nexthop_verb verb, struct nexthop_change *all)
{
	for (uint32_t i = 0; i < FOUND_MAX; i++) {
		all[i].verb = verb;
		all[i].nexthop = sandbox_nexthop(ID(i), "192.168.2.45", fixture->link);
		all[i].nexthop.via.bytes[3] = (uint8_t)(45 + i % 200);
	}
	apply(fixture, all, FOUND_MAX);
	for (uint32_t i = 0; i < FOUND_MAX; i++) {
		if (all[i].result != 0)
			fail_msg("change %u: %d, %s", i, all[i].result, all[i].detail);
	}
}

static void many_objects_come_and_go(void **state)
{
	struct fixture *fixture = *state;
	struct nexthop_change *all = calloc(FOUND_MAX, sizeof(*all));

	assert_non_null(all);
	apply_many(fixture, NEXTHOP_ADD, all);
	assert_int_equal(dump(fixture), FOUND_MAX);
	for (uint32_t i = 0; i < FOUND_MAX; i++)
		assert_int_equal(fixture->found[i].id, ID(i));
	apply_many(fixture, NEXTHOP_REPLACE, all);
	apply_many(fixture, NEXTHOP_DELETE, all);
	assert_int_equal(dump(fixture), 0);
	free(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(objects_come_change_and_go, set_up, tear_down),
		cmocka_unit_test_setup_teardown(each_change_has_its_result, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_downed_link_is_named, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_delete_takes_the_routes_along, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_downed_link_takes_objects_and_routes_along,
	                                        set_up, tear_down),
		cmocka_unit_test_setup_teardown(routes_follow_a_replace, set_up, tear_down),
		cmocka_unit_test_setup_teardown(routes_move_over_in_place, set_up, tear_down),
		cmocka_unit_test_setup_teardown(routes_read_the_same_in_both_modes, set_up,
	                                        tear_down),
		cmocka_unit_test_setup_teardown(what_others_add_shows, set_up, tear_down),
		cmocka_unit_test_setup_teardown(many_objects_come_and_go, set_up, tear_down),
	};

	if (!sandbox_enter())
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
