/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routes through a real kernel. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <cmocka.h>

#include "netlink/socket.h"
#include "sandbox.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define FOUND_MAX    6000

struct fixture {
	struct rtnl *rtnl;
	int link;
	struct route found[FOUND_MAX]; /* by dump() */
	size_t found_count;
};

static void take_route(void *ctx, const struct route *route)
{
	struct fixture *fixture = ctx;

	/* What the kernel makes by itself for addresses is no test's concern. */
	if (route->protocol == RTPROT_KERNEL)
		return;
	assert_true(fixture->found_count < FOUND_MAX);
	fixture->found[fixture->found_count++] = *route;
}

static void forget_routes(void *ctx)
{
	((struct fixture *)ctx)->found_count = 0;
}

/* Reads a table into fixture->found; returns how many routes it has. */
static size_t dump(struct fixture *fixture, uint8_t family, uint32_t table)
{
	struct error err;

	fixture->found_count = 0;
	if (route_dump(fixture->rtnl, family, table, take_route, forget_routes, fixture, &err) != 0)
		fail_msg("%s", err.text);
	return fixture->found_count;
}

static void apply(struct fixture *fixture, struct route_change *changes, size_t count)
{
	struct error err;

	if (route_apply(fixture->rtnl, changes, count, &err) != 0)
		fail_msg("%s", err.text);
}

/* One change; its result. */
static int change(struct fixture *fixture, enum route_verb verb, struct route route)
{
	struct route_change one = {.verb = verb, .route = route};

	apply(fixture, &one, 1);
	route_changes_release(&one, 1);
	return one.result;
}

static double milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
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

	/* hgt0 takes its routes along; those that lead nowhere need it said. */
	sandbox_run("ip link del hgt0; ip route flush table all type blackhole; "
	            "ip -6 route flush table all type blackhole");
	rtnl_close(fixture->rtnl);
	free(fixture);
	return 0;
}

/* Applies `count` numbered routes with one verb; each must succeed. */
static void apply_numbered(struct fixture *fixture, enum route_verb verb, size_t count)
{
	struct route_change *changes = calloc(count, sizeof(*changes));

	assert_non_null(changes);
	for (size_t i = 0; i < count; i++) {
		changes[i].verb = verb;
		changes[i].route = sandbox_numbered_route(i, "192.168.2.45", fixture->link);
		changes[i].route.via.bytes[3] = (uint8_t)(45 + i % 200);
	}
	apply(fixture, changes, count);
	for (size_t i = 0; i < count; i++) {
		if (changes[i].result != 0)
			fail_msg("change %zu: %d, %s", i, changes[i].result, changes[i].detail);
		assert_null(changes[i].detail);
	}
	route_changes_release(changes, count);
	free(changes);
}

static void many_routes_come_and_go(void **state)
{
	struct fixture *fixture = *state;

	apply_numbered(fixture, ROUTE_ADD, 1000);
	assert_int_equal(dump(fixture, AF_INET, RT_TABLE_MAIN), 1000);
	for (size_t i = 0; i < fixture->found_count; i++) {
		assert_int_equal(fixture->found[i].protocol, ROUTE_PROTOCOL_HOSTGW);
		assert_int_equal(fixture->found[i].oif, fixture->link);
		assert_false(fixture->found[i].foreign_attributes);
	}
	apply_numbered(fixture, ROUTE_REPLACE, 1000);
	assert_int_equal(dump(fixture, AF_INET, RT_TABLE_MAIN), 1000);
	apply_numbered(fixture, ROUTE_DELETE, 1000);
	assert_int_equal(dump(fixture, AF_INET, RT_TABLE_MAIN), 0);
}

static void how_long_it_takes(void **state)
{
	struct fixture *fixture = *state;
	double start = milliseconds();
	double applied;

	apply_numbered(fixture, ROUTE_ADD, 5000);
	applied = milliseconds();
	assert_int_equal(dump(fixture, AF_INET, RT_TABLE_MAIN), 5000);
	printf("5,000 routes: applied in %.1f ms, dumped in %.1f ms\n", applied - start,
	       milliseconds() - applied);
}

