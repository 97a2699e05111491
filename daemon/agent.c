/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole program, in the order in which data flows: a source tells of
 * nodes, the node table keeps them, a round makes the plan of them, brings
 * the host to it and publishes the outcome. Events only ask for a round.
 */
#include "agent.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "handle.h"
#include "host.h"
#include "hostgw/kube_client.h"
#include "http.h"
#include "node_status.h"
#include "nodes_file.h"
#include "rounds.h"
#include "version.h"

struct agent {
	const struct options *options;
	const struct log *log;
	struct settings settings;
	uv_loop_t loop;

	/* source -> node table */
	struct kube_client *client;    /* NULL with --nodes-file */
	struct nodes_file *nodes_file; /* NULL with --kube-subnet-mgr */
	struct node_table *nodes;
	struct log_repeat source_trouble;

	/* node table -> plan -> host */
	struct host host;
	struct rounds rounds;

	/* host -> the own Node */
	struct own_node own;
	struct node_status *status; /* NULL: it is not written to */

	struct http_server *http; /* NULL: --healthz-port=0 */
	uv_signal_t terminate, interrupt;
};

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

	if (strcmp(record->name, agent->settings.node_name) == 0) {
		own_node_update(&agent->own, record);
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

	if (strcmp(name, agent->settings.node_name) == 0)
		own_node_forget(&agent->own);
	if (node_table_remove(agent->nodes, name))
		rounds_ask(&agent->rounds);
}

static void on_list_end(void *ctx, bool complete)
{
	struct agent *agent = ctx;

	if (complete) {
		node_table_list_end(agent->nodes);
		if (!node_table_find(agent->nodes, agent->settings.node_name))
			own_node_forget(&agent->own);
	}
	if (!agent->rounds.may_run && agent->client)
		log_info(agent->log, "Node controller sync successful");
	if (!complete && !agent->rounds.may_delete)
		log_warning(agent->log, "The list of nodes has entries that cannot be read: until "
		                        "they can, no route is removed");
	agent->rounds.may_run = true;
	agent->rounds.may_delete = agent->rounds.may_delete || complete;
	rounds_ask(&agent->rounds);
}

static void on_trouble(void *ctx, const struct error *err)
{
	struct agent *agent = ctx;

	/* An API server that is away costs nothing but news: what is in the kernel stays. */
	log_trouble(agent->log, &agent->source_trouble, err, uv_now(&agent->loop));
}

static void on_recovered(void *ctx)
{
	struct agent *agent = ctx;

	agent->source_trouble = (struct log_repeat){0};
	log_info(agent->log, "%s",
	         agent->client ? "The API server answers again" : "The nodes file is good again");
}

static int follow_kubernetes(struct agent *agent, const struct node_sink *sink, struct error *err)
{
	const struct options *options = agent->options;
	struct node_status_config config = {
		.loop = &agent->loop,
		.log = agent->log,
		.node_name = agent->settings.node_name,
		.annotation_prefix = options->kube_annotation_prefix,
		.set_condition = options->set_node_network_unavailable,
	};

	if (agent->settings.kube->insecure_skip_tls_verify)
		log_warning(agent->log,
		            "%s: insecure-skip-tls-verify is set: anyone on the way to %s can "
		            "play the API server; give certificate-authority instead",
		            agent->settings.kube->origin, agent->settings.kube->server);
	log_info(agent->log, "Waiting 10m0s for node controller to sync");
	log_info(agent->log, "Starting kube subnet manager");
	if (kube_client_new(&agent->loop, agent->settings.kube, "hostgwd/" HOSTGW_VERSION,
	                    &agent->client, err) < 0)
		return EXIT_MISTAKE;
	agent->settings.kube = NULL; /* the client's now */
	config.client = agent->client;
	if ((options->annotate && node_status_new(&config, &agent->status, err) < 0) ||
	    kube_watch_start(agent->client, options->kube_annotation_prefix, sink, err) < 0)
		return EXIT_FAILURE;
	return EXIT_SUCCESS;
}

