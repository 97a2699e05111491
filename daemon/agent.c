/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole program, in the order in which data flows: a source tells of
 * nodes, the node table keeps them, a round makes the plan of them, brings
 * the host to it and publishes the outcome. Events only ask for a round.
 */
#include "agent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "agent_state.h"
#include "host_address.h"
#include "host_check.h"
#include "reload.h"

/* ---- the own Node ---- */

static void publish_node(void *ctx, bool ready)
{
	struct agent *agent = ctx;
	struct ip_addr public_ip[IP_FAMILIES] = {0};

	if (!agent->status)
		return;
	for (int i = 0; i < IP_FAMILIES; i++)
		if (agent->settings.conf.network[i].addr.family != 0)
			public_ip[i] = own_node_public_ip(&agent->own, (enum ip_family_index)i,
			                                  &agent->host.public_ip[i]);
	node_status_set(agent->status, &agent->own, public_ip, ready);
}

/* ---- how it stands ---- */

static bool is_ready(void *ctx, char *text, size_t size)
{
	const struct agent *agent = ctx;

	if (agent->source.pod_node)
		snprintf(text, size, "waiting for the API server to tell of pod %s/%s\n",
		         agent->settings.pod_namespace, agent->settings.pod_name);
	else if (!agent->synced)
		snprintf(text, size, "waiting for the API server to tell of all nodes\n");
	else
		return rounds_explain_ready(&agent->rounds, text, size);
	return false;
}

static void tell_service(struct agent *agent)
{
	const struct reconcile_stats stats = reconcile_stats(agent->host.reconciler);
	char text[256] = "";
	bool ready = is_ready(agent, text, sizeof(text));

	if (ready)
		snprintf(text, sizeof(text),
		         "%zu nodes; %zu of %zu routes in place, %zu in conflict with those of "
		         "others",
		         node_table_count(agent->nodes), stats.installed, stats.desired,
		         stats.conflicts);
	/* Warm state serves pods as well: a boot is not to wait for the API server. */
	if (ready || (agent->rounds.running && agent->rounds.ready))
		service_notify_ready(agent->service);
	text[strcspn(text, "\n")] = '\0';
	service_notify_status(agent->service, text);
}

/* ---- the source tells of nodes ---- */

static void on_list_begin(void *ctx)
{
	struct agent *agent = ctx;

	node_table_list_begin(agent->nodes);
}

static void on_node_changed(void *ctx, const struct node_record *record)
{
	struct agent *agent = ctx;
	struct error err;
	bool changed;

	monitoring_note_event(agent->monitoring);
	if (strcmp(record->name, agent->settings.node_name) == 0) {
		own_node_update(&agent->own, record);
		if (host_ask_address(&agent->host, &agent->own))
			rounds_ask(&agent->rounds);
		if (agent->rounds.running)
			publish_node(agent, agent->rounds.ready);
	}
	if (node_table_upsert(agent->nodes, record, &changed, &err) < 0)
		log_error(agent->log, "%s", err.text);
	else if (changed)
		rounds_ask(&agent->rounds);
}

static void on_node_removed(void *ctx, const char *name)
{
	struct agent *agent = ctx;

	monitoring_note_event(agent->monitoring);
	if (strcmp(name, agent->settings.node_name) == 0)
		own_node_forget(&agent->own);
	if (node_table_remove(agent->nodes, name))
		rounds_ask(&agent->rounds);
}

static void on_list_end(void *ctx, bool complete)
{
	struct agent *agent = ctx;

	monitoring_note_event(agent->monitoring);
	if (complete) {
		monitoring_note_sync(agent->monitoring);
		node_table_list_end(agent->nodes);
		if (!node_table_find(agent->nodes, agent->settings.node_name))
			own_node_forget(&agent->own);
	}
	if (!agent->synced && agent->source.client)
		log_info(agent->log, "Node controller sync successful");
	if (!complete && !agent->rounds.may_delete)
		log_warning(agent->log, "The list of nodes has entries that cannot be read: until "
		                        "they can, no route is removed; mend "
		                        "the Nodes that the log names");
	agent->synced = true;
	agent->rounds.may_run = true;
	agent->rounds.may_delete = agent->rounds.may_delete || complete;
	rounds_ask(&agent->rounds);
}

