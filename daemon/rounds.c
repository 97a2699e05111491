/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rounds.h"

#include <errno.h>
#include <string.h>

#include <time.h>

#include "announce_state.h"
#include "handle.h"
#include "host_check.h"

/* The last safety net, not the mechanism: a round without any event, every five to six minutes. */
#define AUDIT_MS        (5 * 60 * 1000)
#define AUDIT_JITTER_MS (60 * 1000)

/* What a round left undone. Each was said, and is tried again. Single routes that failed are a
 * peer's matter: this host is ready all the same, and they have times of their own. */
struct outcome {
	size_t host_failures;           /* see enum round_part */
	bool raced;                     /* the routes changed under its hands: again soon */
	bool routes_known;              /* `report` tells of them */
	struct reconcile_report report; /* zeros: there was nothing to carry out */
	uint64_t next_due;              /* of single routes; UINT64_MAX: none */
};

static void note_failure(struct rounds *rounds, enum round_part part, const struct error *err,
                         struct outcome *outcome)
{
	announce_complaint(&rounds->announcer, LOG_LEVEL_ERROR, err);
	rounds->missing[part] = *err;
	outcome->host_failures++;
}

/* ---- carrying a plan out ---- */

static void log_beginning(const struct rounds *rounds)
{
	log_info(rounds->log, "Created subnet manager: %s - %s", rounds->source_name,
	         rounds->settings->node_name);
	log_info(rounds->log, "Found network config - Backend type: host-gw");
}

static void warn_of_bridge(void *ctx, const struct error *err)
{
	const struct rounds *rounds = ctx;

	log_warning(rounds->log, "%s", err->text);
}

static void write_subnet_file(struct rounds *rounds, struct outcome *outcome)
{
	struct error err;
	bool changed = false;

	if (host_write_subnet_file(rounds->host, rounds->own_cidrs, &changed, &err) < 0)
		note_failure(rounds, ROUND_FILES, &err, outcome);
	else if (changed || !rounds->running)
		log_info(rounds->log, "Wrote subnet file to %s",
		         rounds->settings->options->subnet_file);
	if (changed)
		host_check_bridge(rounds->host, warn_of_bridge, rounds);
}

/* Pods start once it is there, so it is the last of the files. */
static void write_cni_file(struct rounds *rounds, struct outcome *outcome)
{
	struct error err;
	bool changed;

	if (host_write_cni_file(rounds->host, rounds->own_cidrs, &changed, &err) < 0)
		note_failure(rounds, ROUND_FILES, &err, outcome);
	else if (changed)
		log_info(rounds->log, "Wrote CNI configuration to %s",
		         rounds->settings->options->cni_conf_file);
}

/* A family without an address: its routes are left alone, and the others are looked after. */
static void note_missing_addresses(struct rounds *rounds, struct outcome *outcome)
{
	struct error err;

	for (int i = 0; i < IP_FAMILIES; i++)
		if (!host_has_address(rounds->host, (enum ip_family_index)i, &err))
			note_failure(rounds, ROUND_INTERFACE, &err, outcome);
}

static void start_running(struct rounds *rounds)
{
	log_info(rounds->log, "Running backend.");
	log_info(rounds->log, "Watching for new subnet leases");
	rounds->running = true;
}

/* Annotations, routes, rules, then the file that lets pods start, then the condition. */
static void carry_out(struct rounds *rounds, const struct plan *plan, struct outcome *outcome)
{
	struct reconcile_report *report = &outcome->report;
	struct host *host = rounds->host;
	struct error err;

	if (!rounds->running)
		log_beginning(rounds);
	rounds->publish(rounds->ctx, rounds->ready);
	note_missing_addresses(rounds, outcome);
	outcome->routes_known = host_apply_routes(host, plan, rounds->may_delete,
	                                          uv_now(rounds->loop), report, &err) == 0;
	if (!outcome->routes_known)
		note_failure(rounds, ROUND_ROUTES, &err, outcome);
	if (host_apply_rules(host, rounds->own_cidrs, uv_now(rounds->loop), &err) < 0)
		note_failure(rounds, ROUND_RULES, &err, outcome);
	/* No pod may start into a network whose first routes or rules could not be made. */
	if (rounds->running || outcome->host_failures == 0) {
		write_subnet_file(rounds, outcome);
		write_cni_file(rounds, outcome);
		if (!rounds->running)
			start_running(rounds);
	}
	announce_report(&rounds->announcer, report);
	outcome->raced = report->raced;
	outcome->next_due = report->next_due;
	rounds->ready = outcome->host_failures == 0;
	rounds->publish(rounds->ctx, rounds->ready);
}

