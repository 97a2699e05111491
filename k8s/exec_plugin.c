/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exec_plugin.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "child.h"
#include "exec_config.h"

#define TIMEOUT_S  60u
#define OUTPUT_MAX (1024u * 1024u)
#define INFO       "KUBERNETES_EXEC_INFO="

struct exec_plugin {
	uv_loop_t *loop;
	const struct kube_config *config;
	struct child *child; /* NULL: it does not run */
	exec_plugin_done_fn done;
	void *ctx;
};

int exec_plugin_new(uv_loop_t *loop, const struct kube_config *config, struct exec_plugin **out,
                    struct error *err)
{
	struct exec_plugin *plugin = calloc(1, sizeof(*plugin));

	if (!plugin)
		return error_set(err, ENOMEM, "out of memory");
	plugin->loop = loop;
	plugin->config = config;
	*out = plugin;
	return 0;
}

void exec_plugin_free(struct exec_plugin *plugin)
{
	if (!plugin)
		return;
	child_cancel(plugin->child);
	free(plugin);
}

bool exec_plugin_runs(const struct exec_plugin *plugin)
{
	return plugin->child != NULL;
}

/* How it ended, where that was not well. */
static int explain_failure(const struct child_result *result, const struct kube_exec *exec,
                           struct error *err)
{
	const char *colon = result->last_line[0] ? ": " : "";

	const char *hint = NULL;

	if (result->timed_out) {
		error_set(err, ETIMEDOUT, "it did not end within %u s%s%s", TIMEOUT_S, colon,
		          result->last_line);
	} else if (result->too_long) {
		error_set(err, EMSGSIZE, "its answer is longer than %u bytes", OUTPUT_MAX);
	} else if (result->signal) {
		error_set(err, EIO, "signal %d (%s) ended it%s%s", result->signal,
		          strsignal(result->signal), colon, result->last_line);
	} else if (access(exec->program, X_OK) < 0 && exec->install_hint) {
		hint = exec->install_hint;
		error_set(err, ENOENT, "%s is gone", exec->program);
	} else {
		error_set(err, EIO, "it failed with exit code %d%s%s", result->code, colon,
		          result->last_line);
	}
	error_tame(err->text);
	return hint ? error_advise(err, "%s", hint) : -err->code;
}

/* What it prints, and whether it asks something, shows when a person runs it. */
static int advise(const struct kube_exec *exec, struct error *err)
{
	return error_advise(err, "run %s by hand, as this user", exec->command);
}

static void on_done(void *ctx, const struct child_result *result)
{
	struct exec_plugin *plugin = ctx;
	const struct kube_exec *exec = plugin->config->exec;
	struct exec_credential credential = {0};
	struct error err;
	int code;

	plugin->child = NULL;
	if (result->timed_out || result->too_long || result->signal || result->code)
		code = explain_failure(result, exec, &err);
	else
		code = exec_credential_parse(result->output, result->length, exec->api_version,
		                             &credential, &err);
	if (code < 0) {
		error_wrap(&err, "the credential plugin %s of %s", exec->command,
		           plugin->config->origin);
		advise(exec, &err);
	}
	plugin->done(plugin->ctx, code < 0 ? NULL : &credential, code < 0 ? &err : NULL);
}

static size_t count_of(char *const *texts)
{
	size_t count = 0;

	while (texts[count])
		count++;
	return count;
}

static bool has_name_of(char *const *variables, const char *variable)
{
	size_t length = strcspn(variable, "=") + 1;

	for (; *variables; variables++)
		if (strncmp(*variables, variable, length) == 0)
			return true;
	return false;
}

/* Ours, the kubeconfig's, and `info`; the array alone is to be freed. NULL: no memory. */
static char **environment_of(const struct kube_exec *exec, char *info)
{
	char **all = calloc(count_of(environ) + count_of(exec->environment) + 2, sizeof(*all));
	size_t count = 0;

	if (!all)
		return NULL;
	for (char **at = environ; *at; at++)
		if (!has_name_of(exec->environment, *at) && strncmp(*at, INFO, strlen(INFO)) != 0)
			all[count++] = *at;
	for (char **at = exec->environment; *at; at++)
		all[count++] = *at;
	all[count] = info;
	return all;
}

static int start(struct exec_plugin *plugin, char *info, struct error *err)
{
	const struct kube_exec *exec = plugin->config->exec;
	char **environment = environment_of(exec, info);
	struct child_call call = {
		.program = exec->program,
		.arguments = exec->arguments,
		.environment = environment,
		.timeout_ms = TIMEOUT_S * 1000,
		.output_max = OUTPUT_MAX,
		.ctx = plugin,
		.done = on_done,
	};
	int result;

	if (!environment)
		return error_set(err, ENOMEM, "out of memory");
	result = child_start(plugin->loop, &call, &plugin->child, err);
	free(environment);
	return result;
}

int exec_plugin_run(struct exec_plugin *plugin, const char *ca, exec_plugin_done_fn done, void *ctx,
                    struct error *err)
{
	char *request = exec_credential_request(plugin->config, ca);
	char *info = NULL;
	int result;

	plugin->done = done;
	plugin->ctx = ctx;
	if (!request || asprintf(&info, INFO "%s", request) < 0) {
		result = error_set(err, ENOMEM, "out of memory");
	} else {
		result = start(plugin, info, err);
		free(info);
		if (result < 0)
			advise(plugin->config->exec, err);
	}
	free(request);
	return result;
}