/* ---- it begins with what the last run kept (agent_warm.c) ---- */

static void on_resumed(void *ctx)
{
	struct agent *agent = ctx;

	log_info(agent->log, "Node controller sync successful: resumed without a list");
	agent->synced = true;
	tell_service(agent);
}

static void on_caught_up(void *ctx)
{
	struct agent *agent = ctx;

	monitoring_note_sync(agent->monitoring);
	log_info(agent->log, "All that changed since the last run is known: routes without a node "
	                     "may go");
	agent->rounds.may_delete = true;
	rounds_ask(&agent->rounds);
}

/* ---- the own Node has a name ---- */

/* What is written about the own Node. */
static int start_writing(struct agent *agent, struct error *err)
{
	const struct options *options = agent->options;
	const struct node_status_config status = {
		.loop = &agent->loop,
		.client = agent->source.client,
		.log = agent->log,
		.node_name = agent->settings.node_name,
		.annotation_prefix = options->kube_annotation_prefix,
		.set_condition = options->set_node_network_unavailable,
	};
	const struct events_config events = {
		.loop = &agent->loop,
		.client = agent->source.client,
		.log = agent->log,
		.node_name = agent->settings.node_name,
	};

	if (options->annotate && node_status_new(&status, &agent->status, err) < 0)
		return -err->code;
	if (options->events && events_new(&events, &agent->events, err) < 0)
		return -err->code;
	agent->rounds.announcer.events = agent->events;
	return 0;
}

/* What needs it: writing to it, and what was known when it last ran here. */
static int on_named(void *ctx, char **resume_version, struct error *err)
{
	struct agent *agent = ctx;
	int result = start_writing(agent, err);

	return result < 0 ? result : agent_recall(agent, resume_version, err);
}

/* ---- kubelet, Prometheus and people ask ---- */

static int serve_questions(struct agent *agent, struct error *err)
{
	const struct monitoring_config config = {
		.loop = &agent->loop,
		.log = agent->log,
		.options = agent->options,
		.settings = &agent->settings,
		.host = &agent->host,
		.rounds = &agent->rounds,
		.source = &agent->source,
		.is_ready = is_ready,
		.ctx = agent,
	};

	return monitoring_start(&config, &agent->monitoring, err);
}

/* ---- systemd is told ---- */

static void on_round_over(void *ctx)
{
	struct agent *agent = ctx;

	monitoring_note_round(agent->monitoring);
	tell_service(agent);
}

/* Without it the daemon does its work all the same. */
static void open_service(struct agent *agent)
{
	struct error err;

	if (service_notify_open(&agent->loop, getenv, &agent->service, &err) < 0)
		log_warning(agent->log, "%s", err.text);
}

/* ---- life ---- */

/* After this only closing handles are left, and the loop ends. */
static void shut_down(struct agent *agent)
{
	agent_keep_last(agent);
	node_status_close(agent->status);
	events_close(agent->events);
	agent->rounds.announcer.events = NULL;
	node_source_close(&agent->source);
	monitoring_close(agent->monitoring);
	rounds_close(&agent->rounds);
	signals_close(&agent->signals);
	service_notify_stopping(agent->service);
	service_notify_close(agent->service);
}

static void stop(void *ctx, const char *name)
{
	struct agent *agent = ctx;

	log_info(agent->log, "%s received: stopping; routes and rules stay in place", name);
	shut_down(agent);
}

/* What is read again, and what is looked at again; flags and kubeconfig count from start to end. */
static void reload(void *ctx)
{
	struct agent *agent = ctx;
	struct error err;

	log_info(agent->log, "SIGHUP received: reading %s%s%s again",
	         agent->options->net_config_path, agent->source.nodes_file ? " and " : "",
	         agent->source.nodes_file ? agent->options->nodes_file : "");
	service_notify_reloading(agent->service);
	if (reload_net_conf(&agent->settings, &agent->host, &agent->loop, &err) < 0)
		log_error(agent->log, "%s; the network stays as it is configured", err.text);
	node_source_reread(&agent->source);
	host_distrust(&agent->host);
	rounds_ask(&agent->rounds);
	service_notify_reloaded(agent->service);
}

