/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor against a real kernel: what it tells, leaves out, and does when events are lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hostgw/monitor.h"
#include "sandbox.h"

#define DEADLINE_MS 10000
#define EVENTS_MAX  64

struct event {
	struct route route;
	enum route_event what;
};

struct fixture {
	uv_loop_t loop;
	uv_timer_t deadline;
	bool late;
	struct rtnl *own;
	struct rtnl *other; /* stands for another program */
	struct rtnl_monitor *monitor;
	int link;
	struct event events[EVENTS_MAX]; /* the first ones */
	size_t event_count;
	unsigned links_changed, overruns;
	struct nexthop nexthop; /* the last one told of */
	unsigned nexthops_came, nexthops_went;
	bool stop_at_first;
};

static void on_route(void *ctx, const struct route *route, enum route_event what)
{
	struct fixture *fixture = ctx;

	if (fixture->event_count < EVENTS_MAX)
		fixture->events[fixture->event_count] = (struct event){*route, what};
	fixture->event_count++;
	if (fixture->stop_at_first) {
		rtnl_monitor_stop(fixture->monitor);
		fixture->monitor = NULL;
	}
}

static void on_nexthop(void *ctx, const struct nexthop *nexthop, bool deleted)
{
	struct fixture *fixture = ctx;

	fixture->nexthop = *nexthop;
	fixture->nexthops_came += !deleted;
	fixture->nexthops_went += deleted;
}

static void on_link(void *ctx, int index)
{
	(void)index;
	((struct fixture *)ctx)->links_changed++;
}

static void on_overrun(void *ctx)
{
	((struct fixture *)ctx)->overruns++;
}

static void on_deadline(uv_timer_t *timer)
{
	((struct fixture *)timer->data)->late = true;
}

/* Runs the loop until `done` says so. */
static void run_until(struct fixture *fixture, bool (*done)(const struct fixture *),
                      const char *what)
{
	uv_timer_start(&fixture->deadline, on_deadline, DEADLINE_MS, 0);
	while (!done(fixture) && !fixture->late)
		uv_run(&fixture->loop, UV_RUN_ONCE);
	uv_timer_stop(&fixture->deadline);
	if (fixture->late)
		fail_msg("not within %d ms: %s", DEADLINE_MS, what);
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct rtnl_monitor_config config = {
		.networks = {sandbox_prefix("10.0.0.0/8"), sandbox_prefix("fd00:1::/40")},
		.events = {fixture, on_route, on_nexthop, on_link, on_overrun},
	};
	struct error err;

	assert_non_null(fixture);
	uv_loop_init(&fixture->loop);
	uv_timer_init(&fixture->loop, &fixture->deadline);
	fixture->deadline.data = fixture;
	fixture->link = sandbox_add_link();
	if (rtnl_open(&fixture->own, &err) != 0 || rtnl_open(&fixture->other, &err) != 0)
		fail_msg("%s", err.text);
	config.loop = &fixture->loop;
	config.own = fixture->own;
	if (rtnl_monitor_start(&config, &fixture->monitor, &err) != 0)
		fail_msg("%s", err.text);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	rtnl_monitor_stop(fixture->monitor);
	uv_close((uv_handle_t *)&fixture->deadline, NULL);
	uv_run(&fixture->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&fixture->loop), 0); /* no handle was left */
	rtnl_close(fixture->own);
	rtnl_close(fixture->other);
	free(fixture);
	sandbox_run("ip link del hgt0");
	return 0;
}

static void change(struct rtnl *rtnl, enum route_verb verb, struct route route)
{
	struct route_change one = {.verb = verb, .route = route};
	struct error err;

	if (route_apply(rtnl, &one, 1, &err) != 0 || one.result != 0)
		fail_msg("change refused: %d %s", one.result, one.detail ? one.detail : "");
}

static const struct event *find(const struct fixture *fixture, const char *dst,
                                enum route_event what)
{
	struct prefix wanted = sandbox_prefix(dst);

	for (size_t i = 0; i < fixture->event_count && i < EVENTS_MAX; i++) {
		if (prefix_equal(&fixture->events[i].route.dst, &wanted) &&
		    fixture->events[i].what == what)
			return &fixture->events[i];
	}
	return NULL;
}

