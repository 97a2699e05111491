/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sweep_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "sandbox.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

int sweep_set_up(void **state)
{
	struct sweep_world *world = calloc(1, sizeof(*world));
	struct error err;

	assert_non_null(world);
	assert_int_equal(uv_loop_init(&world->loop), 0);
	if (nl_socket_open(&world->nl, NETLINK_NETFILTER, &err) != 0)
		fail_msg("%s", err.text);
	world->nonmasquerade[0] = sandbox_prefix("172.16.0.0/12");
	world->nonmasquerade[1] = sandbox_prefix("fd00:172::/32");
	world->own[0].prefix = sandbox_prefix("192.168.2.44/32");
	world->own[1].prefix = sandbox_prefix("fd00:2::44/128");
	world->rules = (struct masquerade_rules){
		.masquerade = true,
		.cluster = {sandbox_prefix("10.244.0.0/16"), sandbox_prefix("fd00:244::/48")},
		.own = {sandbox_prefix("10.244.1.0/24"), sandbox_prefix("fd00:244:0:1::/64")},
		.nonmasquerade = world->nonmasquerade,
		.nonmasquerade_count = COUNT(world->nonmasquerade),
	};
	world->links.addresses = world->own;
	world->links.address_count = COUNT(world->own);
	*state = world;
	return 0;
}

int sweep_tear_down(void **state)
{
	struct sweep_world *world = *state;

	nl_socket_close(&world->nl);
	assert_int_equal(uv_loop_close(&world->loop), 0);
	free(world);
	return 0;
}

static void on_done(void *ctx, size_t dropped, const struct error *err)
{
	struct sweep_outcome *outcome = ctx;

	assert_false(outcome->done);
	outcome->done = true;
	outcome->dropped = dropped;
	if (err)
		outcome->err = *err;
	conntrack_sweep_stop(outcome->sweep);
}

/* Other programs run beside a test, so that the time on the wall tells little. */
static double cpu_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

struct conntrack_sweep *sweep_start(struct sweep_world *world,
                                    void (*done)(void *, size_t, const struct error *), void *ctx)
{
	struct conntrack_sweep_config config = {
		.loop = &world->loop,
		.rules = &world->rules,
		.links = &world->links,
		.done = done,
		.ctx = ctx,
	};
	struct conntrack_sweep *sweep;
	struct error err;

	if (conntrack_sweep_start(&config, &sweep, &err) != 0)
		fail_msg("%s", err.text);
	return sweep;
}

struct sweep_outcome sweep_all(struct sweep_world *world)
{
	struct sweep_outcome outcome = {0};
	double began = cpu_ms();

	outcome.sweep = sweep_start(world, on_done, &outcome);
	for (int more = 1; more;) {
		double turn = cpu_ms();

		more = uv_run(&world->loop, UV_RUN_ONCE);
		turn = cpu_ms() - turn;
		if (turn > outcome.longest)
			outcome.longest = turn;
	}
	outcome.took = cpu_ms() - began;
	assert_true(outcome.done);
	return outcome;
}
