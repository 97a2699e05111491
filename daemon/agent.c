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

#include "announce.h"
#include "host.h"
#include "hostgw/kube_client.h"
#include "http.h"
#include "node_status.h"
#include "nodes_file.h"
#include "version.h"

/* The exit code for a mistake in usage or configuration. */
#define EXIT_MISTAKE 2

/* Rounds are this far apart at least, so that a burst of events makes one. */
#define ROUND_GAP_MS 10
/* What failed is tried again after this, doubling. */
#define RETRY_FIRST_MS 1000
#define RETRY_MOST_MS  30000
/* The last safety net, not the mechanism: a round without any event. */
#define AUDIT_MS (5 * 60 * 1000)

struct agent {
	const struct options *options;
	const struct log *log;
	struct settings settings;
	uv_loop_t loop;
	bool stopping;

	/* source -> node table */
	struct kube_client *client;    /* NULL with --nodes-file */
	struct nodes_file *nodes_file; /* NULL with --kube-subnet-mgr */
	struct node_table *nodes;
	bool synced;   /* a list has been read to its end: rounds begin */
	bool complete; /* ... and nothing in it was skipped: routes may be deleted */
	struct log_repeat source_trouble;

	/* node table -> plan -> host */
	struct host host;
	struct announcer announcer;
	struct prefix own_cidrs[IP_FAMILIES]; /* as of the last round that knew them */
	bool running;                         /* a round that knew them is over */
	uint64_t last_round;                  /* milliseconds of the loop's clock */
	uint64_t retry_delay;                 /* milliseconds; 0: nothing is left undone */
	uv_timer_t round_timer, audit_timer;

	/* host -> the own Node */
	struct own_node own;
	struct node_status *status; /* NULL: it is not written to */

	struct http_server *http; /* NULL: --healthz-port=0 */
	uv_signal_t terminate, interrupt;
};

/* ---- a round ---- */

/* What a round left undone. */
struct outcome {
	size_t failed; /* said, and tried again by a later round */
	bool raced;    /* the routes changed under its hands: again soon */
};

static void note_failure(struct agent *agent, const struct error *err, struct outcome *outcome)
{
	announce_complaint(&agent->announcer, err);
	outcome->failed++;
}

/* Every family that is switched on needs its own pod CIDR. */
static bool knows_own_cidrs(const struct agent *agent, const struct plan *plan)
{
	for (int i = 0; i < IP_FAMILIES; i++)
		if (agent->settings.conf.network[i].addr.family != 0 &&
		    plan->own[i].addr.family == 0)
			return false;
	return true;
}

static void explain_waiting(struct agent *agent)
{
	const char *name = agent->settings.node_name;
	struct error err;

	if (!node_table_find(agent->nodes, name))
		error_set(&err, ENOENT,
		          "Waiting: there is no node %s among the %zu nodes; set --node-name or "
		          "NODE_NAME to this host's",
		          name, node_table_count(agent->nodes));
	else
		error_set(&err, ENOENT,
		          "Waiting: node %s has no pod CIDR inside the configured Network for "
		          "each family; see the controller manager's --allocate-node-cidrs",
		          name);
	announce_complaint(&agent->announcer, &err);
}

static void publish_node(struct agent *agent, bool ready)
{
	struct ip_addr public_ip[IP_FAMILIES] = {0};

	if (!agent->status)
		return;
	for (int i = 0; i < IP_FAMILIES; i++)
		if (agent->settings.conf.network[i].addr.family != 0)
			public_ip[i] = own_node_public_ip(&agent->own, (enum ip_family_index)i,
			                                  &agent->host.public_ip[i]);
	node_status_set(agent->status, &agent->own, public_ip, ready);
}

static void write_subnet_file(struct agent *agent, struct outcome *outcome)
{
	struct error err;
	bool changed;

	if (host_write_subnet_file(&agent->host, agent->own_cidrs, &changed, &err) < 0)
		note_failure(agent, &err, outcome);
	else if (changed || !agent->running)
		log_info(agent->log, "Wrote subnet file to %s", agent->options->subnet_file);
}

