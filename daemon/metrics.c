/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "metrics.h"

#include <math.h>
#include <stdlib.h>

/* ---- words of labels ---- */

static const char *state_word(size_t i)
{
	return claim_state_word((enum claim_state)i);
}

static const char *repair_word(size_t i)
{
	static const char *const words[REPAIR_CAUSES] = {
		[REPAIR_DELETED] = "deleted",
		[REPAIR_REPLACED] = "replaced",
		[REPAIR_LINK] = "link",
		[REPAIR_OBJECT] = "nexthop-object",
	};

	return words[i];
}

static const char *watch_word(size_t i)
{
	return kube_watch_end_word((enum kube_watch_end)i);
}

static const char *item_word(size_t i)
{
	static const char *const words[] = {
		[METRICS_ITEM_CHANGED] = "changed",
		[METRICS_ITEM_UNCHANGED] = "unchanged",
		[METRICS_ITEM_REMOVED] = "removed",
		[METRICS_ITEM_SKIPPED] = "skipped",
	};

	return words[i];
}

static const char *family_word(size_t i)
{
	return i == IP_V6 ? "ipv6" : "ipv4";
}

/* ---- metrics that are more than numbers in a row ---- */

static void print_build_info(FILE *to, const char *name, const struct metrics_facts *facts)
{
	fprintf(to, "%s{version=\"%s\",commit=\"%s\"} 1\n", name, facts->version, facts->commit);
}

static void print_durations(FILE *to, const char *name, const struct metrics_facts *facts)
{
	const struct histogram *histogram = facts->reconcile_durations;
	uint64_t count = 0;

	for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++) {
		count += histogram->counts[i];
		fprintf(to, "%s_bucket{le=\"%g\"} %llu\n", name, histogram_bounds[i],
		        (unsigned long long)count);
	}
	count += histogram->counts[HISTOGRAM_BOUNDS];
	fprintf(to, "%s_bucket{le=\"+Inf\"} %llu\n%s_sum %.9g\n%s_count %llu\n", name,
	        (unsigned long long)count, name, histogram->sum, name, (unsigned long long)count);
}

static void print_requests(FILE *to, const char *name, const struct metrics_facts *facts)
{
	const struct kube_request_counts *counts = facts->requests;

	for (size_t i = 0; counts && i < counts->kind_count; i++) {
		const struct kube_request_kind *kind = &counts->kinds[i];
		char code[16] = "none";

		if (kind->code != 0)
			snprintf(code, sizeof(code), "%d", kind->code);
		fprintf(to, "%s{verb=\"%s\",code=\"%s\"} %llu\n", name, kind->verb, code,
		        (unsigned long long)kind->count);
	}
	if (counts && counts->others > 0)
		fprintf(to, "%s{verb=\"other\",code=\"other\"} %llu\n", name,
		        (unsigned long long)counts->others);
}

/* ---- the table ---- */

struct metric {
	const char *name, *type, *help;
	/* One of the two: a double of the facts, or `count` of them in a row; or a function. */
	size_t offset;
	void (*print)(FILE *to, const char *name, const struct metrics_facts *facts);
	/* Of numbers in a row: the label, and its word for each. */
	const char *label;
	size_t count;
	const char *(*word)(size_t i);
};

#define NUMBER(field) offsetof(struct metrics_facts, field), NULL, NULL, 1, NULL
#define ROW(field, label, word)                             \
	offsetof(struct metrics_facts, field), NULL, label, \
		sizeof(((struct metrics_facts *)NULL)->field) / sizeof(double), word
#define PRINT(function) 0, function, NULL, 0, NULL

