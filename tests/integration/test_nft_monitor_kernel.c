/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor of nf_tables rules against a real kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "hostgw/nft_monitor.h"
#include "masquerade_fixture.h"
#include "sandbox.h"

#define DEADLINE_MS 10000

struct watcher {
	uv_loop_t loop;
	uv_timer_t timer;
	struct nft *own;
	struct nft_monitor *monitor;
	unsigned heard;
	struct nft_committer by;
	bool late, stop_at_first;
};

static void on_changed(void *ctx, const struct nft_committer *by)
{
	struct watcher *watcher = ctx;

	watcher->heard++;
	watcher->by = *by;
	if (!watcher->stop_at_first)
		return;
	nft_monitor_stop(watcher->monitor);
	watcher->monitor = NULL;
}

static void on_timer(uv_timer_t *timer)
{
	((struct watcher *)timer->data)->late = true;
}

static int set_up(void **state)
{
	struct watcher *watcher = calloc(1, sizeof(*watcher));
	struct nft_monitor_config config = {.changed = on_changed, .ctx = watcher};
	struct error err;

	assert_non_null(watcher);
	uv_loop_init(&watcher->loop);
	uv_timer_init(&watcher->loop, &watcher->timer);
	watcher->timer.data = watcher;
	if (nft_open(&watcher->own, &err) != 0)
		fail_msg("%s", err.text);
	config.loop = &watcher->loop;
	config.own = watcher->own;
	if (nft_monitor_start(&config, &watcher->monitor, &err) != 0)
		fail_msg("%s", err.text);
	*state = watcher;
	return 0;
}

static int tear_down(void **state)
{
	struct watcher *watcher = *state;

	nft_monitor_stop(watcher->monitor);
	uv_close((uv_handle_t *)&watcher->timer, NULL);
	uv_run(&watcher->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&watcher->loop), 0); /* no handle was left */
	nft_close(watcher->own);
	free(watcher);
	sandbox_run("nft flush ruleset");
	return 0;
}

/* Until something is heard. */
static void listen_for(struct watcher *watcher, const char *what)
{
	watcher->heard = 0;
	watcher->late = false;
	uv_timer_start(&watcher->timer, on_timer, DEADLINE_MS, 0);
	while (watcher->heard == 0 && !watcher->late)
		uv_run(&watcher->loop, UV_RUN_ONCE);
	uv_timer_stop(&watcher->timer);
	if (watcher->late)
		fail_msg("not heard: %s", what);
}

/* All that waits by now. */
static void hear(struct watcher *watcher)
{
	watcher->heard = 0;
	while (uv_run(&watcher->loop, UV_RUN_NOWAIT) != 0 && watcher->heard != 0)
		watcher->heard = 0;
}

static void changes_of_others_are_told(void **state)
{
	static const char *const commands[] = {
		"nft add table inet hostgw",
		"nft add table ip other",
		"nft add chain ip other some",
		"nft add rule ip other some counter accept",
		"nft add set ip other mine '{ type ipv4_addr; }'",
		"nft add element ip other mine '{ 192.0.2.1 }'",
		"nft delete element ip other mine '{ 192.0.2.1 }'",
		"nft flush chain ip other some",
		"nft add table ip other '{ flags dormant; }'",
		"nft flush ruleset",
	};
	struct watcher *watcher = *state;

	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		sandbox_run("%s", commands[i]);
		listen_for(watcher, commands[i]);
		assert_string_equal(watcher->by.name, "nft");
		assert_int_not_equal(watcher->by.pid, 0);
		assert_int_equal(watcher->heard, 1);
	}
}

static void own_changes_are_left_out(void **state)
{
	struct masquerade_rules rules = fixture_rules(NULL, 0), none = {0};
	struct watcher *watcher = *state;

	assert_true(fixture_apply(watcher->own, &rules, NULL));
	assert_true(fixture_apply(watcher->own, &none, NULL));
	uv_run(&watcher->loop, UV_RUN_NOWAIT);
	assert_int_equal(watcher->heard, 0);
	/* Not because it is deaf. */
	sandbox_run("nft add table ip other");
	listen_for(watcher, "another's table");
}

static double cpu_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* One wake-up for a transaction of 20,000 chains, which would be ten thousand of messages. */
static void a_flood_costs_one_message(void **state)
{
	struct watcher *watcher = *state;
	double before;

	sandbox_run("{ echo 'add table ip proxy'; for i in $(seq 20000); do echo \"add chain ip "
	            "proxy KUBE-SVC-$i\"; done; } | nft -f -");
	before = cpu_ms();
	listen_for(watcher, "20,000 chains");
	assert_int_equal(watcher->heard, 1);
	printf("20,000 chains of others in one transaction: %.2f ms\n", cpu_ms() - before);
	uv_run(&watcher->loop, UV_RUN_NOWAIT);
	assert_int_equal(watcher->heard, 1);
}

/* Far more transactions than the socket holds messages of. */
static void it_hears_on_after_an_overrun(void **state)
{
	struct watcher *watcher = *state;
	struct nft *other;
	struct error err;

	if (nft_open(&other, &err) != 0)
		fail_msg("%s", err.text);
	for (int i = 0; i < 16000; i++) {
		struct masquerade_rules rules = {.forward = i % 2 == 0};

		rules.cluster[IP_V4] = sandbox_prefix("10.244.0.0/16");
		assert_true(fixture_apply(other, &rules, NULL));
	}
	nft_close(other);
	listen_for(watcher, "16,000 transactions");
	hear(watcher);
	sandbox_run("nft add table ip other");
	listen_for(watcher, "one after the overrun");
	assert_string_equal(watcher->by.name, "nft");
}

static void a_callback_may_stop_it(void **state)
{
	struct watcher *watcher = *state;

	watcher->stop_at_first = true;
	sandbox_run("nft add table ip other; nft add table ip another");
	listen_for(watcher, "two tables");
	sandbox_run("nft add table ip third");
	uv_run(&watcher->loop, UV_RUN_NOWAIT);
	assert_int_equal(watcher->heard, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(changes_of_others_are_told), TEST(own_changes_are_left_out),
		TEST(a_flood_costs_one_message),  TEST(it_hears_on_after_an_overrun),
		TEST(a_callback_may_stop_it),
	};

	if (!sandbox_enter())
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
