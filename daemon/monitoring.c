/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "monitoring.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "http.h"
#include "http_listen.h"
#include "metrics.h"
#include "status_page.h"
#include "version.h"

#define TCP_CLIENTS 48
/* Each may hold a text about all nodes. */
#define STATUS_CLIENTS 4
#define MISSING_MAX    2048

struct monitoring {
	struct monitoring_config config;
	double start_time, last_event, last_sync, last_round; /* seconds since 1970; 0: never */
	struct http_server *tcp, *local;                      /* NULL: none */
	ino_t socket_file;                                    /* 0: there is no such file */
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* ---- facts ---- */

/* Heartbeats change no record, so that the client alone knows of them. */
static double last_event(const struct monitoring *monitoring, const struct kube_watch_stats *watch)
{
	double heard, age;

	if (watch->heard_at == 0)
		return monitoring->last_event;
	age = (double)(uv_now(monitoring->config.loop) - watch->heard_at) / 1000;
	heard = now() - age;
	return heard > monitoring->last_event ? heard : monitoring->last_event;
}

static void gather_kubernetes(const struct monitoring *monitoring, struct metrics_facts *facts)
{
	const struct kube_client *client = monitoring->config.source->client;
	struct kube_watch_stats watch = {0};

	if (client) {
		kube_watch_stats(client, &watch);
		facts->requests = kube_client_requests(client);
	}
	for (int i = 0; i < KUBE_WATCH_ENDS; i++)
		facts->watch_ends[i] = (double)watch.ends[i];
	facts->node_items[METRICS_ITEM_CHANGED] = (double)watch.changed;
	facts->node_items[METRICS_ITEM_UNCHANGED] = (double)watch.unchanged;
	facts->node_items[METRICS_ITEM_REMOVED] = (double)watch.removed;
	facts->node_items[METRICS_ITEM_SKIPPED] = (double)watch.skipped;
	facts->last_event = last_event(monitoring, &watch);
}

static void gather_routes(const struct monitoring *monitoring, struct metrics_facts *facts)
{
	const struct reconcile_stats stats = reconcile_stats(monitoring->config.host->reconciler);

	facts->routes_desired = (double)stats.desired;
	facts->routes_installed = (double)stats.installed;
	facts->routes_failed = (double)node_states_count(monitoring->config.rounds->states,
	                                                 CLAIM_REFUSED);
	facts->conflicts = (double)stats.conflicts;
	facts->strangers = (double)stats.strangers;
	facts->fights = (double)stats.fighting;
	facts->nexthop_objects = stats.nexthop_objects;
	facts->route_failures_total = (double)stats.failures;
	facts->route_fights_total = (double)stats.fights;
	facts->route_dumps_total = (double)stats.dumps;
	for (int i = 0; i < REPAIR_CAUSES; i++)
		facts->repairs[i] = (double)stats.repairs_by[i];
}

static void gather_host(const struct host *host, struct metrics_facts *facts)
{
	const struct rules_stats rules = rules_stats(host->rules);

	facts->netlink_overruns = (double)host->overruns;
	facts->rules_in_place = rules.in_place;
	facts->rule_installs = (double)rules.installs;
	facts->rule_repairs = (double)rules.repairs;
	facts->rule_failures = (double)rules.failures;
	facts->rule_fights = (double)rules.fights;
	facts->dropped_flows = (double)rules.dropped_flows;
	for (int i = 0; i < IP_FAMILIES; i++) {
		const struct neighbour_room *room = &host->neighbours[i];

		facts->next_hops[i] = (double)room->next_hops;
		facts->neighbour_limit[i] = room->limit > 0 ? (double)room->limit : NAN;
	}
}

static void gather(const struct monitoring *monitoring, struct metrics_facts *facts)
{
	const struct monitoring_config *config = &monitoring->config;
	char text[MISSING_MAX];

	*facts = (struct metrics_facts){
		.version = HOSTGW_VERSION,
		.commit = HOSTGW_COMMIT,
		.start_time = monitoring->start_time,
		.ready = config->is_ready(config->ctx, text, sizeof(text)),
		.last_sync = monitoring->last_sync,
		.last_reconcile = monitoring->last_round,
		.reconcile_durations = &config->rounds->durations,
		.process = process_facts_read(),
	};
	for (int i = 0; i < CLAIM_STATES; i++)
		facts->nodes[i] = (double)node_states_count(config->rounds->states,
		                                            (enum claim_state)i);
	gather_routes(monitoring, facts);
	gather_host(config->host, facts);
	gather_kubernetes(monitoring, facts);
}

/* ---- pages ---- */

static void answer_text(struct http_answer *answer, unsigned status, const char *text)
{
	answer->status = status;
	answer->content_type = "text/plain; charset=utf-8";
	answer->body = strdup(text);
	answer->length = strlen(text);
}

/* That it is answered at all shows that the loop turns. */
static void answer_health(void *ctx, const struct http_query *query, struct http_answer *answer)
{
	(void)ctx;
	(void)query;
	answer_text(answer, 200, "ok\n");
}

static void answer_ready(void *ctx, const struct http_query *query, struct http_answer *answer)
{
	const struct monitoring_config *config = &((const struct monitoring *)ctx)->config;
	char text[MISSING_MAX] = "";

	(void)query;
	if (config->is_ready(config->ctx, text, sizeof(text)))
		answer_text(answer, 200, "ok\n");
	else
		answer_text(answer, 503, text);
}

static void answer_metrics(void *ctx, const struct http_query *query, struct http_answer *answer)
{
	struct metrics_facts facts;

	(void)query;
	gather(ctx, &facts);
	answer->content_type = METRICS_CONTENT_TYPE;
	answer->body = metrics_render(&facts, &answer->length);
}

static const struct route *find_observed(void *ctx, const struct route *route)
{
	return reconcile_find_observed(ctx, route);
}

/* The plan of now with what the last round made of it; *made is to be freed. */
static const struct plan *find_plan(const struct monitoring_config *config, struct plan *made)
{
	const struct plan *plan = rounds_plan(config->rounds);
	struct error err;

	if (plan)
		return plan;
	if (host_plan(config->host, config->rounds->nodes, made, &err) < 0)
		return NULL;
	node_states_recall(config->rounds->states, made);
	return made;
}

static void answer_status(void *ctx, const struct http_query *query, struct http_answer *answer)
{
	const struct monitoring *monitoring = ctx;
	const struct monitoring_config *config = &monitoring->config;
	char missing[MISSING_MAX] = "";
	struct plan made = {0};
	struct status_facts facts = {
		.version = HOSTGW_VERSION,
		.node_name = config->settings->node_name,
		.start_time = (int64_t)monitoring->start_time,
		.last_sync = (int64_t)monitoring->last_sync,
		.ready = config->is_ready(config->ctx, missing, sizeof(missing)),
		.missing = missing,
		.plan = find_plan(config, &made),
		.uplink = &config->host->uplink,
		.links = &config->host->links,
		.routes = reconcile_stats(config->host->reconciler),
		.find_observed = find_observed,
		.ctx = config->host->reconciler,
		.only = http_query_value(query, "node"),
	};

	if (!facts.plan)
		return; /* no memory */
	status_page_answer(&facts, query, answer);
	if (facts.only && !node_table_find(config->rounds->nodes, facts.only))
		answer->status = 404;
	plan_free(&made);
}

static const struct http_page pages[] = {
	{"/healthz", answer_health},
	{"/readyz", answer_ready},
	{"/metrics", answer_metrics},
	{"/status", answer_status}, /* the last: not for the network */
};

#define PAGE_COUNT (sizeof(pages) / sizeof(pages[0]))

/* ---- life ---- */

static int serve_tcp(struct monitoring *monitoring, struct error *err)
{
	const struct options *options = monitoring->config.options;
	const struct http_config http = {
		.loop = monitoring->config.loop,
		.pages = pages,
		.page_count = PAGE_COUNT - 1,
		.ctx = monitoring,
		.clients = TCP_CLIENTS,
	};
	int listener, result;

	if (options->healthz_port == 0)
		return 0;
	result = http_listen_tcp(options->healthz_ip, (uint16_t)options->healthz_port, &listener,
	                         err);
	return result < 0 ? result : http_server_start(&http, listener, &monitoring->tcp, err);
}

/* Where the file system does not let us, the network namespace does. */
static int listen_locally(struct monitoring *monitoring, int *listener, struct error *err)
{
	const char *path = monitoring->config.options->status_socket;
	struct error why;

	if (http_listen_file(path, listener, &monitoring->socket_file, &why) == 0)
		return 0;
	log_info(monitoring->config.log,
	         "%s; hostgwd status finds the abstract socket @%s in its place", why.text, path);
	return http_listen_abstract(path, listener, err);
}

static int serve_locally(struct monitoring *monitoring, struct error *err)
{
	struct http_config http = {
		.loop = monitoring->config.loop,
		.pages = pages,
		.page_count = PAGE_COUNT,
		.ctx = monitoring,
		.clients = STATUS_CLIENTS,
		.same_owner_only = true,
	};
	int listener, result;

	if (!monitoring->config.options->status_socket[0])
		return 0;
	result = listen_locally(monitoring, &listener, err);
	return result < 0 ? result : http_server_start(&http, listener, &monitoring->local, err);
}

int monitoring_start(const struct monitoring_config *config, struct monitoring **out,
                     struct error *err)
{
	struct monitoring *monitoring = calloc(1, sizeof(*monitoring));
	struct error no_status;

	if (!monitoring)
		return error_set(err, ENOMEM, "out of memory");
	monitoring->config = *config;
	monitoring->start_time = now();
	*out = monitoring;
	if (serve_tcp(monitoring, err) < 0)
		return -err->code;
	if (serve_locally(monitoring, &no_status) < 0)
		log_warning(config->log, "%s; hostgwd status cannot ask this daemon",
		            no_status.text);
	return 0;
}

void monitoring_close(struct monitoring *monitoring)
{
	if (!monitoring)
		return;
	if (monitoring->socket_file)
		http_unlisten_file(monitoring->config.options->status_socket,
		                   monitoring->socket_file);
	http_server_close(monitoring->tcp);
	http_server_close(monitoring->local);
	monitoring->tcp = NULL;
	monitoring->local = NULL;
}

void monitoring_free(struct monitoring *monitoring)
{
	free(monitoring);
}

void monitoring_note_event(struct monitoring *monitoring)
{
	if (monitoring)
		monitoring->last_event = now();
}

void monitoring_note_sync(struct monitoring *monitoring)
{
	if (monitoring)
		monitoring->last_sync = now();
}

void monitoring_note_round(struct monitoring *monitoring)
{
	if (monitoring)
		monitoring->last_round = now();
}