static const struct metric metrics[] = {
	{"hostgw_build_info", "gauge", "Always 1; the version and the commit are in the labels.",
         PRINT(print_build_info)},
	{"hostgw_ready", "gauge",
         "1 while routes, rules and files are in place, as /readyz has it.", NUMBER(ready)},
	{"hostgw_nodes", "gauge",
         "Pod CIDRs of nodes by what became of them; the words are those of hostgwd status.",
         ROW(nodes, "state", state_word)},
	{"hostgw_routes_desired", "gauge", "Routes that this host is to have.",
         NUMBER(routes_desired)},
	{"hostgw_routes_installed", "gauge", "Routes that the kernel has, by its acknowledgements.",
         NUMBER(routes_installed)},
	{"hostgw_routes_failed", "gauge", "Routes that the kernel refuses; they are tried again.",
         NUMBER(routes_failed)},
	{"hostgw_route_failures_total", "counter", "Changes that the kernel refused.",
         NUMBER(route_failures_total)},
	{"hostgw_route_conflicts", "gauge", "Routes of other programs in the way of ours.",
         NUMBER(conflicts)},
	{"hostgw_route_strangers", "gauge",
         "Routes of other programs into the Network that no node's pod CIDR explains.",
         NUMBER(strangers)},
	{"hostgw_route_fights", "gauge",
         "Routes that another program takes away again and again, at this time.", NUMBER(fights)},
	{"hostgw_route_fight_begins_total", "counter", "Fights over a route that began.",
         NUMBER(route_fights_total)},
	{"hostgw_route_repairs_total", "counter",
         "Routes put back, by what had become of them: deleted, replaced, gone with the link, "
         "or led elsewhere through their nexthop object.",
         ROW(repairs, "cause", repair_word)},
	{"hostgw_route_dumps_total", "counter", "Times that the kernel's routes were read anew.",
         NUMBER(route_dumps_total)},
	{"hostgw_nexthop_objects", "gauge", "1 while IPv4 routes go through nexthop objects.",
         NUMBER(nexthop_objects)},
	{"hostgw_reconcile_duration_seconds", "histogram",
         "How long a round takes: plan, routes, rules and files.", PRINT(print_durations)},
	{"hostgw_last_reconcile_timestamp_seconds", "gauge",
         "When the last round was over, since 1970.", NUMBER(last_reconcile)},
	{"hostgw_last_event_timestamp_seconds", "gauge",
         "When the source of nodes was heard last, since 1970; heartbeats count.",
         NUMBER(last_event)},
	{"hostgw_last_sync_timestamp_seconds", "gauge",
         "When all nodes were last known to be told of, since 1970; 0: never.", NUMBER(last_sync)},
	{"hostgw_node_events_total", "counter",
         "What the source told of nodes, by what came of it; unchanged: a heartbeat.",
         ROW(node_items, "result", item_word)},
	{"hostgw_kube_requests_total", "counter",
         "Requests to the API server by verb and HTTP status; none: there was no answer.",
         PRINT(print_requests)},
	{"hostgw_kube_watch_ends_total", "counter",
         "Watches that ended, so that another or a list was begun, by cause.",
         ROW(watch_ends, "cause", watch_word)},
	{"hostgw_netlink_overruns_total", "counter",
         "Times that the kernel had to drop news for us; all is read anew then.",
         NUMBER(netlink_overruns)},
	{"hostgw_rules_in_place", "gauge",
         "1 while the nftables rules stand, as of the last look at them.", NUMBER(rules_in_place)},
	{"hostgw_rule_installs_total", "counter", "Changes of the rules that we wanted.",
         NUMBER(rule_installs)},
	{"hostgw_rule_repairs_total", "counter",
         "Times that rules which others changed were put right.", NUMBER(rule_repairs)},
	{"hostgw_rule_failures_total", "counter", "Times that the rules could not be put right.",
         NUMBER(rule_failures)},
	{"hostgw_rule_fight_begins_total", "counter",
         "Times that another program began to remove the rules again and again.",
         NUMBER(rule_fights)},
	{"hostgw_dropped_flows_total", "counter",
         "Connection tracking entries dropped, of flows that began without rules.",
         NUMBER(dropped_flows)},
	{"hostgw_neighbour_next_hops", "gauge",
         "Next hops of our routes, each of which takes an entry of the neighbour table.",
         ROW(next_hops, "family", family_word)},
	{"hostgw_neighbour_limit", "gauge",
         "What the kernel's neighbour table holds (gc_thresh3); absent: not to be seen.",
         ROW(neighbour_limit, "family", family_word)},
	{"process_cpu_seconds_total", "counter", "Total user and system CPU time.",
         NUMBER(process.cpu_seconds)},
	{"process_resident_memory_bytes", "gauge", "Resident memory size.",
         NUMBER(process.resident_bytes)},
	{"process_virtual_memory_bytes", "gauge", "Virtual memory size.",
         NUMBER(process.virtual_bytes)},
	{"process_open_fds", "gauge", "Number of open file descriptors.", NUMBER(process.open_fds)},
	{"process_max_fds", "gauge", "Maximum number of open file descriptors.",
         NUMBER(process.max_fds)},
	{"process_start_time_seconds", "gauge", "When the process started, since 1970.",
         NUMBER(start_time)},
};

/* %.17g would be exact, and print 0.1 as 0.10000000000000001; counts are whole up to 10^15. */
static void print_numbers(FILE *to, const struct metric *metric, const double *numbers)
{
	for (size_t i = 0; i < metric->count; i++) {
		if (isnan(numbers[i]))
			continue;
		if (metric->label)
			fprintf(to, "%s{%s=\"%s\"} %.15g\n", metric->name, metric->label,
			        metric->word(i), numbers[i]);
		else
			fprintf(to, "%s %.15g\n", metric->name, numbers[i]);
	}
}

char *metrics_render(const struct metrics_facts *facts, size_t *length)
{
	char *text = NULL;
	FILE *to = open_memstream(&text, length);
	bool failed;

	if (!to)
		return NULL;
	for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
		const struct metric *metric = &metrics[i];

		fprintf(to, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help,
		        metric->name, metric->type);
		if (metric->print)
			metric->print(to, metric->name, facts);
		else
			print_numbers(to, metric,
			              (const double *)(const void *)((const char *)facts +
			                                             metric->offset));
	}
	failed = ferror(to) != 0;
	if (fclose(to) != 0 || failed) {
		free(text);
		return NULL;
	}
	return text;
}