static void each_change_has_its_result(void **state)
{
	struct fixture *fixture = *state;
	int link = fixture->link;
	struct {
		enum route_verb verb;
		struct route route;
		int result;
		const char *detail; /* found in the kernel's words; NULL: not looked at */
	} cases[] = {
		{ROUTE_ADD, sandbox_route("10.1.1.0/24", "192.168.2.45", link), 0, NULL},
		{ROUTE_ADD, sandbox_route("10.1.1.0/24", "192.168.2.46", link), -EEXIST, NULL},
		{ROUTE_ADD, sandbox_route("10.1.2.0/24", "198.51.100.1", link), -ENETUNREACH,
	         "gateway"},
		{ROUTE_ADD, sandbox_route("10.1.2.0/24", "fe80::1", link), -EINVAL, NULL},
		{ROUTE_ADD, sandbox_route("10.1.2.0/24", "192.168.2.45", 9999), -ENETUNREACH,
	         "gateway"},
		{ROUTE_REPLACE, sandbox_route("10.1.2.0/24", "192.168.2.45", link), -ENOENT, NULL},
		{ROUTE_DELETE, sandbox_route("10.1.2.0/24", "192.168.2.45", link), -ESRCH, NULL},
		{ROUTE_REPLACE, sandbox_route("10.1.1.0/24", "192.168.2.47", link), 0, NULL},
		{ROUTE_ADD, sandbox_route("fd00:1::/64", "fd00:2::45", link), 0, NULL},
		{ROUTE_ADD, sandbox_route("fd00:1::/64", "fd00:2::46", link), -EEXIST, NULL},
		{ROUTE_REPLACE, sandbox_route("fd00:3::/64", "fd00:2::45", link), -ENOENT, NULL},
		{ROUTE_DELETE, sandbox_route("fd00:3::/64", "fd00:2::45", link), -ESRCH, NULL},
		{ROUTE_ADD, sandbox_route("10.1.2.0/24", NULL, 9999), -ENODEV, NULL},
		{ROUTE_ADD, sandbox_route("fd00:3::/64", "fd00:2::45", 9999), -ENODEV, NULL},
		{ROUTE_ADD, sandbox_route("fd00:3::/64", "2001:db8::1", link), -EHOSTUNREACH, NULL},
		{ROUTE_ADD, sandbox_route("10.1.3.0/24", "192.168.2.45", link), 0, NULL},
	};
	struct route_change changes[COUNT(cases)] = {0};

	for (size_t i = 0; i < COUNT(cases); i++) {
		changes[i].verb = cases[i].verb;
		changes[i].route = cases[i].route;
	}
	apply(fixture, changes, COUNT(cases));
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *detail = changes[i].detail ? changes[i].detail : "";

		if (changes[i].result != cases[i].result ||
		    (cases[i].detail && !strstr(detail, cases[i].detail)))
			fail_msg("change %zu: %d, \"%s\"", i, changes[i].result, detail);
	}
	route_changes_release(changes, COUNT(cases));
	assert_int_equal(dump(fixture, AF_INET, RT_TABLE_MAIN), 2);
	assert_int_equal(dump(fixture, AF_INET6, RT_TABLE_MAIN), 1);
	assert_int_equal(fixture->found[0].metric, ROUTE_METRIC_IPV6);
}

/* Not -ENODEV: the interface is there, and comes back with a notice. */
static void a_downed_link_is_named(void **state)
{
	struct fixture *fixture = *state;

	sandbox_run("ip link set hgt0 down");
	assert_int_equal(change(fixture, ROUTE_ADD,
	                        sandbox_route("10.1.1.0/24", "192.168.2.45", fixture->link)),
	                 -ENETUNREACH);
	assert_int_equal(change(fixture, ROUTE_ADD,
	                        sandbox_route("fd00:1::/64", "fd00:2::45", fixture->link)),
	                 -EHOSTUNREACH);
}

/* A listener apart from the code under test's own. */
static struct nl_socket *listen_to(unsigned group)
{
	struct nl_socket *nl = calloc(1, sizeof(*nl));
	struct error err;