static void on_source_failed(void *ctx, const struct error *err)
{
	struct agent *agent = ctx;

	log_error(agent->log, "%s", err->text);
	agent->exit_code = EXIT_FAILURE;
	shut_down(agent);
}

/* Everything that only reads, so that a mistake is found before the host is touched. Returns the
 * exit code. */
static int get_ready(struct agent *agent, struct error *err)
{
	int result;

	if (settings_load(agent->options, agent->log, &agent->settings, err) < 0)
		return EXIT_MISTAKE;
	if (node_table_new(&agent->nodes, err) < 0)
		return EXIT_FAILURE;
	result = host_open(&agent->host, &agent->settings, agent->log, err);
	if (result < 0)
		return result == -EINVAL ? EXIT_MISTAKE : EXIT_FAILURE;
	return EXIT_SUCCESS;
}

static void warn_of_host(void *ctx, const struct error *err)
{
	const struct agent *agent = ctx;

	log_warning(agent->log, "%s", err->text);
}

static int follow_nodes(struct agent *agent, struct error *err)
{
	agent->source = (struct node_source){
		.loop = &agent->loop,
		.log = agent->log,
		.settings = &agent->settings,
		.sink =
			{
				.ctx = agent,
				.list_begin = on_list_begin,
				.node_changed = on_node_changed,
				.node_removed = on_node_removed,
				.list_end = on_list_end,
				.resumed = on_resumed,
				.caught_up = on_caught_up,
				.version = agent_keep,
			},
		.named = on_named,
		.failed = on_source_failed,
	};
	return node_source_open(&agent->source, err);
}

static int start(struct agent *agent, struct error *err)
{
	int result;

	agent->signals = (struct signals){.stop = stop, .reload = reload, .ctx = agent};
	if (signals_catch(&agent->signals, &agent->loop, err) < 0)
		return EXIT_FAILURE;
	open_service(agent);
	agent->rounds = (struct rounds){
		.loop = &agent->loop,
		.log = agent->log,
		.settings = &agent->settings,
		.host = &agent->host,
		.nodes = agent->nodes,
		.source_name = agent->options->kube_subnet_mgr ? "Kubernetes Subnet Manager"
	                                                       : "Nodes File",
		.publish = publish_node,
		.over = on_round_over,
		.ctx = agent,
	};
	if (rounds_start(&agent->rounds, err) < 0)
		return EXIT_FAILURE;
	host_check_at_start(&agent->host, warn_of_host, agent);
	result = serve_questions(agent, err);
	if (result == 0)
		result = follow_nodes(agent, err);
	if (result < 0)
		return result == -EINVAL ? EXIT_MISTAKE : EXIT_FAILURE;
	return EXIT_SUCCESS;
}

static void free_agent(struct agent *agent)
{
	own_node_forget(&agent->own);
	monitoring_free(agent->monitoring);
	rounds_free(&agent->rounds);
	host_close(&agent->host);
	node_table_free(agent->nodes);
	warm_state_free(agent->warm);
	settings_free(&agent->settings);
}

int agent_run(const struct options *options, const struct log *log)
{
	struct agent agent = {.options = options, .log = log, .host = {.claim = -1}};
	struct error err;
	int result = uv_loop_init(&agent.loop);

	if (result < 0) {
		log_error(log, "starting the event loop: %s (see ulimit -n)", uv_strerror(result));
		return EXIT_FAILURE;
	}
	agent.exit_code = get_ready(&agent, &err);
	if (agent.exit_code == EXIT_SUCCESS)
		agent.exit_code = start(&agent, &err);
	if (agent.exit_code != EXIT_SUCCESS) {
		log_error(log, "%s", err.text);
		shut_down(&agent);
	}
	uv_run(&agent.loop, UV_RUN_DEFAULT);
	uv_loop_close(&agent.loop);
	free_agent(&agent);
	return agent.exit_code;
}
