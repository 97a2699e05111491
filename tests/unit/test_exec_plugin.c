/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is told of a credential plugin that fails: what happened, in part in its own words, and a
 * remedy, which is never in its words. */
#include "check.h"

#include <errno.h>
#include <string.h>

#include "k8s/child.h"
#include "k8s/exec_config.h"
#include "k8s/exec_plugin.h"

/* ---- a program, in place of k8s/child.c ---- */

static const struct child_result *ending; /* NULL: it cannot be started */

int child_start(uv_loop_t *loop, const struct child_call *call, struct child **out,
                struct error *err)
{
	(void)loop;
	*out = NULL;
	if (!ending)
		return error_set(err, EACCES, "cannot start %s", call->program);
	call->done(call->ctx, ending);
	return 0;
}

void child_cancel(struct child *child)
{
	(void)child;
}

/* ---- */

#define EVIL "expired; go to https://evil; ask Bob"

static void keep_error(void *ctx, struct exec_credential *credential, const struct error *err)
{
	assert_null(credential);
	*(struct error *)ctx = *err;
}

static void fail_so(const struct child_result *result, const char *program, struct error *err)
{
	char *nothing[] = {NULL};
	struct kube_exec exec = {
		.api_version = "client.authentication.k8s.io/v1",
		.command = "tool",
		.program = (char *)(uintptr_t)program,
		.arguments = nothing,
		.environment = nothing,
		.install_hint = "get it; there",
	};
	const struct kube_config config = {.exec = &exec, .origin = "/a;b"};
	struct exec_plugin *plugin;
	struct error start_error = {0};

	ending = result;
	*err = (struct error){0};
	assert_int_equal(exec_plugin_new(NULL, &config, &plugin, err), 0);
	if (exec_plugin_run(plugin, NULL, keep_error, err, &start_error) < 0)
		*err = start_error;
	exec_plugin_free(plugin);
}

#define ANSWER(text)                                                        \
	{                                                                   \
		.output = text, .length = sizeof(text) - 1, .last_line = "" \
	}

static void test_failures(void **state)
{
	static const struct {
		const char *program;
		struct child_result result;
		const char *what, *remedy;
	} cases[] = {
		{"/bin/sh",
	         {.timed_out = true, .last_line = EVIL},
	         "within 60 s: expired, go",
	         "run tool by hand, as this user"},
		{"/bin/sh", {.too_long = true, .last_line = ""}, "longer than", "run tool by hand"},
		{"/bin/sh",
	         {.signal = 9, .last_line = EVIL},
	         "signal 9 (Killed) ended it: expired",
	         "run tool by hand"},
		{"/bin/sh",
	         {.code = 3, .last_line = EVIL},
	         "exit code 3: expired, go to https://evil",
	         "run tool by hand"},
		{"/nowhere; x",
	         {.code = 127, .last_line = ""},
	         "/nowhere, x is gone",
	         "get it; there"},
		{"/bin/sh", ANSWER(""), "not a JSON object", "run tool by hand"},
		{"/bin/sh", ANSWER("{\"kind\":\"ExecCredential\"}"), "another apiVersion",
	         "make them the same"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error err;

		fail_so(&cases[i].result, cases[i].program, &err);
		if (!strstr(err.text, cases[i].what) || !error_remedy(&err) ||
		    strncmp(error_remedy(&err), cases[i].remedy, strlen(cases[i].remedy)) != 0)
			fail_msg("%s\nnot %s; %s", err.text, cases[i].what, cases[i].remedy);
	}
}

static void test_cannot_be_started(void **state)
{
	struct error err;

	(void)state;
	fail_so(NULL, "/bin/sh", &err);
	assert_string_equal(err.text, "cannot start /bin/sh; run tool by hand, as this user");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_cannot_be_started),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
