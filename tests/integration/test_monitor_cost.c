/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What another program's routes cost a process that has a monitor open: a BGP daemon's full table
 * must not concern it. CPU times of the two processes are compared, which a busy machine makes no
 * more of.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "hostgw/monitor.h"
#include "sandbox.h"

#define BATCH       10000 /* routes; each is added and deleted */
#define ROUNDS      5
#define DEADLINE_MS 60000

struct usage {
	double user, system; /* microseconds */
};

/* What the process with the monitor tells at its end. */
struct report {
	double cpu; /* microseconds */
	unsigned events, overruns;
};

static struct usage used(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (struct usage){
		(double)usage.ru_utime.tv_sec * 1e6 + (double)usage.ru_utime.tv_usec,
		(double)usage.ru_stime.tv_sec * 1e6 + (double)usage.ru_stime.tv_usec,
	};
}

static void on_route(void *ctx, const struct route *route, enum route_event event)
{
	(void)route, (void)event;
	((struct report *)ctx)->events++;
}

static void on_nexthop(void *ctx, const struct nexthop *nexthop, bool deleted)
{
	(void)ctx, (void)nexthop, (void)deleted;
}

static void on_link(void *ctx, int index, bool lost, const struct link_address *address)
{
	(void)ctx, (void)index, (void)lost, (void)address;
}

static void on_overrun(void *ctx)
{
	((struct report *)ctx)->overruns++;
}

static void on_deadline(uv_timer_t *timer)
{
	(void)timer;
	_exit(EXIT_FAILURE);
}

/* Says that it is ready, waits for the route that concerns it, and reports. Never returns. */
static void watch(int out)
{
	struct report report = {0};
	struct rtnl_monitor_config config = {
		.networks = {sandbox_prefix("10.1.0.0/16"), sandbox_prefix("fd00:1::/48")},
		.events = {&report, on_route, on_nexthop, on_link, on_overrun},
	};
	struct rtnl_monitor *monitor;
	struct usage before, after;
	uv_timer_t deadline;
	struct rtnl *own;
	struct error err;
	uv_loop_t loop;

	uv_loop_init(&loop);
	uv_timer_init(&loop, &deadline);
	uv_timer_start(&deadline, on_deadline, DEADLINE_MS, 0);
	config.loop = &loop;
	if (rtnl_open(&own, &err) != 0)
		_exit(EXIT_FAILURE);
	config.own = own;
	if (rtnl_monitor_start(&config, &monitor, &err) != 0 || write(out, "", 1) != 1)
		_exit(EXIT_FAILURE);
	before = used();
	while (report.events == 0 && report.overruns == 0)
		uv_run(&loop, UV_RUN_ONCE);
	after = used();
	report.cpu = after.user - before.user + after.system - before.system;
	_exit(write(out, &report, sizeof(report)) == sizeof(report) ? EXIT_SUCCESS : EXIT_FAILURE);
}

static void apply(struct rtnl *rtnl, struct route_change *changes, size_t count)
{
	struct error err;

	if (route_apply(rtnl, changes, count, &err) != 0)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(changes[i].result, 0);
}

/* 100,000 changes outside the networks that are watched. */
static void change_foreign_routes(struct rtnl *rtnl, int link)
{
	static struct route_change changes[BATCH];

	for (size_t i = 0; i < BATCH; i++)
		changes[i].route = sandbox_numbered_route(i, "192.168.2.45", link);
	for (int round = 0; round < 2 * ROUNDS; round++) {
		for (size_t i = 0; i < BATCH; i++)
			changes[i].verb = round % 2 ? ROUTE_DELETE : ROUTE_ADD;
		apply(rtnl, changes, BATCH);
	}
}

static void foreign_routes_cost_next_to_nothing(void **state)
{
	int link = sandbox_add_link();
	struct route_change last = {.route = sandbox_route("10.1.1.0/24", "192.168.2.45", link)};
	struct usage before, after;
	struct report report;
	struct rtnl *rtnl;
	struct error err;
	int pipes[2], status;
	pid_t child;
	char ready;

	(void)state;
	assert_int_equal(rtnl_open(&rtnl, &err), 0);
	assert_int_equal(pipe(pipes), 0);
	fflush(stdout);
	child = fork();
	if (child == 0)
		watch(pipes[1]);
	close(pipes[1]);
	assert_int_equal(read(pipes[0], &ready, 1), 1);
	before = used();
	change_foreign_routes(rtnl, link);
	after = used();
	apply(rtnl, &last, 1);
	assert_int_equal(read(pipes[0], &report, sizeof(report)), sizeof(report));
	assert_int_equal(waitpid(child, &status, 0), child);
	printf("%d changes: %.1f ms of the kernel's time, %.2f ms of the watching process's\n",
	       2 * ROUNDS * BATCH, (after.system - before.system) / 1e3, report.cpu / 1e3);
	assert_int_equal(report.overruns, 0);
	assert_int_equal(report.events, 1);
	assert_true(report.cpu < 0.02 * (after.system - before.system));
	close(pipes[0]);
	rtnl_close(rtnl);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(foreign_routes_cost_next_to_nothing),
	};

	if (!sandbox_enter())
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
