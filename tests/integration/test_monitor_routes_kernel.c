/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which routes the monitor tells of, and as what, against a real kernel. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "monitor_fixture.h"
#include "netlink/monitor_filter.h"
#include "netlink/socket.h"
#include "sandbox.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, monitor_fixture_set_up, monitor_fixture_tear_down)

static void own_changes_are_left_out(void **state)
{
	struct monitor_fixture *fixture = *state;
	struct route v4 = sandbox_route("10.1.1.0/24", "192.168.2.45", fixture->link);
	struct route v6 = sandbox_route("fd00:1::/64", "fd00:2::45", fixture->link);
	struct route routes[] = {v4, v6};

	monitor_fixture_forget(fixture);
	for (size_t i = 0; i < COUNT(routes); i++) {
		monitor_fixture_change(fixture->own, ROUTE_ADD, routes[i]);
		monitor_fixture_change(fixture->own, ROUTE_REPLACE, routes[i]);
		monitor_fixture_change(fixture->own, ROUTE_DELETE, routes[i]);
	}
	monitor_fixture_hear(fixture);
	assert_int_equal(fixture->route_count, 0);
}

static bool gone_again(const struct monitor_fixture *fixture)
{
	return monitor_fixture_find(fixture, "10.1.1.0/24", ROUTE_WENT) != NULL;
}

/* Ours at first; another program then overwrites it and takes it away. */
static void what_others_do_to_ours_is_told(void **state)
{
	struct monitor_fixture *fixture = *state;
	const struct heard_route *heard;

	monitor_fixture_change(fixture->own, ROUTE_ADD,
	                       sandbox_route("10.1.1.0/24", "192.168.2.45", fixture->link));
	sandbox_run("ip route replace 10.1.1.0/24 via 192.168.2.99 dev hgt0 proto static");
	sandbox_run("ip route del 10.1.1.0/24");
	monitor_fixture_run_until(fixture, gone_again, "the end of the route");
	heard = monitor_fixture_find(fixture, "10.1.1.0/24", ROUTE_REPLACED);
	assert_non_null(heard);
	assert_int_equal(heard->route.protocol, RTPROT_STATIC);
	assert_int_equal(heard->route.oif, fixture->link);
	assert_int_equal(heard->route.via.bytes[3], 99);
}

static void each_event_has_its_kind(void **state)
{
	static const struct {
		const char *there; /* for `ip route add`; NULL: nothing */
		const char *command;
		const char *dst;
		enum route_event event;
	} cases[] = {
		{NULL, "add 10.1.1.0/24 via 192.168.2.45", "10.1.1.0/24", ROUTE_CAME},
		{NULL, "replace 10.1.1.0/24 via 192.168.2.45", "10.1.1.0/24", ROUTE_CAME},
		{"10.1.1.0/24 via 192.168.2.45", "replace 10.1.1.0/24 via 192.168.2.46",
	         "10.1.1.0/24", ROUTE_REPLACED},
		{"10.1.1.0/24 via 192.168.2.45", "change 10.1.1.0/24 via 192.168.2.46",
	         "10.1.1.0/24", ROUTE_REPLACED},
		{"10.1.1.0/24 via 192.168.2.45", "replace 10.1.1.0/24 nhid 7", "10.1.1.0/24",
	         ROUTE_REPLACED},
		{"10.1.1.0/24 nhid 7", "replace 10.1.1.0/24 via 192.168.2.45", "10.1.1.0/24",
	         ROUTE_REPLACED},
		{"10.1.1.0/24 via 192.168.2.45", "append 10.1.1.0/24 via 192.168.2.46",
	         "10.1.1.0/24", ROUTE_CAME},
		{"10.1.1.0/24 via 192.168.2.45", "add 10.1.1.0/24 via 192.168.2.46 metric 5",
	         "10.1.1.0/24", ROUTE_CAME},
		{"10.1.1.0/24 via 192.168.2.45", "del 10.1.1.0/24", "10.1.1.0/24", ROUTE_WENT},
		{NULL, "add fd00:1::/64 via fd00:2::45", "fd00:1::/64", ROUTE_CAME},
		{NULL, "replace fd00:1::/64 via fd00:2::45", "fd00:1::/64", ROUTE_CAME},
		{"fd00:1::/64 via fd00:2::45", "replace fd00:1::/64 via fd00:2::46", "fd00:1::/64",
	         ROUTE_REPLACED},
		{"fd00:1::/64 via fd00:2::45", "replace fd00:1::/64 nhid 8", "fd00:1::/64",
	         ROUTE_REPLACED},
		{"fd00:1::/64 via fd00:2::45", "append fd00:1::/64 via fd00:2::46", "fd00:1::/64",
	         ROUTE_CAME},
		{"fd00:1::/64 via fd00:2::45", "del fd00:1::/64", "fd00:1::/64", ROUTE_WENT},
	};
	struct monitor_fixture *fixture = *state;

	sandbox_run("ip nexthop add id 7 via 192.168.2.47 dev hgt0 && "
	            "ip nexthop add id 8 via fd00:2::48 dev hgt0");
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (cases[i].there)
			sandbox_run("ip route add %s", cases[i].there);
		monitor_fixture_forget(fixture);
		sandbox_run("ip route %s", cases[i].command);
		monitor_fixture_hear(fixture);
		if (fixture->route_count != 1 ||
		    !monitor_fixture_find(fixture, cases[i].dst, cases[i].event))
			fail_msg("case %zu, %s: %zu events, the first is %d", i, cases[i].command,
			         fixture->route_count, (int)fixture->routes[0].event);
		/* One, two of the same destination, or none. */
		sandbox_run("while ip route del %s 2>/dev/null; do :; done", cases[i].dst);
	}
}

