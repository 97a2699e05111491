/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the three forms have in common: declared in plan_print.h. */
#include "plan_print.h"

#include <stdlib.h>

bool plan_leaves_out(const struct claim *claim)
{
	return claim->state != CLAIM_ROUTED && claim->state != CLAIM_OWN &&
	       claim->state != CLAIM_FAMILY_OFF;
}

/* Claims are in the order of the nodes: those of one node follow each other. */
static size_t count_left_out(const struct plan *plan)
{
	const struct node *last = NULL;
	size_t count = 0;

	for (size_t i = 0; i < plan->claim_count; i++) {
		const struct claim *claim = &plan->claims[i];

		if (!plan_leaves_out(claim))
			continue;
		count += claim->node != last;
		last = claim->node;
	}
	return count;
}

struct plan_summary plan_summarize(const struct plan_outcome *outcome)
{
	const struct route_diff *routes = &outcome->proposal->routes;
	const struct nexthop_plan *nexthops = &outcome->proposal->nexthops;
	struct plan_summary summary = {
		.conflicts = routes->conflict_count,
		.strangers = routes->stranger_count,
		.nexthops = nexthops->change_count + nexthops->removal_count +
	                    nexthops->waiting_count,
		.left_out = count_left_out(outcome->plan),
	};

	for (size_t i = 0; i < routes->change_count; i++) {
		summary.add += routes->changes[i].verb == ROUTE_ADD;
		summary.replace += routes->changes[i].verb == ROUTE_REPLACE;
		summary.remove += routes->changes[i].verb == ROUTE_DELETE;
	}
	summary.right = nexthops->route_count - summary.add - summary.replace - summary.conflicts;
	return summary;
}

const struct route *plan_find_former(const struct plan_outcome *outcome, const struct route *route)
{
	if (outcome->observed_count == 0)
		return NULL;
	return bsearch(route, outcome->observed, outcome->observed_count, sizeof(*route),
	               route_compare_key);
}

const char *plan_link_name(const struct plan_outcome *outcome, int index,
                           char text[static IFNAMSIZ])
{
	const struct link *link = link_find(outcome->links, index);

	if (link)
		snprintf(text, IFNAMSIZ, "%s", link->name);
	else
		snprintf(text, IFNAMSIZ, "if%d", index);
	return text;
}

void plan_print_next_hop(const struct plan_outcome *outcome, const struct ip_addr *via, int oif,
                         FILE *to)
{
	char addr[IP_TEXT_MAX], name[IFNAMSIZ];

	if (via->family != 0)
		fprintf(to, " via %s", ip_format(via, addr));
	if (oif != 0)
		fprintf(to, " dev %s", plan_link_name(outcome, oif, name));
}

const char *plan_route_type(uint8_t type)
{
	static const char *const names[] = {
		[RTN_UNICAST] = "unicast",
		[RTN_LOCAL] = "local",
		[RTN_BROADCAST] = "broadcast",
		[RTN_ANYCAST] = "anycast",
		[RTN_MULTICAST] = "multicast",
		[RTN_BLACKHOLE] = "blackhole",
		[RTN_UNREACHABLE] = "unreachable",
		[RTN_PROHIBIT] = "prohibit",
		[RTN_THROW] = "throw",
		[RTN_NAT] = "nat",
	};

	return type < sizeof(names) / sizeof(names[0]) && names[type] ? names[type] : "unicast";
}

static void visit_all(const struct nexthop_change *changes, size_t count,
                      void (*visit)(void *ctx, const struct nexthop_change *change), void *ctx)
{
	for (size_t i = 0; i < count; i++)
		visit(ctx, &changes[i]);
}

void plan_each_nexthop(const struct plan_outcome *outcome, bool early,
                       void (*visit)(void *ctx, const struct nexthop_change *change), void *ctx)
{
	const struct nexthop_plan *nexthops = &outcome->proposal->nexthops;

	if (early) {
		visit_all(nexthops->changes, nexthops->change_count, visit, ctx);
		return;
	}
	visit_all(nexthops->removals, nexthops->removal_count, visit, ctx);
	visit_all(nexthops->waiting, nexthops->waiting_count, visit, ctx);
}
