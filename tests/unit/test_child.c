/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Other programs on the loop: how they end, what they wrote, and what they may not do. */
#include "check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hostgw/kube_launch.h"
#include "k8s/child.h"

#define LONG_MS 30000

struct outcome {
	bool over;
	struct child_result result;
	char output[8192], last_line[512];
};

static void on_done(void *ctx, const struct child_result *result)
{
	struct outcome *outcome = ctx;

	assert_false(outcome->over);
	assert_int_equal(result->output[result->length], '\0');
	outcome->over = true;
	outcome->result = *result;
	snprintf(outcome->output, sizeof(outcome->output), "%s", result->output);
	snprintf(outcome->last_line, sizeof(outcome->last_line), "%s", result->last_line);
}

/* sh -c `script` with $A set, until every handle is closed. */
static void run_script(const char *script, unsigned timeout_ms, struct outcome *outcome)
{
	char *arguments[] = {(char[]){"-c"}, (char *)(uintptr_t)script, NULL};
	char *environment[] = {(char[]){"A=b"}, (char[]){"PATH=/bin:/usr/bin"}, NULL};
	const struct child_call call = {
		.program = "/bin/sh",
		.arguments = arguments,
		.environment = environment,
		.timeout_ms = timeout_ms,
		.output_max = 4096,
		.ctx = outcome,
		.done = on_done,
	};
	struct child *child;
	struct error err;
	uv_loop_t loop;

	*outcome = (struct outcome){0};
	uv_loop_init(&loop);
	assert_int_equal(child_start(&loop, &call, &child, &err), 0);
	assert_false(outcome->over);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_true(outcome->over);
	assert_int_equal(uv_loop_close(&loop), 0);
}

static void test_ends(void **state)
{
	static const struct {
		const char *script;
		unsigned timeout_ms;
		int code, signal;
		bool timed_out, too_long;
		const char *output, *last_line;
	} cases[] = {
		{":", LONG_MS, 0, 0, false, false, "", ""},
		{"echo $A; cat", LONG_MS, 0, 0, false, false, "b\n", ""},
		{"printf x; exit 3", LONG_MS, 3, 0, false, false, "x", ""},
		{"echo one >&2; echo two >&2; exit 1", LONG_MS, 1, 0, false, false, "", "two"},
		{"printf 'one\\n\\ntw\\033o\\r\\n\\n' >&2; exit 1", LONG_MS, 1, 0, false, false, "",
	         "tw o"},
		{"kill -9 $$", LONG_MS, 0, 9, false, false, "", ""},
		{"head -c 4096 /dev/zero | tr '\\0' a >&2; exit 2", LONG_MS, 2, 0, false, false, "",
	         NULL},
		{"head -c 4097 /dev/zero; sleep 60", LONG_MS, 0, 9, false, true, NULL, ""},
		{"echo waiting >&2; sleep 60", 200, 0, 9, true, false, "", "waiting"},
		{"sleep 60 & exit 5", 200, 5, 0, true, false, "", ""},
		/* an agent that stays may keep standard error */
		{"sleep 5 >/dev/null & echo x", LONG_MS, 0, 0, false, false, "x\n", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct outcome outcome;
		uint64_t begun = uv_hrtime();

		run_script(cases[i].script, cases[i].timeout_ms, &outcome);
		assert_true(uv_hrtime() - begun < 20000000000u);
		assert_int_equal(outcome.result.timed_out, cases[i].timed_out);
		assert_int_equal(outcome.result.too_long, cases[i].too_long);
		assert_int_equal(outcome.result.signal, cases[i].signal);
		assert_int_equal(outcome.result.code, cases[i].code);
		if (cases[i].output)
			assert_string_equal(outcome.output, cases[i].output);
		if (cases[i].last_line)
			assert_string_equal(outcome.last_line, cases[i].last_line);
	}
}

/* All sets of capabilities are empty, and a set-user-ID file would change nothing; no descriptor
 * of the parent is open; it leads a session. */
static void test_rights(void **state)
{
	struct outcome outcome;

	(void)state;
	run_script("grep -hE '^(Cap(Inh|Prm|Eff|Amb)|NoNewPrivs)' /proc/self/status | sort",
	           LONG_MS, &outcome);
	assert_string_equal(outcome.output, "CapAmb:\t0000000000000000\nCapEff:\t0000000000000000\n"
	                                    "CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\n"
	                                    "NoNewPrivs:\t1\n");
	assert_int_equal(dup2(STDIN_FILENO, 99), 99); /* one that is not closed by itself */
	run_script("ls /proc/$$/fd; readlink /proc/$$/fd/0; "
	           "cut -d' ' -f6 /proc/$$/stat | grep -qx $$ && echo leads",
	           LONG_MS, &outcome);
	assert_string_equal(outcome.output, "0\n1\n2\n/dev/null\nleads\n");
	close(99);
}

static void test_cancel(void **state)
{
	char *arguments[] = {(char[]){"60"}, NULL}, *environment[] = {NULL};
	struct outcome outcome = {0};
	const struct child_call call = {
		.program = "/bin/sleep",
		.arguments = arguments,
		.environment = environment,
		.timeout_ms = LONG_MS,
		.output_max = 1,
		.ctx = &outcome,
		.done = on_done,
	};
	uint64_t begun = uv_hrtime();
	struct child *child;
	struct error err;
	uv_loop_t loop;

	(void)state;
	uv_loop_init(&loop);
	assert_int_equal(child_start(&loop, &call, &child, &err), 0);
	uv_run(&loop, UV_RUN_NOWAIT);
	child_cancel(child);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	assert_false(outcome.over);
	assert_true(uv_hrtime() - begun < 20000000000u);
	child_cancel(NULL);
}

static void test_no_such_program(void **state)
{
	char *none[] = {NULL};
	struct outcome outcome = {0};
	const struct child_call call = {
		.program = "/nowhere/tool",
		.arguments = none,
		.environment = none,
		.timeout_ms = LONG_MS,
		.output_max = 1,
		.ctx = &outcome,
		.done = on_done,
	};
	struct child *child;
	struct error err;
	uv_loop_t loop;

	(void)state;
	uv_loop_init(&loop);
	assert_int_equal(child_start(&loop, &call, &child, &err), 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	assert_int_equal(outcome.result.code, 126);
	assert_string_equal(outcome.last_line, "/nowhere/tool: No such file or directory");
}

int main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_rights),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_no_such_program),
	};

	(void)argc;
	kube_launch_if_asked(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