static void log_beginning(const struct agent *agent)
{
	log_info(agent->log, "Created subnet manager: %s - %s",
	         agent->client ? "Kubernetes Subnet Manager" : "Nodes File",
	         agent->settings.node_name);
	log_info(agent->log, "Found network config - Backend type: host-gw");
}

/* Annotations, routes, rules, then the file that lets pods start, then the condition. */
static void carry_out(struct agent *agent, const struct plan *plan, struct outcome *outcome)
{
	struct host *host = &agent->host;
	struct reconcile_report report;
	struct error err;

	if (!agent->running)
		log_beginning(agent);
	publish_node(agent, agent->running && agent->retry_delay == 0);
	if (host_apply_routes(host, plan, agent->complete, &report, &err) < 0)
		note_failure(agent, &err, outcome);
	if (host_apply_rules(host, agent->own_cidrs, &err) < 0)
		note_failure(agent, &err, outcome);
	write_subnet_file(agent, outcome);
	if (!agent->running) {
		log_info(agent->log, "Running backend.");
		log_info(agent->log, "Watching for new subnet leases");
		agent->running = true;
	}
	announce_report(&agent->announcer, &report);
	outcome->failed += report.failed;
	outcome->raced = report.raced;
	reconcile_report_free(&report);
	publish_node(agent, outcome->failed == 0);
}

static void run_round(uv_timer_t *timer);

static void schedule_retry(struct agent *agent, const struct outcome *outcome)
{
	uint64_t first = outcome->raced ? ROUND_GAP_MS : RETRY_FIRST_MS;

	if (outcome->failed == 0) {
		agent->retry_delay = 0;
		return;
	}
	agent->retry_delay = agent->retry_delay ? agent->retry_delay * 2 : first;
	if (agent->retry_delay > RETRY_MOST_MS)
		agent->retry_delay = RETRY_MOST_MS;
	uv_timer_start(&agent->round_timer, run_round, agent->retry_delay, 0);
}

static void run_round(uv_timer_t *timer)
{
	struct agent *agent = timer->data;
	struct outcome outcome = {0};
	struct plan plan = {0};
	struct error err;

	agent->last_round = uv_now(&agent->loop);
	announce_begin(&agent->announcer);
	if (host_look(&agent->host, &err) < 0 ||
	    host_plan(&agent->host, agent->nodes, &plan, &err) < 0) {
		note_failure(agent, &err, &outcome);
	} else {
		bool known = knows_own_cidrs(agent, &plan);

		if (known)
			memcpy(agent->own_cidrs, plan.own, sizeof(agent->own_cidrs));
		else
			explain_waiting(agent);
		/* Once running, the others are followed even while the own Node is away. */
		if (known || agent->running)
			carry_out(agent, &plan, &outcome);
		announce_plan(&agent->announcer, &plan, &agent->host.uplink);
	}
	announce_end(&agent->announcer);
	plan_free(&plan);
	schedule_retry(agent, &outcome);
}

static void ask_for_round(void *ctx)
{
	struct agent *agent = ctx;
	uint64_t due = agent->last_round + ROUND_GAP_MS, now = uv_now(&agent->loop);

	if (agent->synced && !agent->stopping)
		uv_timer_start(&agent->round_timer, run_round, due > now ? due - now : 0, 0);
}

static void audit(uv_timer_t *timer)
{
	struct agent *agent = timer->data;

	agent->host.links_stale = true;
	ask_for_round(agent);
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
		if (agent->running)
			publish_node(agent, agent->retry_delay == 0);
	}
	if (node_table_upsert(agent->nodes, record, &changed, &err) < 0)
		log_error(agent->log, "%s", err.text);
	else if (changed)
		ask_for_round(agent);
}

