/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan_command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "handle.h"
#include "host.h"
#include "host_address.h"
#include "node_source.h"
#include "plan_print.h"

struct plan_command {
	const struct options *options;
	const struct log *log;
	struct settings settings;
	uv_loop_t loop;
	uv_timer_t deadline;

	struct node_source source;
	struct node_table *nodes;
	bool listed;         /* all nodes have been told of ... */
	bool complete;       /* ... and each could be read */
	struct error failed; /* why they never will be; code 0: they may */

	struct host host;
};

/* ---- the nodes ---- */

static void on_list_begin(void *ctx)
{
	struct plan_command *command = ctx;

	node_table_list_begin(command->nodes);
}

static void on_node_changed(void *ctx, const struct node_record *record)
{
	struct plan_command *command = ctx;
	struct error err;
	bool changed;

	if (strcmp(record->name, command->settings.node_name) == 0) {
		struct own_node own = {0};

		own_node_update(&own, record);
		host_ask_address(&command->host, &own);
		own_node_forget(&own);
	}
	if (node_table_upsert(command->nodes, record, &changed, &err) < 0)
		log_error(command->log, "%s", err.text);
}

static void on_node_removed(void *ctx, const char *name)
{
	struct plan_command *command = ctx;

	node_table_remove(command->nodes, name);
}

static void on_list_end(void *ctx, bool complete)
{
	struct plan_command *command = ctx;

	if (complete)
		node_table_list_end(command->nodes);
	command->listed = true;
	command->complete = complete;
	uv_stop(&command->loop);
}

static void on_failed(void *ctx, const struct error *err)
{
	struct plan_command *command = ctx;

	command->failed = *err;
	uv_stop(&command->loop);
}

static void on_deadline(uv_timer_t *timer)
{
	struct plan_command *command = timer->data;
	const struct node_source *source = &command->source;
	const char *why = source->trouble.text;
	struct error *err = &command->failed;

	if (source->pod_node)
		error_set(err, ETIMEDOUT,
		          "the API server has not told within %d s on which node pod %s/%s runs",
		          PLAN_PATIENCE_MS / 1000, command->settings.pod_namespace,
		          command->settings.pod_name);
	else
		error_set(err, ETIMEDOUT, "%s has not told of all nodes within %d s%s%.300s",
		          source->kube->server, PLAN_PATIENCE_MS / 1000, why[0] ? ": " : "", why);
	uv_stop(&command->loop);
}

static void close_nodes(struct plan_command *command)
{
	node_source_close(&command->source);
	handle_close(&command->deadline);
	uv_run(&command->loop, UV_RUN_DEFAULT);
}

static int read_nodes(struct plan_command *command, struct error *err)
{
	int result;

	command->source = (struct node_source){
		.loop = &command->loop,
		.log = command->log,
		.settings = &command->settings,
		.sink =
			{
				.ctx = command,
				.list_begin = on_list_begin,
				.node_changed = on_node_changed,
				.node_removed = on_node_removed,
				.list_end = on_list_end,
			},
		.failed = on_failed,
	};
	uv_timer_init(&command->loop, &command->deadline);
	command->deadline.data = command;
	uv_timer_start(&command->deadline, on_deadline, PLAN_PATIENCE_MS, 0);
	result = node_source_open(&command->source, err);
	if (result == 0) /* until uv_stop, which a nodes file has called by now */
		uv_run(&command->loop, UV_RUN_DEFAULT);
	close_nodes(command);
	if (result == 0 && command->failed.code != 0) {
		*err = command->failed;
		result = -err->code;
	}
	return result;
}

/* ---- what would change ---- */

static void warn_of_missing_addresses(const struct plan_command *command)
{
	struct error err;

	for (int i = 0; i < IP_FAMILIES; i++)
		if (!host_has_address(&command->host, (enum ip_family_index)i, &err))
			log_warning(command->log, "%s", err.text);
}

static int print(const struct plan_command *command, const struct plan_outcome *outcome,
                 struct error *err)
{
	int result = 0;

	switch (command->options->output) {
	case OUTPUT_UNSET:
	case OUTPUT_TEXT:
		plan_print_text(outcome, stdout);
		break;
	case OUTPUT_IP:
		if (outcome->waiting) /* no line for ip(8) can say it */
			log_warning(command->log, "%s", outcome->waiting);
		plan_print_ip(outcome, stdout);
		break;
	case OUTPUT_JSON:
		result = plan_print_json(outcome, stdout, err);
		break;
	}
	if (result == 0 && (fflush(stdout) != 0 || ferror(stdout)))
		return error_set(err, errno, "writing the plan: %s", strerror(errno));
	return result;
}

/* A daemon that starts leaves the routes alone until it knows its own Node. */
static int propose_and_print(struct plan_command *command, const struct plan *plan,
                             struct error *err)
{
	struct host *host = &command->host;
	struct proposal proposal = {0};
	struct error waiting = {0};
	struct plan_outcome outcome = {
		.plan = plan,
		.proposal = &proposal,
		.uplink = &host->uplink,
		.links = &host->links,
	};
	int result = 0;

	if (host_check_own_node(host, command->nodes, plan, &waiting) < 0) {
		outcome.waiting = waiting.text;
	} else {
		warn_of_missing_addresses(command);
		result = host_propose_routes(host, plan, command->complete, &proposal, err);
		outcome.observed = reconcile_observed(host->reconciler, &outcome.observed_count);
	}
	if (result == 0)
		result = print(command, &outcome, err);
	proposal_free(&proposal);
	return result;
}

static int show_plan(struct plan_command *command, struct error *err)
{
	struct plan plan = {0};
	int result;

	/* The nodes may have taken a while: routes and links as they are now. */
	host_distrust(&command->host);
	result = host_look(&command->host, err);
	if (result == 0)
		result = host_plan(&command->host, command->nodes, &plan, err);
	if (result == 0 && !command->complete)
		log_warning(command->log, "The list of nodes has entries that cannot be read: "
		                          "until they can, no route is removed; mend "
		                          "the Nodes that the log names");
	if (result == 0)
		result = propose_and_print(command, &plan, err);
	plan_free(&plan);
	return result;
}

/* ---- life ---- */

/* Returns the exit code. */
static int run(struct plan_command *command, struct error *err)
{
	int result;

	if (settings_load(command->options, command->log, &command->settings, err) < 0)
		return EXIT_MISTAKE;
	result = node_table_new(&command->nodes, err);
	if (result == 0)
		result = host_open_readonly(&command->host, &command->settings, command->log, err);
	if (result == 0)
		result = read_nodes(command, err);
	if (result < 0)
		return result == -EINVAL ? EXIT_MISTAKE : EXIT_FAILURE;
	return show_plan(command, err) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int plan_command_run(const struct options *options, const struct log *log)
{
	struct plan_command command = {.options = options, .log = log, .host = {.claim = -1}};
	struct error err;
	int result = uv_loop_init(&command.loop), code;

	if (result < 0) {
		log_error(log, "starting the event loop: %s (see ulimit -n)", uv_strerror(result));
		return EXIT_FAILURE;
	}
	code = run(&command, &err);
	if (code != EXIT_SUCCESS)
		log_error(log, "%s", err.text);
	host_close(&command.host);
	node_table_free(command.nodes);
	settings_free(&command.settings);
	uv_loop_close(&command.loop);
	return code;
}