static const struct {
	const char *route; /* for `ip route` */
	const char *dst;
	bool concerns;
} samples[] = {
	{"10.1.1.0/24 via 192.168.2.45", "10.1.1.0/24", true},
	{"10.127.255.255/32 via 192.168.2.45", "10.127.255.255/32", true},
	{"blackhole 10.1.1.0/24", "10.1.1.0/24", true},
	{"10.1.1.0/24 via 192.168.2.45 table 1000", "10.1.1.0/24", true},
	{"10.1.1.0/24 nexthop via 192.168.2.45 nexthop via 192.168.2.46", "10.1.1.0/24", true},
	{"10.1.1.0/24 via inet6 fe80::45 dev hgt0", "10.1.1.0/24", true},
	{"10.0.0.0/9 via 192.168.2.45", "10.0.0.0/9", true},
	{"10.0.0.0/8 via 192.168.2.45", "10.0.0.0/8", false},
	{"10.128.0.0/24 via 192.168.2.45", "10.128.0.0/24", false},
	{"203.0.113.0/24 via 192.168.2.45", "203.0.113.0/24", false},
	{"0.0.0.0/0 via 192.168.2.45", "0.0.0.0/0", true},
	{"local 10.1.1.1/32 dev hgt0 table local", "10.1.1.1/32", false},
	{"fd00:1::/64 via fd00:2::45", "fd00:1::/64", true},
	{"blackhole fd00:1::/64", "fd00:1::/64", true},
	{"fd00:1::/64 via fd00:2::45 table 1000", "fd00:1::/64", true},
	{"fd00:1::/64 nexthop via fd00:2::45 nexthop via fd00:2::46", "fd00:1::/64", true},
	{"fd00::/20 via fd00:2::45", "fd00::/20", true},
	{"fd00::/19 via fd00:2::45", "fd00::/19", false},
	{"fd00:1000::/64 via fd00:2::45", "fd00:1000::/64", false},
	{"2001:db8::/32 via fd00:2::45", "2001:db8::/32", false},
	{"::/0 via fd00:2::45", "::/0", true},
	{"local fd00:1::1/128 dev hgt0 table local", "fd00:1::1/128", false},
};