static bool mark_came(const struct fixture *fixture)
{
	return find(fixture, "10.113.0.0/24", ROUTE_CAME) &&
	       find(fixture, "fd00:1:13::/64", ROUTE_CAME);
}

/* Events come in order, so once the marks are there, so is all that was before them. */
static void run_until_now(struct fixture *fixture)
{
	change(fixture->other, ROUTE_ADD,
	       sandbox_route("10.113.0.0/24", "192.168.2.45", fixture->link));
	change(fixture->other, ROUTE_ADD,
	       sandbox_route("fd00:1:13::/64", "fd00:2::45", fixture->link));
	run_until(fixture, mark_came, "the marks");
}

static void own_changes_are_left_out(void **state)
{
	struct fixture *fixture = *state;
	struct route v4 = sandbox_route("10.1.1.0/24", "192.168.2.45", fixture->link);
	struct route v6 = sandbox_route("fd00:1::/64", "fd00:2::45", fixture->link);

	change(fixture->own, ROUTE_ADD, v4);
	change(fixture->own, ROUTE_ADD, v6);
	change(fixture->own, ROUTE_REPLACE, v4);
	change(fixture->own, ROUTE_DELETE, v4);
	change(fixture->own, ROUTE_DELETE, v6);
	run_until_now(fixture);
	assert_null(find(fixture, "10.1.1.0/24", ROUTE_CAME));
	assert_null(find(fixture, "10.1.1.0/24", ROUTE_WENT));
	assert_null(find(fixture, "fd00:1::/64", ROUTE_CAME));
	assert_null(find(fixture, "fd00:1::/64", ROUTE_WENT));
}

static void what_others_do_is_told(void **state)
{
	struct fixture *fixture = *state;
	const struct event *event;

	/* Ours at first; another program then overwrites it and takes it away. */
	change(fixture->own, ROUTE_ADD,
	       sandbox_route("10.1.1.0/24", "192.168.2.45", fixture->link));
	sandbox_run("ip route replace 10.1.1.0/24 via 192.168.2.99 dev hgt0 proto static");
	sandbox_run("ip route del 10.1.1.0/24");
	sandbox_run("ip route add fd00:1::/64 via fd00:2::45 dev hgt0");
	run_until_now(fixture);
	event = find(fixture, "10.1.1.0/24", ROUTE_REPLACED);
	assert_non_null(event);
	assert_int_equal(event->route.protocol, RTPROT_STATIC);
	assert_int_equal(event->route.oif, fixture->link);
	assert_int_equal(event->route.via.bytes[3], 99);
	assert_non_null(find(fixture, "10.1.1.0/24", ROUTE_WENT));
	assert_non_null(find(fixture, "fd00:1::/64", ROUTE_CAME));
}

/* By destination, both families: what leads elsewhere ends in the kernel. */
static void only_what_leads_inside_is_told(void **state)
{
	static const struct {
		const char *dst;
		const char *via;
		bool told;
	} cases[] = {
		{"10.1.1.0/24", "192.168.2.45", true},
		{"10.255.255.255/32", "192.168.2.45", true},
		{"10.0.0.0/8", "192.168.2.45", true},
		{"10.0.0.0/7", "192.168.2.45", false}, /* more than the network */
		{"11.0.0.0/24", "192.168.2.45", false},
		{"9.255.0.0/16", "192.168.2.45", false},
		{"0.0.0.0/0", "192.168.2.45", true},
		{"fd00:1:4::/64", "fd00:2::45", true},
		{"fd00:1:ff:1::/128", "fd00:2::45", true},
		{"fd00:1:100::/64", "fd00:2::45", false}, /* beyond the 40 bits */
		{"fd00:1::/39", "fd00:2::45", false},
		{"2001:db8::/64", "fd00:2::45", false},
		{"::/0", "fd00:2::45", true},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		sandbox_run("ip route add %s via %s dev hgt0 proto bgp", cases[i].dst,
		            cases[i].via);
	run_until_now(fixture);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		bool told = find(fixture, cases[i].dst, ROUTE_CAME) != NULL;

		if (told != cases[i].told)
			fail_msg("%s: told %d", cases[i].dst, told);
	}
}

static bool nexthop_went(const struct fixture *fixture)
{
	return fixture->nexthops_went > 0;
}