	assert_non_null(nl);
	if (nl_socket_open(nl, NETLINK_ROUTE, &err) != 0 || nl_socket_join(nl, group, &err) != 0)
		fail_msg("%s", err.text);
	return nl;
}

static void replacing_leaves_no_gap(void **state)
{
	static const struct {
		unsigned group;
		const char *dst, *before, *after;
	} cases[] = {
		{RTNLGRP_IPV4_ROUTE, "10.1.1.0/24", "192.168.2.45", "192.168.2.46"},
		{RTNLGRP_IPV6_ROUTE, "fd00:1::/64", "fd00:2::45", "fd00:2::46"},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct route before = sandbox_route(cases[i].dst, cases[i].before, fixture->link);
		struct route after = sandbox_route(cases[i].dst, cases[i].after, fixture->link);
		struct nl_socket *nl;
		const struct nlmsghdr *message;

		assert_int_equal(change(fixture, ROUTE_ADD, before), 0);
		nl = listen_to(cases[i].group);
		assert_int_equal(change(fixture, ROUTE_REPLACE, after), 0);
		message = (const struct nlmsghdr *)nl->buffer;
		assert_true(nl_socket_receive(nl) > 0);
		assert_int_equal(message->nlmsg_type, RTM_NEWROUTE);
		assert_true(message->nlmsg_flags & NLM_F_REPLACE);
		assert_int_equal(nl_socket_receive(nl), -EAGAIN);
		nl_socket_close(nl);
		free(nl);
		assert_int_equal(dump(fixture, before.dst.addr.family, RT_TABLE_MAIN), 1);
		assert_true(ip_equal(&fixture->found[0].via, &after.via));
	}
}

static void delete_takes_only_what_it_names(void **state)
{
	static const struct {
		const char *there; /* for `ip route add` */
		const char *dst, *via;
	} cases[] = {
		{"10.9.0.0/24 via 192.168.2.45 dev hgt0 proto 99", "10.9.0.0/24", "192.168.2.45"},
		{"10.9.0.0/24 via 192.168.2.46 dev hgt0 proto 72", "10.9.0.0/24", "192.168.2.45"},
		{"10.9.0.0/24 via 192.168.2.45 dev hgt0 proto 72 table 7", "10.9.0.0/24",
	         "192.168.2.45"},
		{"10.9.0.0/24 dev hgt0 proto 72", "10.9.0.0/24", "192.168.2.45"},
		{"blackhole 10.9.0.0/24 proto 72", "10.9.0.0/24", "192.168.2.45"},
		{"fd00:9::/64 via fd00:2::45 dev hgt0 proto 99", "fd00:9::/64", "fd00:2::45"},
		{"fd00:9::/64 via fd00:2::46 dev hgt0 proto 72", "fd00:9::/64", "fd00:2::45"},
		{"fd00:9::/64 via fd00:2::45 dev hgt0 proto 72 metric 99", "fd00:9::/64",
	         "fd00:2::45"},
		{"fd00:9::/64 dev hgt0 proto 72", "fd00:9::/64", "fd00:2::45"},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct route route = sandbox_route(cases[i].dst, cases[i].via, fixture->link);

		sandbox_run("ip route add %s", cases[i].there);
		if (change(fixture, ROUTE_DELETE, route) != -ESRCH)
			fail_msg("deleted: %s", cases[i].there);
		assert_int_equal(dump(fixture, route.dst.addr.family, 0), 1);
		sandbox_run("ip route del %s", cases[i].there);
	}
}

static void delete_finds_its_metric(void **state)
{
	struct fixture *fixture = *state;
	struct route route = sandbox_route("10.9.0.0/24", "192.168.2.45", fixture->link);

	for (uint32_t metric = 100; metric <= 300; metric += 100) {
		route.metric = metric;
		assert_int_equal(change(fixture, ROUTE_ADD, route), 0);
	}
	route.metric = 200;
	assert_int_equal(change(fixture, ROUTE_DELETE, route), 0);
	assert_int_equal(change(fixture, ROUTE_DELETE, route), -ESRCH);
	assert_int_equal(dump(fixture, AF_INET, RT_TABLE_MAIN), 2);
	assert_int_equal(fixture->found[0].metric, 100);
	assert_int_equal(fixture->found[1].metric, 300);
}