static void complain_of_host(void *ctx, const struct error *err)
{
	struct rounds *rounds = ctx;

	announce_complaint(&rounds->announcer, LOG_LEVEL_WARNING, err);
}

/* ---- what became of each node ---- */

struct noting {
	struct rounds *rounds;
	const struct plan *plan;
	const struct outcome *outcome;
};

static enum claim_state judge(void *ctx, const struct claim *claim)
{
	const struct noting *noting = ctx;
	const struct route *route = plan_find_route(noting->plan, claim);

	if (!route)
		return CLAIM_PENDING; /* the interface has no address of the family */
	switch (reconcile_standing(noting->rounds->host->reconciler, &noting->outcome->report,
	                           route)) {
	case ROUTE_STANDS:
		return CLAIM_ROUTED;
	case ROUTE_PENDING:
		return CLAIM_PENDING;
	case ROUTE_REFUSED:
		return CLAIM_REFUSED;
	case ROUTE_IN_CONFLICT:
		return CLAIM_FOREIGN_ROUTE;
	case ROUTE_IS_FOUGHT_OVER:
		return CLAIM_FOUGHT_OVER;
	}
	return CLAIM_PENDING;
}

static void on_state_changed(void *ctx, const struct claim *claim, enum claim_state former)
{
	struct rounds *rounds = ((struct noting *)ctx)->rounds;

	announce_state(&rounds->state_log, claim, former, &rounds->host->uplink,
	               &rounds->host->links);
}

/* Without memory, or when nothing could be read of the routes, the nodes are as they were. */
static void note_states(struct rounds *rounds, struct plan *plan, const struct outcome *outcome)
{
	struct noting noting = {.rounds = rounds, .plan = plan, .outcome = outcome};

	if (rounds->running && !outcome->routes_known)
		return;
	announce_states_begin(&rounds->state_log, rounds->log);
	rounds->judged = node_states_note(rounds->states, plan, time(NULL), judge, on_state_changed,
	                                  &noting) == 0;
	if (rounds->judged)
		announce_states_end(&rounds->state_log, rounds->states);
}

/* ---- one after another ---- */

static void run_round(uv_timer_t *timer);

static void schedule_next(struct rounds *rounds, const struct outcome *outcome)
{
	bool active = uv_is_active((uv_handle_t *)&rounds->timer);
	const struct round_rest rest = {
		.failed = outcome->host_failures > 0,
		.raced = outcome->raced,
		.next_due = outcome->next_due,
	};
	uint64_t asked = active ? uv_timer_get_due_in(&rounds->timer) : UINT64_MAX;
	uint64_t delay = round_clock_end(&rounds->clock, &rest, uv_now(rounds->loop), asked);

	if (delay != UINT64_MAX)
		uv_timer_start(&rounds->timer, run_round, delay, 0);
}

/* The plan of the last round stands as long as nothing that it reads has changed. */
static bool is_plan_current(const struct rounds *rounds)
{
	return rounds->planned && rounds->planned_nodes == node_table_version(rounds->nodes) &&
	       rounds->planned_facts == rounds->host->facts;
}

static int look_at_plan(struct rounds *rounds, struct error *err)
{
	uint64_t nodes = node_table_version(rounds->nodes), facts = rounds->host->facts;
	int result;

	rounds->judged = false;
	if (is_plan_current(rounds)) {
		plan_forget_outcomes(&rounds->plan);
		return 0;
	}
	plan_free(&rounds->plan);
	result = host_plan(rounds->host, rounds->nodes, &rounds->plan, err);
	rounds->planned = result == 0;
	rounds->planned_nodes = nodes;
	rounds->planned_facts = facts;
	return result;
}

static void follow_plan(struct rounds *rounds, struct plan *plan, struct outcome *outcome)
{
	struct error err;
	bool known = host_check_own_node(rounds->host, rounds->nodes, plan, &err) == 0;

	if (known)
		memcpy(rounds->own_cidrs, plan->own, sizeof(rounds->own_cidrs));
	else
		announce_complaint(&rounds->announcer, LOG_LEVEL_WARNING, &err);
	host_check(rounds->host, plan, complain_of_host, rounds);
	/* Once running, the others are followed even while the own Node is away. */
	if (known || rounds->running)
		carry_out(rounds, plan, outcome);
	announce_plan(&rounds->announcer, plan, &rounds->host->uplink, &rounds->host->links);
	note_states(rounds, plan, outcome);
	reconcile_report_free(&outcome->report);
}

