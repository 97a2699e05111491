/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "monitor_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sandbox.h"

#define DEADLINE_MS 10000

static void on_route(void *ctx, const struct route *route, enum route_event event)
{
	struct monitor_fixture *fixture = ctx;

	if (fixture->route_count < HEARD_MAX)
		fixture->routes[fixture->route_count] = (struct heard_route){*route, event};
	fixture->route_count++;
	if (fixture->stop_at_first) {
		rtnl_monitor_stop(fixture->monitor);
		fixture->monitor = NULL;
	}
}

static void on_nexthop(void *ctx, const struct nexthop *nexthop, bool deleted)
{
	struct monitor_fixture *fixture = ctx;

	if (fixture->nexthop_count < HEARD_MAX)
		fixture->nexthops[fixture->nexthop_count] = (struct heard_nexthop){*nexthop,
		                                                                   deleted};
	fixture->nexthop_count++;
}

static void on_link(void *ctx, int index, bool lost, const struct link_address *address)
{
	struct monitor_fixture *fixture = ctx;

	fixture->address = address ? address->prefix : (struct prefix){0};
	fixture->links_changed++;
	fixture->losses += lost;
	fixture->link_named = fixture->link_named || index == fixture->link;
}

static void on_overrun(void *ctx)
{
	((struct monitor_fixture *)ctx)->overruns++;
}

static void on_deadline(uv_timer_t *timer)
{
	((struct monitor_fixture *)timer->data)->late = true;
}

int monitor_fixture_set_up(void **state)
{
	struct monitor_fixture *fixture = calloc(1, sizeof(*fixture));
	struct rtnl_monitor_config config = {
		.networks = {sandbox_prefix(WATCHED_IPV4), sandbox_prefix(WATCHED_IPV6)},
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

int monitor_fixture_tear_down(void **state)
{
	struct monitor_fixture *fixture = *state;

	rtnl_monitor_stop(fixture->monitor);
	uv_close((uv_handle_t *)&fixture->deadline, NULL);
	uv_run(&fixture->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&fixture->loop), 0); /* no handle was left */
	rtnl_close(fixture->own);
	rtnl_close(fixture->other);
	free(fixture);
	sandbox_run("ip nexthop flush >/dev/null 2>&1; ip link del hgt0");
	return 0;
}

void monitor_fixture_hear(struct monitor_fixture *fixture)
{
	rtnl_monitor_drain(fixture->monitor);
}

void monitor_fixture_forget(struct monitor_fixture *fixture)
{
	rtnl_monitor_drain(fixture->monitor);
	fixture->route_count = fixture->nexthop_count = 0;
	fixture->links_changed = fixture->overruns = 0;
	fixture->link_named = false;
	fixture->losses = 0;
}

void monitor_fixture_run_until(struct monitor_fixture *fixture,
                               bool (*done)(const struct monitor_fixture *), const char *what)
{
	uv_timer_start(&fixture->deadline, on_deadline, DEADLINE_MS, 0);
	while (!done(fixture) && !fixture->late)
		uv_run(&fixture->loop, UV_RUN_ONCE);
	uv_timer_stop(&fixture->deadline);
	if (fixture->late)
		fail_msg("not within %d ms: %s", DEADLINE_MS, what);
}

const struct heard_route *monitor_fixture_find(const struct monitor_fixture *fixture,
                                               const char *dst, enum route_event event)
{
	struct prefix wanted = sandbox_prefix(dst);

	for (size_t i = 0; i < fixture->route_count && i < HEARD_MAX; i++) {
		if (prefix_equal(&fixture->routes[i].route.dst, &wanted) &&
		    fixture->routes[i].event == event)
			return &fixture->routes[i];
	}
	return NULL;
}

void monitor_fixture_change(struct rtnl *rtnl, enum route_verb verb, struct route route)
{
	struct route_change one = {.verb = verb, .route = route};
	struct error err;

	if (route_apply(rtnl, &one, 1, &err) != 0 || one.result != 0)
		fail_msg("change refused: %d %s", one.result, one.detail ? one.detail : "");
}

void monitor_fixture_change_nexthop(struct rtnl *rtnl, enum nexthop_verb verb,
                                    struct nexthop nexthop)
{
	struct nexthop_change one = {.verb = verb, .nexthop = nexthop};
	struct error err;

	if (nexthop_apply(rtnl, &one, 1, &err) != 0 || one.result != 0)
		fail_msg("change refused: %d %s", one.result, one.detail ? one.detail : "");
}