static void nexthop_objects_are_told(void **state)
{
	struct fixture *fixture = *state;

	sandbox_run("ip nexthop add id 7 via 192.168.2.45 dev hgt0 protocol static");
	sandbox_run("ip nexthop del id 7");
	run_until(fixture, nexthop_went, "a nexthop object that went");
	assert_int_equal(fixture->nexthops_came, 1);
	assert_int_equal(fixture->nexthop.id, 7);
	assert_int_equal(fixture->nexthop.oif, fixture->link);
}

static void drain_does_not_wait_for_the_loop(void **state)
{
	struct fixture *fixture = *state;

	change(fixture->other, ROUTE_ADD,
	       sandbox_route("10.1.1.0/24", "192.168.2.45", fixture->link));
	rtnl_monitor_drain(fixture->monitor);
	assert_non_null(find(fixture, "10.1.1.0/24", ROUTE_CAME));
}

static bool links_told(const struct fixture *fixture)
{
	return fixture->links_changed > 0;
}

static void links_and_addresses_are_told(void **state)
{
	static const char *const commands[] = {
		"ip address add 192.168.2.144/24 dev hgt0",
		"ip address del 192.168.2.144/24 dev hgt0",
		"ip address add fd00:2::144/64 dev hgt0",
		"ip link set hgt0 mtu 1400",
		"ip link set hgt0 down",
		"ip link add hgt2 type veth peer name hgt3",
		"ip link del hgt2",
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		/* Earlier events, of the links coming up say, must not be taken for this one's. */
		while (uv_run(&fixture->loop, UV_RUN_NOWAIT) && fixture->links_changed > 0)
			fixture->links_changed = 0;
		sandbox_run("%s", commands[i]);
		run_until(fixture, links_told, commands[i]);
	}
}

/* Table local follows the addresses, which are told anyway. */
static void table_local_is_left_out(void **state)
{
	struct fixture *fixture = *state;

	sandbox_run("ip address add 192.168.2.144/24 dev hgt0");
	run_until_now(fixture);
	assert_null(find(fixture, "192.168.2.144/32", ROUTE_CAME));
	for (size_t i = 0; i < fixture->event_count; i++)
		assert_int_not_equal(fixture->events[i].route.table, RT_TABLE_LOCAL);
}

static bool overrun_told(const struct fixture *fixture)
{
	return fixture->overruns > 0;
}

static bool later_route_came(const struct fixture *fixture)
{
	return find(fixture, "10.1.1.0/24", ROUTE_CAME) != NULL;
}

/* Adds and deletes routes of another program's until no receive buffer can hold the news. */
static void flood(struct fixture *fixture)
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
	struct fixture *fixture = *state;

	flood(fixture);
	run_until(fixture, overrun_told, "overrun");
	/* Empty the socket first: what comes while it is full is lost too. */
	while (uv_run(&fixture->loop, UV_RUN_NOWAIT) && fixture->event_count > 0)
		fixture->event_count = 0;
	sandbox_run("ip route add 10.1.1.0/24 via 192.168.2.45 dev hgt0");
	run_until(fixture, later_route_came, "an event after the overrun");
}

static bool stopped(const struct fixture *fixture)
{
	return fixture->monitor == NULL;
}

static void a_callback_may_stop_the_monitor(void **state)
{
	struct fixture *fixture = *state;

	fixture->stop_at_first = true;
	sandbox_run("ip route add 10.1.1.0/24 via 192.168.2.45 dev hgt0");
	sandbox_run("ip route add 10.1.2.0/24 via 192.168.2.45 dev hgt0");
	run_until(fixture, stopped, "the first event");
	uv_run(&fixture->loop, UV_RUN_NOWAIT);
	assert_int_equal(fixture->event_count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(own_changes_are_left_out, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_others_do_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(only_what_leads_inside_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nexthop_objects_are_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(drain_does_not_wait_for_the_loop, set_up,
	                                        tear_down),
		cmocka_unit_test_setup_teardown(links_and_addresses_are_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(table_local_is_left_out, set_up, tear_down),
		cmocka_unit_test_setup_teardown(lost_events_are_told_and_later_ones_come, set_up,
	                                        tear_down),
		cmocka_unit_test_setup_teardown(a_callback_may_stop_the_monitor, set_up, tear_down),
	};

	if (!sandbox_enter())
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
