/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text that Prometheus scrapes (exposition format 0.0.4), made of one struct of facts by one
 * table: name, type, help, and how to read the value. Pure.
 */
#ifndef DAEMON_METRICS_H
#define DAEMON_METRICS_H

#include "histogram.h"
#include "hostgw/kube_client.h"
#include "plan.h"
#include "process_facts.h"
#include "reconcile.h"

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Times are seconds since 1970, 0: never. NaN: not known, the metric is left out. */
struct metrics_facts {
	const char *version, *commit; /* borrowed, as all pointers here */
	double start_time;
	double ready; /* 1 or 0 */
	double last_event, last_sync, last_reconcile;

	double nodes[CLAIM_STATES]; /* claims by state; a node without a pod CIDR is one */
	double routes_desired, routes_installed, routes_failed;
	double conflicts, strangers, fights, nexthop_objects;
	double route_failures_total, route_fights_total, route_dumps_total;
	double repairs[REPAIR_CAUSES];
	const struct histogram *reconcile_durations;

	double netlink_overruns;
	double rules_in_place, rule_installs, rule_repairs, rule_failures, rule_fights;
	double dropped_flows;
	double next_hops[IP_FAMILIES], neighbour_limit[IP_FAMILIES];

	const struct kube_request_counts *requests; /* NULL: no Kubernetes */
	double watch_ends[KUBE_WATCH_ENDS];
	double node_items[4]; /* enum metrics_item */

	struct process_facts process;
};

/* What became of what the source told. */
enum metrics_item {
	METRICS_ITEM_CHANGED,
	METRICS_ITEM_UNCHANGED,
	METRICS_ITEM_REMOVED,
	METRICS_ITEM_SKIPPED
};

/* The whole text, malloc(3)'s; NULL: no memory. */
char *metrics_render(const struct metrics_facts *facts, size_t *length);

#endif