static void blackhole_of_last_resort(void **state)
{
	static const char *const prefixes[] = {"192.168.2.0/24", "fd00:2::/64"};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(prefixes); i++) {
		struct route route = sandbox_route(prefixes[i], NULL, 0);
		struct ip_addr neighbour = sandbox_ip(i == 0 ? "192.168.2.45" : "fd00:2::45");
		struct error err;
		int oif;

		route.type = RTN_BLACKHOLE;
		route.metric = ROUTE_METRIC_LAST;
		assert_int_equal(change(fixture, ROUTE_ADD, route), 0);
		assert_int_equal(change(fixture, ROUTE_ADD, route), -EEXIST);
		assert_int_equal(dump(fixture, route.dst.addr.family, RT_TABLE_MAIN), 1);
		assert_memory_equal(&fixture->found[0].dst, &route.dst, sizeof(route.dst));
		assert_int_equal(fixture->found[0].type, RTN_BLACKHOLE);
		assert_int_equal(fixture->found[0].metric, ROUTE_METRIC_LAST);
		assert_int_equal(fixture->found[0].oif, 0);
		assert_false(fixture->found[0].foreign_attributes);
		/* The connected route to the same prefix goes before it. */
		assert_int_equal(route_lookup(fixture->rtnl, &neighbour, &oif, &err), 0);
		assert_int_equal(oif, fixture->link);
		assert_int_equal(change(fixture, ROUTE_DELETE, route), 0);
		assert_int_equal(dump(fixture, route.dst.addr.family, RT_TABLE_MAIN), 0);
	}
}

static void what_others_add_shows(void **state)
{
	static const struct {
		const char *there;
		bool foreign;
	} cases[] = {
		{"10.9.0.0/24 via 192.168.2.45 dev hgt0", false},
		{"10.9.0.0/24 via 192.168.2.45 dev hgt0 mtu 1400", true},
		{"10.9.0.0/24 via 192.168.2.45 dev hgt0 src 192.168.2.44", true},
		{"10.9.0.0/24 nexthop via 192.168.2.45 nexthop via 192.168.2.46", true},
		{"10.9.0.0/24 via inet6 fe80::45 dev hgt0", true},
		{"fd00:9::/64 via fd00:2::45 dev hgt0", false},
		{"fd00:9::/64 nexthop via fd00:2::45 nexthop via fd00:2::46", true},
		{"fd00:9::/64 via fd00:2::45 dev hgt0 expires 1000", true},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t family = cases[i].there[0] == 'f' ? AF_INET6 : AF_INET;

		sandbox_run("ip route add %s", cases[i].there);
		assert_int_equal(dump(fixture, family, RT_TABLE_MAIN), 1);
		if (fixture->found[0].foreign_attributes != cases[i].foreign)
			fail_msg("%s", cases[i].there);
		sandbox_run("ip route del %s", cases[i].there);
	}
}

static void routes_by_nexthop_object(void **state)
{
	struct fixture *fixture = *state;
	struct route route = sandbox_route("10.9.0.0/24", NULL, 0);

	sandbox_run("ip nexthop add id 48 via 192.168.2.45 dev hgt0 proto 72");
	route.nexthop_id = 48;
	assert_int_equal(change(fixture, ROUTE_ADD, route), 0);
	assert_int_equal(dump(fixture, AF_INET, RT_TABLE_MAIN), 1);
	assert_int_equal(fixture->found[0].nexthop_id, 48);
	assert_false(fixture->found[0].foreign_attributes);
	assert_int_equal(change(fixture, ROUTE_DELETE, route), 0);
	sandbox_run("ip nexthop del id 48");
}

static void a_table_that_never_was_is_empty(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(dump(fixture, AF_INET, 1234), 0);
	assert_int_equal(dump(fixture, AF_INET6, 1234), 0);
}