static void routes_are_told_by_destination(void **state)
{
	struct monitor_fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(samples); i++) {
		const char *dst = samples[i].dst;
		bool concerns = samples[i].concerns;

		monitor_fixture_forget(fixture);
		sandbox_run("ip route add %s", samples[i].route);
		sandbox_run("ip route del %s", samples[i].route);
		monitor_fixture_hear(fixture);
		if ((monitor_fixture_find(fixture, dst, ROUTE_CAME) != NULL) != concerns ||
		    (monitor_fixture_find(fixture, dst, ROUTE_WENT) != NULL) != concerns)
			fail_msg("%s", samples[i].route);
		assert_int_equal(fixture->overruns, 0);
	}
}

/* A socket as the monitor's, to see what comes through the filter itself. */
static struct nl_socket *open_filtered(uint32_t own_port_id)
{
	static const unsigned groups[] = {RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE};
	const struct prefix networks[] = {sandbox_prefix(WATCHED_IPV4),
	                                  sandbox_prefix(WATCHED_IPV6)};
	struct nl_socket *nl = calloc(1, sizeof(*nl));
	struct monitor_filter filter;
	struct sock_fprog program = {.filter = filter.code};
	struct error err;

	assert_non_null(nl);
	assert_int_equal(nl_socket_open(nl, NETLINK_ROUTE, &err), 0);
	monitor_filter_make(own_port_id, networks, &filter);
	program.len = filter.length;
	assert_int_equal(
		setsockopt(nl->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)), 0);
	for (size_t i = 0; i < COUNT(groups); i++)
		assert_int_equal(nl_socket_join(nl, groups[i], &err), 0);
	return nl;
}

/* Messages of a type that wait. The kernel puts one in a datagram, which the filter counts on. */
static size_t count_waiting(struct nl_socket *nl, uint16_t type)
{
	size_t count = 0;
	ssize_t length;

	while ((length = nl_socket_receive(nl)) > 0) {
		const struct nlmsghdr *message = (const struct nlmsghdr *)nl->buffer;

		assert_int_equal(message->nlmsg_len, length);
		count += message->nlmsg_type == type;
	}
	assert_int_equal(length, -EAGAIN);
	return count;
}

static void the_filter_drops_what_is_not_told(void **state)
{
	struct monitor_fixture *fixture = *state;
	struct nl_socket *nl = open_filtered(fixture->own->requests.port_id);

	for (size_t i = 0; i < COUNT(samples); i++) {
		count_waiting(nl, 0);
		sandbox_run("ip route add %s", samples[i].route);
		if ((count_waiting(nl, RTM_NEWROUTE) > 0) != samples[i].concerns)
			fail_msg("add %s", samples[i].route);
		sandbox_run("ip route del %s", samples[i].route);
		if ((count_waiting(nl, RTM_DELROUTE) > 0) != samples[i].concerns)
			fail_msg("del %s", samples[i].route);
	}
	nl_socket_close(nl);
	free(nl);
}

static void many_changes_are_a_datagram_each(void **state)
{
	static struct route_change changes[500];
	struct monitor_fixture *fixture = *state;
	struct nl_socket *nl = open_filtered(fixture->own->requests.port_id);
	struct rtnl *changers[] = {fixture->own, fixture->other};

	for (size_t i = 0; i < COUNT(changers) * 2; i++) {
		bool deleted = i % 2 != 0;
		struct error err;

		for (size_t j = 0; j < COUNT(changes); j++) {
			changes[j].verb = deleted ? ROUTE_DELETE : ROUTE_ADD;
			changes[j].route = sandbox_numbered_route(j, "192.168.2.45", fixture->link);
		}
		assert_int_equal(route_apply(changers[i / 2], changes, COUNT(changes), &err), 0);
		assert_int_equal(count_waiting(nl, deleted ? RTM_DELROUTE : RTM_NEWROUTE),
		                 i / 2 == 0 ? 0 : COUNT(changes)); /* own ones end in the filter */
	}
	nl_socket_close(nl);
	free(nl);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(own_changes_are_left_out),          TEST(what_others_do_to_ours_is_told),
		TEST(each_event_has_its_kind),           TEST(routes_are_told_by_destination),
		TEST(the_filter_drops_what_is_not_told), TEST(many_changes_are_a_datagram_each),
	};

	if (!sandbox_enter())
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
