/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plan as input for `ip -batch`: declared in plan_print.h. Numbers everywhere, as names depend
 * on what iproute2 finds in /etc. */
#include "plan_print.h"

struct printing {
	const struct plan_outcome *outcome;
	FILE *to;
};

/* A nexthop object stands for gateway and interface. An IPv6 blackhole is found again without the
 * loopback interface that the kernel gave it. */
static void print_target(const struct printing *printing, const struct route *route)
{
	if (route->nexthop_id != 0)
		fprintf(printing->to, " nhid %u", route->nexthop_id);
	else if (route->type != RTN_BLACKHOLE)
		plan_print_next_hop(printing->outcome, &route->via, route->oif, printing->to);
}

static void print_change(const struct printing *printing, const struct route_change *change)
{
	static const char *const verbs[] = {
		[ROUTE_ADD] = "add", [ROUTE_REPLACE] = "replace", [ROUTE_DELETE] = "del"};
	const struct route *route = &change->route;
	char dst[PREFIX_TEXT_MAX];

	fprintf(printing->to, "route %s ", verbs[change->verb]);
	if (route->type != RTN_UNICAST)
		fprintf(printing->to, "%s ", plan_route_type(route->type));
	fputs(prefix_format(&route->dst, dst), printing->to);
	if (route->tos != 0)
		fprintf(printing->to, " tos 0x%02x", route->tos);
	print_target(printing, route);
	fprintf(printing->to, " proto %u table %u metric %u\n", route->protocol, route->table,
	        route->metric);
}

/* The kernel takes nothing but the number with a delete. */
static void print_nexthop(void *ctx, const struct nexthop_change *change)
{
	static const char *const verbs[] = {
		[NEXTHOP_ADD] = "add", [NEXTHOP_REPLACE] = "replace", [NEXTHOP_DELETE] = "del"};
	const struct printing *printing = ctx;
	const struct nexthop *nexthop = &change->nexthop;

	fprintf(printing->to, "nexthop %s id %u", verbs[change->verb], nexthop->id);
	if (change->verb != NEXTHOP_DELETE) {
		plan_print_next_hop(printing->outcome, &nexthop->via, nexthop->oif, printing->to);
		fprintf(printing->to, " proto %u", nexthop->protocol);
	}
	fputc('\n', printing->to);
}

void plan_print_ip(const struct plan_outcome *outcome, FILE *to)
{
	struct printing printing = {.outcome = outcome, .to = to};
	const struct route_diff *routes = &outcome->proposal->routes;

	plan_each_nexthop(outcome, true, print_nexthop, &printing);
	for (size_t i = 0; i < routes->change_count; i++)
		print_change(&printing, &routes->changes[i]);
	plan_each_nexthop(outcome, false, print_nexthop, &printing);
}