static void tables_are_told_apart(void **state)
{
	struct fixture *fixture = *state;
	struct route route = sandbox_route("10.9.0.0/24", "192.168.2.45", fixture->link);
	int off = 0;

	route.table = 1000;
	assert_int_equal(change(fixture, ROUTE_ADD, route), 0);
	assert_int_equal(dump(fixture, AF_INET, RT_TABLE_MAIN), 0);
	assert_int_equal(dump(fixture, AF_INET, 1000), 1);
	assert_int_equal(fixture->found[0].table, 1000);
	assert_int_equal(dump(fixture, AF_INET, 0), 1);
	/* Kernels before 4.20 know no strict checking and send all tables. */
	assert_int_equal(setsockopt(fixture->rtnl->dumps.fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK,
	                            &off, sizeof(off)),
	                 0);
	assert_int_equal(dump(fixture, AF_INET, RT_TABLE_MAIN), 0);
	assert_int_equal(dump(fixture, AF_INET, 1000), 1);
}

static void lookups(void **state)
{
	static const struct {
		const char *addr;
		const char *link; /* NULL: an error that names the address */
	} cases[] = {
		{"192.168.2.45", "hgt0"}, {"192.168.2.44", "lo"}, {"127.0.0.1", "lo"},
		{"198.51.100.1", NULL},   {"fd00:2::45", "hgt0"}, {"2001:db8::1", NULL},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ip_addr addr = sandbox_ip(cases[i].addr);
		struct error err = {0};
		int oif = 0;
		int result = route_lookup(fixture->rtnl, &addr, &oif, &err);

		if (!cases[i].link) {
			assert_int_equal(result, -ENETUNREACH);
			assert_non_null(strstr(err.text, cases[i].addr));
			continue;
		}
		if (result != 0)
			fail_msg("%s", err.text);
		assert_int_equal(oif, (int)if_nametoindex(cases[i].link));
	}
}

/* Silence is failure: answers that the kernel had to drop are told, nothing is made up. */
static void lost_answers_are_told(void **state)
{
	struct fixture *fixture = *state;
	struct route_change changes[200] = {0};
	size_t unanswered = 0;
	struct error err;
	int tiny = 1;

	for (size_t i = 0; i < COUNT(changes); i++)
		changes[i].route = sandbox_numbered_route(i, "192.168.2.45", fixture->link);
	/* The batch still believes in the space it had, so it asks for too many answers. */
	assert_int_equal(
		setsockopt(fixture->rtnl->requests.fd, SOL_SOCKET, SO_RCVBUF, &tiny, sizeof(tiny)),
		0);
	assert_int_equal(route_apply(fixture->rtnl, changes, COUNT(changes), &err), -ENOBUFS);
	for (size_t i = 0; i < COUNT(changes); i++) {
		assert_true(changes[i].result == 0 || changes[i].result == -EINPROGRESS);
		unanswered += changes[i].result == -EINPROGRESS;
	}
	assert_in_range(unanswered, 1, COUNT(changes) - 1);
	route_changes_release(changes, COUNT(changes));
	/* All were carried out, and the socket goes on working. */
	assert_int_equal(dump(fixture, AF_INET, RT_TABLE_MAIN), COUNT(changes));
	assert_int_equal(change(fixture, ROUTE_DELETE, changes[0].route), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(many_routes_come_and_go, set_up, tear_down),
		cmocka_unit_test_setup_teardown(how_long_it_takes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(each_change_has_its_result, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_downed_link_is_named, set_up, tear_down),
		cmocka_unit_test_setup_teardown(replacing_leaves_no_gap, set_up, tear_down),
		cmocka_unit_test_setup_teardown(delete_takes_only_what_it_names, set_up, tear_down),
		cmocka_unit_test_setup_teardown(delete_finds_its_metric, set_up, tear_down),
		cmocka_unit_test_setup_teardown(blackhole_of_last_resort, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_others_add_shows, set_up, tear_down),
		cmocka_unit_test_setup_teardown(routes_by_nexthop_object, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_table_that_never_was_is_empty, set_up, tear_down),
		cmocka_unit_test_setup_teardown(tables_are_told_apart, set_up, tear_down),
		cmocka_unit_test_setup_teardown(lookups, set_up, tear_down),
		cmocka_unit_test_setup_teardown(lost_answers_are_told, set_up, tear_down),
	};

	if (!sandbox_enter())
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
