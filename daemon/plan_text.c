/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plan for people: declared in plan_print.h. */
#include "log.h"
#include "plan_print.h"
#include "route_protocol.h"
#include "route_text.h"

#define SENTENCE_MAX 512

struct printing {
	const struct plan_outcome *outcome;
	FILE *to;
};

/* ---- routes ---- */

/* Where the packets go. IPv6 gives a blackhole the loopback interface, which says nothing. */
static void print_target(const struct printing *printing, const struct route *route)
{
	if (route->type != RTN_BLACKHOLE)
		plan_print_next_hop(printing->outcome, &route->via, route->oif, printing->to);
	if (route->nexthop_id != 0)
		fprintf(printing->to, " nhid %u", route->nexthop_id);
}

/* As `ip route` does, what goes without saying is not said. */
static bool is_usual_metric(const struct route *route)
{
	if (route->type == RTN_BLACKHOLE)
		return route->metric == ROUTE_METRIC_LAST;
	return route->metric ==
	       (route->dst.addr.family == AF_INET6 ? ROUTE_METRIC_IPV6 : ROUTE_METRIC_IPV4);
}

static void print_route(const struct printing *printing, const struct route *route)
{
	char dst[PREFIX_TEXT_MAX];

	if (route->type != RTN_UNICAST)
		fprintf(printing->to, "%s ", plan_route_type(route->type));
	fputs(prefix_format(&route->dst, dst), printing->to);
	print_target(printing, route);
	if (route->table != RT_TABLE_MAIN)
		fprintf(printing->to, " table %u", route->table);
	if (!is_usual_metric(route))
		fprintf(printing->to, " metric %u", route->metric);
}

static void print_former(const struct printing *printing, const struct route *route)
{
	const struct route *former = plan_find_former(printing->outcome, route);
	char name[ROUTE_PROTOCOL_TEXT_MAX];

	if (!former)
		return;
	fputs(" (was", printing->to);
	if (former->type != RTN_UNICAST)
		fprintf(printing->to, " %s", plan_route_type(former->type));
	print_target(printing, former);
	if (former->protocol != route->protocol)
		fprintf(printing->to, " of protocol %s",
		        route_protocol_format(former->protocol, name));
	fputc(')', printing->to);
}

static void print_change(const struct printing *printing, const struct route_change *change)
{
	static const char signs[] = {
		[ROUTE_ADD] = '+', [ROUTE_REPLACE] = '~', [ROUTE_DELETE] = '-'};

	fprintf(printing->to, "%c ", signs[change->verb]);
	print_route(printing, &change->route);
	if (change->verb == ROUTE_REPLACE)
		print_former(printing, &change->route);
	fputc('\n', printing->to);
}

static void print_nexthop(void *ctx, const struct nexthop_change *change)
{
	static const char signs[] = {
		[NEXTHOP_ADD] = '+', [NEXTHOP_REPLACE] = '~', [NEXTHOP_DELETE] = '-'};
	const struct printing *printing = ctx;

	fprintf(printing->to, "%c nexthop %u", signs[change->verb], change->nexthop.id);
	plan_print_next_hop(printing->outcome, &change->nexthop.via, change->nexthop.oif,
	                    printing->to);
	fputc('\n', printing->to);
}

/* ---- what stands in the way ---- */

static void print_remark(const struct printing *printing, char *sentence)
{
	log_make_visible(sentence);
	fprintf(printing->to, "! %s\n", sentence);
}

static void print_foreign_routes(const struct printing *printing)
{
	const struct route_diff *routes = &printing->outcome->proposal->routes;
	char text[SENTENCE_MAX];

	for (size_t i = 0; i < routes->conflict_count; i++) {
		route_describe_conflict(&routes->conflicts[i], text, sizeof(text));
		print_remark(printing, text);
	}
	for (size_t i = 0; i < routes->stranger_count; i++) {
		route_describe_stranger(&routes->strangers[i], text, sizeof(text));
		print_remark(printing, text);
	}
}

static void print_nodes(const struct printing *printing)
{
	const struct plan_outcome *outcome = printing->outcome;
	char text[SENTENCE_MAX];

	for (size_t i = 0; i < outcome->plan->claim_count; i++) {
		const struct claim *claim = &outcome->plan->claims[i];

		if (!plan_leaves_out(claim))
			continue;
		claim_describe(claim, outcome->uplink, outcome->links, text, sizeof(text));
		print_remark(printing, text);
	}
}

static void print_waiting(const struct printing *printing)
{
	char text[SENTENCE_MAX];

	if (!printing->outcome->waiting)
		return;
	snprintf(text, sizeof(text), "%s", printing->outcome->waiting);
	print_remark(printing, text);
}

/* ---- the whole ---- */

/* What there seldom is, is said only where it is. */
static void print_rare(FILE *to, size_t count, const char *one, const char *many)
{
	if (count > 0)
		fprintf(to, ", %zu %s", count, count == 1 ? one : many);
}

static void print_summary(const struct printing *printing)
{
	struct plan_summary summary = plan_summarize(printing->outcome);
	FILE *to = printing->to;

	fprintf(to, "%zu to add, %zu to replace, %zu to remove, %zu right, %zu node%s left out",
	        summary.add, summary.replace, summary.remove, summary.right, summary.left_out,
	        summary.left_out == 1 ? "" : "s");
	print_rare(to, summary.nexthops, "nexthop object to change", "nexthop objects to change");
	print_rare(to, summary.conflicts, "conflict", "conflicts");
	print_rare(to, summary.strangers, "stranger", "strangers");
	fputc('\n', to);
}

void plan_print_text(const struct plan_outcome *outcome, FILE *to)
{
	struct printing printing = {.outcome = outcome, .to = to};
	const struct route_diff *routes = &outcome->proposal->routes;

	plan_each_nexthop(outcome, true, print_nexthop, &printing);
	for (size_t i = 0; i < routes->change_count; i++)
		print_change(&printing, &routes->changes[i]);
	plan_each_nexthop(outcome, false, print_nexthop, &printing);
	print_foreign_routes(&printing);
	print_nodes(&printing);
	print_waiting(&printing);
	print_summary(&printing);
}