static void run_round(uv_timer_t *timer)
{
	struct rounds *rounds = timer->data;
	struct outcome outcome = {.next_due = UINT64_MAX};
	uint64_t began = uv_hrtime();
	struct error err;
	bool looked;

	round_clock_begin(&rounds->clock, uv_now(rounds->loop));
	memset(rounds->missing, 0, sizeof(rounds->missing));
	announce_begin(&rounds->announcer);
	looked = host_look(rounds->host, &err) == 0;
	uv_timer_stop(timer); /* what host_look heard of is dealt with in this round */
	if (!looked || look_at_plan(rounds, &err) < 0) {
		note_failure(rounds, ROUND_INTERFACE, &err, &outcome);
		rounds->ready = false;
	} else {
		follow_plan(rounds, &rounds->plan, &outcome);
	}
	announce_end(&rounds->announcer);
	schedule_next(rounds, &outcome);
	histogram_add(&rounds->durations, (double)(uv_hrtime() - began) / 1e9);
	log_verbose(rounds->log, 2, "A round took %.3f ms", (double)(uv_hrtime() - began) / 1e6);
	rounds->over(rounds->ctx);
}

void rounds_ask(struct rounds *rounds)
{
	if (!rounds->may_run || uv_is_closing((const uv_handle_t *)&rounds->timer))
		return;
	uv_timer_start(&rounds->timer, run_round,
	               round_clock_ask(&rounds->clock, uv_now(rounds->loop)), 0);
}

static void audit(uv_timer_t *timer)
{
	struct rounds *rounds = timer->data;

	host_distrust(rounds->host);
	rounds_ask(rounds);
}

static void on_host_changed(void *ctx)
{
	rounds_ask(ctx);
}

int rounds_start(struct rounds *rounds, struct error *err)
{
	uint64_t period;
	uint32_t random = 0;

	uv_random(NULL, NULL, &random, sizeof(random), 0, NULL);
	period = AUDIT_MS + random % AUDIT_JITTER_MS;
	rounds->announcer.log = rounds->log;
	rounds->announcer.node_name = rounds->settings->node_name;
	uv_timer_init(rounds->loop, &rounds->timer);
	uv_timer_init(rounds->loop, &rounds->audit_timer);
	rounds->timer.data = rounds;
	rounds->audit_timer.data = rounds;
	uv_timer_start(&rounds->audit_timer, audit, period, period);
	if (node_states_new(&rounds->states, err) < 0)
		return -err->code;
	return host_watch(rounds->host, rounds->loop, on_host_changed, rounds, err);
}

void rounds_close(struct rounds *rounds)
{
	if (rounds->host)
		host_unwatch(rounds->host);
	handle_close(&rounds->timer);
	handle_close(&rounds->audit_timer);
}

void rounds_free(struct rounds *rounds)
{
	announcer_free(&rounds->announcer);
	node_states_free(rounds->states);
	plan_free(&rounds->plan);
}

/* A line each. */
static void list_missing(const struct rounds *rounds, char *text, size_t size)
{
	static const char *const names[ROUND_PARTS] = {
		[ROUND_INTERFACE] = "interface",
		[ROUND_ROUTES] = "routes",
		[ROUND_RULES] = "rules",
		[ROUND_FILES] = "files",
	};
	size_t used = 0;

	for (size_t i = 0; i < ROUND_PARTS && used < size; i++)
		if (rounds->missing[i].code != 0)
			used += (size_t)snprintf(text + used, size - used, "%s: %s\n", names[i],
			                         rounds->missing[i].text);
}

const struct plan *rounds_plan(const struct rounds *rounds)
{
	return rounds->judged && is_plan_current(rounds) ? &rounds->plan : NULL;
}

bool rounds_explain_ready(const struct rounds *rounds, char *text, size_t size)
{
	if (!rounds->may_run)
		snprintf(text, size, "waiting for the first complete list of nodes\n");
	else if (!rounds->running && rounds->own_cidrs[IP_V4].addr.family == 0 &&
	         rounds->own_cidrs[IP_V6].addr.family == 0)
		snprintf(text, size, "waiting for a pod CIDR of node %s\n",
		         rounds->settings->node_name);
	else if (!rounds->ready)
		list_missing(rounds, text, size);
	return rounds->running && rounds->ready;
}