static void on_node_removed(void *ctx, const char *name)
{
	struct agent *agent = ctx;

	if (strcmp(name, agent->settings.node_name) == 0)
		own_node_forget(&agent->own);
	if (node_table_remove(agent->nodes, name))
		ask_for_round(agent);
}

static void on_list_end(void *ctx, bool complete)
{
	struct agent *agent = ctx;

	if (complete) {
		node_table_list_end(agent->nodes);
		if (!node_table_find(agent->nodes, agent->settings.node_name))
			own_node_forget(&agent->own);
	}
	if (!agent->synced && agent->client)
		log_info(agent->log, "Node controller sync successful");
	agent->synced = true;
	agent->complete = agent->complete || complete;
	ask_for_round(agent);
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
		return EXIT_MISTAKE;
	return EXIT_SUCCESS;
}

/* ---- kubelet asks ---- */

static bool is_ready(void *ctx, char *text, size_t size)
{
	const struct agent *agent = ctx;

	if (!agent->synced)
		snprintf(text, size, "waiting for the first complete list of nodes\n");
	else if (!agent->running)
		snprintf(text, size, "waiting for a pod CIDR of node %s\n",
		         agent->settings.node_name);
	else if (agent->retry_delay > 0)
		snprintf(text, size, "routes, rules or files are not all in place; see the log\n");
	else
		return true;
	return false;
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

static void close_handle(uv_handle_t *handle)
{
	if (handle->loop && !uv_is_closing(handle))
		uv_close(handle, NULL);
}

/* After this only closing handles are left, and the loop ends. */
static void shut_down(struct agent *agent)
{
	agent->stopping = true;
	node_status_close(agent->status);
	kube_client_close(agent->client);
	nodes_file_close(agent->nodes_file);
	host_unwatch(&agent->host);
	http_server_close(agent->http);
	close_handle((uv_handle_t *)&agent->round_timer);
	close_handle((uv_handle_t *)&agent->audit_timer);
	close_handle((uv_handle_t *)&agent->terminate);
	close_handle((uv_handle_t *)&agent->interrupt);
}

static void stop(uv_signal_t *handle, int number)
{
	struct agent *agent = handle->data;

	log_info(agent->log, "%s received: stopping; routes and rules stay in place",
	         number == SIGTERM ? "SIGTERM" : "SIGINT");
	shut_down(agent);
}

static void start_handles(struct agent *agent)
{
	uint64_t period = AUDIT_MS + (uint64_t)(getpid() % 60) * 1000; /* not all hosts at once */

	uv_timer_init(&agent->loop, &agent->round_timer);
	uv_timer_init(&agent->loop, &agent->audit_timer);
	uv_signal_init(&agent->loop, &agent->terminate);
	uv_signal_init(&agent->loop, &agent->interrupt);
	agent->round_timer.data = agent;
	agent->audit_timer.data = agent;
	agent->terminate.data = agent;
	agent->interrupt.data = agent;
	uv_timer_start(&agent->audit_timer, audit, period, period);
	uv_signal_start(&agent->terminate, stop, SIGTERM);
	uv_signal_start(&agent->interrupt, stop, SIGINT);
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

	start_handles(agent);
	result = serve_health(agent, err);
	if (result < 0)
		return result == -EINVAL ? EXIT_MISTAKE : EXIT_FAILURE;
	if (host_watch(&agent->host, &agent->loop, ask_for_round, agent, err) < 0)
		return EXIT_FAILURE;
	return follow_nodes(agent, err);
}

static void free_agent(struct agent *agent)
{
	own_node_forget(&agent->own);
	announcer_free(&agent->announcer);
	host_close(&agent->host);
	node_table_free(agent->nodes);
	settings_free(&agent->settings);
}

int agent_run(const struct options *options, const struct log *log)
{
	struct agent agent = {.options = options, .log = log, .announcer = {.log = log}};
	struct error err;
	int code;

	uv_loop_init(&agent.loop);
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