static int follow_nodes(struct agent *agent, struct error *err)
{
	const struct options *options = agent->options;
	const struct node_sink sink = {
		.ctx = agent,
		.list_begin = on_list_begin,
		.node_changed = on_node_changed,
		.node_removed = on_node_removed,
		.list_end = on_list_end,
		.trouble = on_trouble,
		.recovered = on_recovered,
	};

	if (options->kube_subnet_mgr)
		return follow_kubernetes(agent, &sink, err);
	log_info(agent->log, "Reading nodes from %s", options->nodes_file);
	if (nodes_file_start(&agent->loop, options->nodes_file, options->kube_annotation_prefix,
	                     &sink, &agent->nodes_file, err) < 0)
		return err->code == EMFILE || err->code == ENFILE || err->code == ENOMEM
		               ? EXIT_FAILURE
		               : EXIT_MISTAKE;
	return EXIT_SUCCESS;
}

/* ---- kubelet asks ---- */

static bool is_ready(void *ctx, char *text, size_t size)
{
	const struct agent *agent = ctx;

	return rounds_explain_ready(&agent->rounds, text, size);
}

static int serve_health(struct agent *agent, struct error *err)
{
	const struct options *options = agent->options;

	if (options->healthz_port == 0)
		return 0;
	return http_server_start(&agent->loop, options->healthz_ip, (uint16_t)options->healthz_port,
	                         is_ready, agent, &agent->http, err);
}

/* ---- life ---- */

/* After this only closing handles are left, and the loop ends. */
static void shut_down(struct agent *agent)
{
	node_status_close(agent->status);
	kube_client_close(agent->client);
	nodes_file_close(agent->nodes_file);
	http_server_close(agent->http);
	rounds_close(&agent->rounds);
	handle_close(&agent->terminate);
	handle_close(&agent->interrupt);
}

static void stop(uv_signal_t *handle, int number)
{
	struct agent *agent = handle->data;

	log_info(agent->log, "%s received: stopping; routes and rules stay in place",
	         number == SIGTERM ? "SIGTERM" : "SIGINT");
	shut_down(agent);
}

static int catch_signal(struct agent *agent, uv_signal_t *handle, int number, struct error *err)
{
	int result = uv_signal_init(&agent->loop, handle);

	handle->data = agent;
	if (result == 0)
		result = uv_signal_start(handle, stop, number);
	return result < 0 ? error_set(err, -result, "catching signals: %s", uv_strerror(result))
	                  : 0;
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

static int start(struct agent *agent, struct error *err)
{
	int result;

	if (catch_signal(agent, &agent->terminate, SIGTERM, err) < 0 ||
	    catch_signal(agent, &agent->interrupt, SIGINT, err) < 0)
		return EXIT_FAILURE;
	agent->rounds = (struct rounds){
		.loop = &agent->loop,
		.log = agent->log,
		.settings = &agent->settings,
		.host = &agent->host,
		.nodes = agent->nodes,
		.source_name = agent->options->kube_subnet_mgr ? "Kubernetes Subnet Manager"
	                                                       : "Nodes File",
		.publish = publish_node,
		.ctx = agent,
	};
	if (rounds_start(&agent->rounds, err) < 0)
		return EXIT_FAILURE;
	result = serve_health(agent, err);
	if (result < 0)
		return result == -EINVAL ? EXIT_MISTAKE : EXIT_FAILURE;
	return follow_nodes(agent, err);
}

static void free_agent(struct agent *agent)
{
	own_node_forget(&agent->own);
	rounds_free(&agent->rounds);
	host_close(&agent->host);
	node_table_free(agent->nodes);
	settings_free(&agent->settings);
}

int agent_run(const struct options *options, const struct log *log)
{
	struct agent agent = {.options = options, .log = log};
	struct error err;
	int code = uv_loop_init(&agent.loop);

	if (code < 0) {
		log_error(log, "starting the event loop: %s (see ulimit -n)", uv_strerror(code));
		return EXIT_FAILURE;
	}
	code = get_ready(&agent, &err);
	if (code == EXIT_SUCCESS)
		code = start(&agent, &err);
	if (code != EXIT_SUCCESS) {
		log_error(log, "%s", err.text);
		shut_down(&agent);
	}
	uv_run(&agent.loop, UV_RUN_DEFAULT);
	uv_loop_close(&agent.loop);
	free_agent(&agent);
	return code;
}
