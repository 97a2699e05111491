/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long what a credential plugin gave is used, whatever the clocks say. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "check.h"
#include "hostgw/error.h"
#include "k8s/credentials.h"
#include "k8s/exec_config.h"
#include "k8s/exec_plugin.h"

#define MINUTE 60
#define HOUR   3600
#define DAY    (24 * HOUR)
#define NOW    1708439484 /* 2024-02-20 */

/* ---- the clocks, in place of the C library's and libuv's ---- */

static int64_t wall_s;
static uint64_t loop_ms;

time_t time(time_t *out)
{
	if (out)
		*out = (time_t)wall_s;
	return (time_t)wall_s;
}

uint64_t uv_now(const uv_loop_t *loop)
{
	(void)loop;
	return loop_ms;
}

/* ---- a plugin, in place of k8s/exec_plugin.c ---- */

struct exec_plugin {
	exec_plugin_done_fn done; /* NULL: it does not run */
	void *ctx;
	unsigned runs;
};

static struct exec_plugin plugin;

int exec_plugin_new(uv_loop_t *loop, const struct kube_config *config, struct exec_plugin **out,
                    struct error *err)
{
	(void)loop, (void)config, (void)err;
	plugin = (struct exec_plugin){0};
	*out = &plugin;
	return 0;
}

void exec_plugin_free(struct exec_plugin *freed)
{
	(void)freed;
}

bool exec_plugin_runs(const struct exec_plugin *asked)
{
	return asked->done != NULL;
}

int exec_plugin_run(struct exec_plugin *run, const char *ca, exec_plugin_done_fn done, void *ctx,
                    struct error *err)
{
	(void)ca, (void)err;
	run->done = done;
	run->ctx = ctx;
	run->runs++;
	return 0;
}

static void give(int64_t expires)
{
	struct exec_credential given = {.token = strdup("token"), .expires = expires};
	exec_plugin_done_fn done = plugin.done;

	assert_non_null(done);
	plugin.done = NULL;
	done(plugin.ctx, &given, NULL);
}

/* ---- */

/* Whether what was given is used still, `after_s` later on the loop's clock. */
static bool is_used(struct credentials *credentials, int64_t after_s)
{
	struct credential credential;
	struct error err;
	bool used;

	loop_ms += (uint64_t)after_s * 1000;
	used = credentials_get(credentials, loop_ms, &credential, &err) == 0;
	loop_ms -= (uint64_t)after_s * 1000;
	plugin.done = NULL;
	return used;
}

static void test_clocks(void **state)
{
	/* What the plugin's clock calls now is NOW. */
	static const struct {
		const char *what;
		int64_t wall;        /* this host's clock when it is given */
		int64_t wall_later;  /* ... and from then on */
		int64_t expires;     /* 0: never */
		int64_t used, asked; /* seconds after which it is used still; asked for again */
	} cases[] = {
		{"an hour", NOW, NOW, NOW + HOUR, HOUR - MINUTE - 1, HOUR - MINUTE},
		{"minutes", NOW, NOW, NOW + MINUTE, MINUTE / 2 - 1, MINUTE / 2},
		{"for ever", NOW, NOW, 0, 1000 * DAY, -1},
		{"till the last year", NOW, NOW, 253402300799, 1000 * DAY, -1},
		{"it has expired", NOW, NOW, NOW - HOUR, -1, 0},
		{"it expires now", NOW, NOW, NOW, -1, 0},
		/* The clock jumps while it is used: it lives as long as it was meant to. */
		{"a jump ahead", NOW, NOW + 400 * DAY, NOW + HOUR, HOUR - MINUTE - 1,
	         HOUR - MINUTE},
		{"a jump back", NOW, NOW - 400 * DAY, NOW + HOUR, HOUR - MINUTE - 1, HOUR - MINUTE},
		{"a host without a clock at boot", 5, NOW, 0, 1000 * DAY, -1},
		/* The clock is wrong when it is given. What seems to have expired is asked for
	         * each time; what seems to live on, ends by the server's refusal. */
		{"a clock ahead", NOW + DAY, NOW + DAY, NOW + HOUR, -1, 0},
		{"a clock behind", NOW - DAY, NOW - DAY, NOW + HOUR, DAY, DAY + HOUR},
		{"no clock", 5, NOW, NOW + HOUR, 1000 * DAY, -1},
	};
	struct kube_exec exec = {0};
	const struct kube_config config = {.exec = &exec};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct credentials *credentials;
		struct error err;

		wall_s = cases[i].wall;
		loop_ms = 1;
		assert_int_equal(credentials_new(NULL, &config, &credentials, &err), 0);
		assert_int_equal(
			credentials_get(credentials, loop_ms, &(struct credential){0}, &err),
			-EINPROGRESS);
		give(cases[i].expires);
		wall_s = cases[i].wall_later;
		if (cases[i].used >= 0 && !is_used(credentials, cases[i].used))
			fail_msg("%s: asked for too early", cases[i].what);
		if (cases[i].asked >= 0 && is_used(credentials, cases[i].asked))
			fail_msg("%s: used for too long", cases[i].what);
		credentials_free(credentials);
	}
}

/* Whatever this host's clock said: a refusal ends it. */
static void test_a_refusal_ends_it(void **state)
{
	struct kube_exec exec = {0};
	const struct kube_config config = {.exec = &exec};
	struct credentials *credentials;
	struct credential credential;
	struct error err;

	(void)state;
	wall_s = NOW - DAY;
	loop_ms = 1;
	assert_int_equal(credentials_new(NULL, &config, &credentials, &err), 0);
	assert_int_equal(credentials_get(credentials, loop_ms, &credential, &err), -EINPROGRESS);
	give(NOW + HOUR);
	assert_int_equal(credentials_get(credentials, loop_ms, &credential, &err), 0);
	assert_true(credentials_refused(credentials, credential.generation, loop_ms));
	assert_int_equal(credentials_get(credentials, loop_ms, &credential, &err), -EINPROGRESS);
	assert_int_equal(plugin.runs, 2);
	credentials_free(credentials);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clocks),
		cmocka_unit_test(test_a_refusal_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
