/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "status_facts.h"

#include <stdio.h>
#include <string.h>

#include "node_states.h"
#include "route_protocol.h"
#include "route_text.h"

struct counts {
	size_t nodes, troubled; /* nodes; such that a claim is not well */
};

/* A node's claims lie side by side. */
static struct counts count(const struct plan *plan)
{
	const struct node *last = NULL, *last_troubled = NULL;
	struct counts counts = {0};

	for (size_t i = 0; i < plan->claim_count; i++) {
		const struct claim *claim = &plan->claims[i];

		counts.nodes += claim->node != last;
		last = claim->node;
		if (node_states_is_well(claim->state))
			continue;
		counts.troubled += claim->node != last_troubled;
		last_troubled = claim->node;
	}
	return counts;
}

/* What is missing has lines of its own, in each form of the status. */
static void judge_unready(const struct status_facts *facts, struct status_verdict *verdict)
{
	size_t lines = 0;

	for (const char *at = facts->missing; (at = strchr(at, '\n')); at++)
		lines++;
	if (lines == 0)
		snprintf(verdict->text, sizeof(verdict->text),
		         "Not ready: the first round is not through");
	else
		snprintf(verdict->text, sizeof(verdict->text), "Not ready: %zu %s missing", lines,
		         lines == 1 ? "thing is" : "things are");
}

static void judge_one(const struct status_facts *facts, struct status_verdict *verdict)
{
	bool found = false, well = true;

	for (size_t i = 0; i < facts->plan->claim_count; i++) {
		const struct claim *claim = &facts->plan->claims[i];

		if (!status_has(facts, claim))
			continue;
		found = true;
		well = well && node_states_is_well(claim->state);
	}
	verdict->well = found && well && facts->ready;
	if (!found && !facts->ready)
		snprintf(verdict->text, sizeof(verdict->text),
		         "Node %.300s is not known yet: not ready", facts->only);
	else if (!found)
		snprintf(verdict->text, sizeof(verdict->text),
		         "There is no node %.300s: nobody has told of it", facts->only);
	else if (well && !facts->ready)
		judge_unready(facts, verdict);
	else
		snprintf(verdict->text, sizeof(verdict->text), "Node %.300s is %swell", facts->only,
		         well ? "" : "not ");
}

static void judge_all(const struct status_facts *facts, struct status_verdict *verdict)
{
	const struct reconcile_stats routes = facts->routes;
	const struct counts counts = count(facts->plan);

	verdict->well = facts->ready && counts.troubled == 0 && routes.installed == routes.desired;
	if (verdict->well)
		snprintf(verdict->text, sizeof(verdict->text),
		         "All is well: %zu nodes, %zu of %zu routes in place", counts.nodes,
		         routes.installed, routes.desired);
	else if (!facts->ready)
		judge_unready(facts, verdict);
	else
		snprintf(verdict->text, sizeof(verdict->text),
		         "Not well: %zu of %zu nodes; %zu of %zu routes in place", counts.troubled,
		         counts.nodes, routes.installed, routes.desired);
}

void status_judge(const struct status_facts *facts, struct status_verdict *verdict)
{
	if (facts->only)
		judge_one(facts, verdict);
	else
		judge_all(facts, verdict);
}

bool status_has(const struct status_facts *facts, const struct claim *claim)
{
	return !facts->only || strcmp(claim->node->name, facts->only) == 0;
}

void status_describe_kernel(const struct status_facts *facts, const struct claim *claim, char *text,
                            size_t size)
{
	const struct route *wanted = plan_find_route(facts->plan, claim), *found = NULL;
	char route[128], name[ROUTE_PROTOCOL_TEXT_MAX], nhid[24] = "";
	const struct link *link;

	snprintf(text, size, "%s", wanted ? "no route" : "no route, and none is due");
	if (wanted)
		found = facts->find_observed(facts->ctx, wanted);
	if (!found)
		return;
	link = link_find(facts->links, found->oif);
	if (found->nexthop_id != 0)
		snprintf(nhid, sizeof(nhid), " nhid %u", found->nexthop_id);
	snprintf(text, size, "%s%s%s%s, protocol %s", route_describe(found, route, sizeof(route)),
	         link ? " dev " : "", link ? link->name : "", nhid,
	         route_protocol_format(found->protocol, name));
}
