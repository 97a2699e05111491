/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nexthop_plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "route_diff.h"

/* A gateway that desired routes lead to. */
struct hop {
	struct ip_addr via;
	int oif;
	uint32_t id; /* 0: not yet */
	/* The object of ours that the observed form of its routes refers to, and from how many. */
	struct object *former;
	size_t former_users;
};

/* An object that the kernel has, and is ours. */
struct object {
	const struct nexthop *nexthop;
	size_t users;   /* observed routes that refer to it, whoever's */
	size_t foreign; /* ... those of others */
	bool claimed;   /* by a hop */
};

struct planning {
	const struct nexthop_plan_input *input;
	struct nexthop_plan *plan;
	struct hop *hops; /* sorted by gateway; each once */
	size_t hop_count;
	struct object *objects; /* sorted by id */
	struct object **by_gateway;
	size_t object_count;
};

/* IPv6 has no chain that a table of many gateways would make long. */
static bool is_eligible(const struct route *route)
{
	return route->dst.addr.family == AF_INET && route->type == RTN_UNICAST &&
	       route->via.family == AF_INET;
}

/* ---- the gateways ---- */

static int compare_hops(const void *a, const void *b)
{
	const struct hop *left = a, *right = b;
	int order = ip_compare(&left->via, &right->via);

	return order ? order : (left->oif > right->oif) - (left->oif < right->oif);
}

static struct hop *find_hop(const struct planning *planning, const struct route *route)
{
	const struct hop wanted = {.via = route->via, .oif = route->oif};

	return bsearch(&wanted, planning->hops, planning->hop_count, sizeof(wanted), compare_hops);
}

static void collect_hops(struct planning *planning)
{
	const struct nexthop_plan_input *input = planning->input;
	size_t count = 0, kept = 0;

	for (size_t i = 0; i < input->desired_count; i++)
		if (is_eligible(&input->desired[i]))
			planning->hops[count++] = (struct hop){.via = input->desired[i].via,
			                                       .oif = input->desired[i].oif};
	if (count > 0)
		qsort(planning->hops, count, sizeof(*planning->hops), compare_hops);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || compare_hops(&planning->hops[kept - 1], &planning->hops[i]) != 0)
			planning->hops[kept++] = planning->hops[i];
	planning->hop_count = kept;
}

static bool decide(const struct planning *planning)
{
	const struct nexthop_plan_input *input = planning->input;

	if (!input->supported)
		return false;
	switch (input->mode) {
	case NEXTHOP_ALWAYS:
		return true;
	case NEXTHOP_NEVER:
		return false;
	case NEXTHOP_AUTO:
		break;
	}
	return planning->hop_count >= (input->in_use ? NEXTHOP_AUTO_OFF : NEXTHOP_AUTO_ON);
}

/* ---- the objects there are ---- */

static bool is_ours(const struct planning *planning, const struct nexthop *nexthop)
{
	return nexthop->protocol == planning->input->protocol && nexthop->id >= NEXTHOP_ID_FIRST &&
	       nexthop->id <= NEXTHOP_ID_LAST;
}

static int compare_ids(const void *a, const void *b)
{
	uint32_t id = *(const uint32_t *)a, other = ((const struct object *)b)->nexthop->id;

	return (id > other) - (id < other);
}

static struct object *find_object(const struct planning *planning, uint32_t id)
{
	if (id == 0 || planning->object_count == 0)
		return NULL;
	return bsearch(&id, planning->objects, planning->object_count, sizeof(*planning->objects),
	               compare_ids);
}

static void count_users(struct planning *planning)
{
	const struct nexthop_plan_input *input = planning->input;

	for (size_t i = 0; i < input->observed_count; i++) {
		const struct route *route = &input->observed[i];
		struct object *object = find_object(planning, route->nexthop_id);

		if (!object)
			continue;
		object->users++;
		object->foreign += route->protocol != input->protocol;
	}
}

static struct hop gateway_of(const struct object *object)
{
	return (struct hop){.via = object->nexthop->via, .oif = object->nexthop->oif};
}

/* By gateway, then by number; what is not of our making comes last. */
static int compare_gateways(const void *a, const void *b)
{
	const struct object *left = *(struct object *const *)a, *right = *(struct object *const *)b;
	const struct hop left_hop = gateway_of(left), right_hop = gateway_of(right);
	int order = compare_hops(&left_hop, &right_hop);

	if (left->nexthop->foreign_attributes != right->nexthop->foreign_attributes)
		return left->nexthop->foreign_attributes ? 1 : -1;
	return order ? order : (left > right) - (left < right);
}

static void collect_objects(struct planning *planning)
{
	const struct nexthop_plan_input *input = planning->input;

	for (size_t i = 0; i < input->nexthop_count; i++)
		if (is_ours(planning, &input->nexthops[i]))
			planning->objects[planning->object_count++].nexthop = &input->nexthops[i];
	for (size_t i = 0; i < planning->object_count; i++)
		planning->by_gateway[i] = &planning->objects[i];
	if (planning->object_count > 0)
		qsort(planning->by_gateway, planning->object_count, sizeof(*planning->by_gateway),
		      compare_gateways);
	count_users(planning);
}

/* ---- which hop has which object ---- */

/* First: objects that have the right gateway already, of several the one of the lowest number. */
static void match_gateways(struct planning *planning)
{
	size_t next = 0;

	for (size_t i = 0; i < planning->hop_count; i++) {
		struct hop *hop = &planning->hops[i];
		int order = -1;

		for (; next < planning->object_count && order < 0; next += order < 0) {
			const struct object *object = planning->by_gateway[next];
			const struct hop has = gateway_of(object);

			if (object->nexthop->foreign_attributes)
				return;
			order = compare_hops(&has, hop);
		}
		if (order != 0)
			continue;
		hop->id = planning->by_gateway[next]->nexthop->id;
		planning->by_gateway[next]->claimed = true;
	}
}

static const struct route *find_observed(const struct planning *planning,
                                         const struct route *desired)
{
	const struct nexthop_plan_input *input = planning->input;

	if (input->observed_count == 0)
		return NULL;
	return bsearch(desired, input->observed, input->observed_count, sizeof(*desired),
	               route_compare_key);
}

/* Where the routes of a hop without an object lead now. */
static void note_former(struct planning *planning, const struct route *desired)
{
	const struct route *observed = find_observed(planning, desired);
	struct hop *hop = find_hop(planning, desired);
	struct object *object = observed ? find_object(planning, observed->nexthop_id) : NULL;

	if (hop->id != 0 || !object || object->claimed || object->nexthop->foreign_attributes)
		return;
	if (!hop->former)
		hop->former = object;
	hop->former_users += hop->former == object;
}

static void add_change(struct planning *planning, enum nexthop_verb verb, const struct hop *hop)
{
	struct nexthop_plan *plan = planning->plan;

	plan->changes[plan->change_count++] = (struct nexthop_change){
		.verb = verb,
		.nexthop = {.id = hop->id,
	                    .via = hop->via,
	                    .oif = hop->oif,
	                    .protocol = planning->input->protocol},
		.result = -EINPROGRESS,
	};
}

/* Second: a node's new address is put into its object, if all that refers to that goes there. */
static void move_objects(struct planning *planning)
{
	const struct nexthop_plan_input *input = planning->input;

	for (size_t i = 0; i < input->desired_count; i++)
		if (is_eligible(&input->desired[i]))
			note_former(planning, &input->desired[i]);
	for (size_t i = 0; i < planning->hop_count; i++) {
		struct hop *hop = &planning->hops[i];

		if (!hop->former || hop->former->claimed || hop->former->users != hop->former_users)
			continue;
		hop->former->claimed = true;
		hop->id = hop->former->nexthop->id;
		add_change(planning, NEXTHOP_REPLACE, hop);
	}
}

/* Third: new ones, of the lowest numbers that nobody has. */
static int make_objects(struct planning *planning)
{
	const struct nexthop_plan_input *input = planning->input;
	uint32_t id = NEXTHOP_ID_FIRST;
	size_t taken = 0;

	for (size_t i = 0; i < planning->hop_count; i++) {
		struct hop *hop = &planning->hops[i];

		if (hop->id != 0)
			continue;
		while (taken < input->nexthop_count && input->nexthops[taken].id <= id) {
			id += input->nexthops[taken].id == id;
			taken++;
		}
		if (id > NEXTHOP_ID_LAST)
			return -ENOSPC;
		hop->id = id++;
		add_change(planning, NEXTHOP_ADD, hop);
	}
	return 0;
}

/* ---- the plan ---- */

static void number_routes(const struct planning *planning)
{
	for (size_t i = 0; i < planning->plan->route_count; i++) {
		struct route *route = &planning->plan->routes[i];

		if (is_eligible(route))
			route->nexthop_id = find_hop(planning, route)->id;
	}
}

static void collect_removals(struct planning *planning)
{
	struct nexthop_plan *plan = planning->plan;

	for (size_t i = 0; planning->input->may_delete && i < planning->object_count; i++) {
		const struct object *object = &planning->objects[i];

		if (object->claimed || object->foreign > 0)
			continue;
		if (object->users > 0)
			plan->waiting_count++;
		else
			plan->removals[plan->removal_count++] = (struct nexthop_change){
				.verb = NEXTHOP_DELETE,
				.nexthop = *object->nexthop,
				.result = -EINPROGRESS,
			};
	}
}

static int make(struct planning *planning)
{
	int result = 0;

	collect_hops(planning);
	collect_objects(planning);
	planning->plan->in_use = decide(planning);
	if (planning->plan->in_use) {
		match_gateways(planning);
		move_objects(planning);
		result = make_objects(planning);
		if (result == 0)
			number_routes(planning);
	}
	collect_removals(planning);
	return result;
}

static bool allocate(struct planning *planning)
{
	const struct nexthop_plan_input *input = planning->input;
	struct nexthop_plan *plan = planning->plan;

	plan->routes = calloc(input->desired_count + 1, sizeof(*plan->routes));
	plan->changes = calloc(input->desired_count + 1, sizeof(*plan->changes));
	plan->removals = calloc(input->nexthop_count + 1, sizeof(*plan->removals));
	planning->hops = calloc(input->desired_count + 1, sizeof(*planning->hops));
	planning->objects = calloc(input->nexthop_count + 1, sizeof(*planning->objects));
	planning->by_gateway = calloc(input->nexthop_count + 1, sizeof(*planning->by_gateway));
	return plan->routes && plan->changes && plan->removals && planning->hops &&
	       planning->objects && planning->by_gateway;
}

int nexthop_plan_make(const struct nexthop_plan_input *input, struct nexthop_plan *out,
                      struct error *err)
{
	struct planning planning = {.input = input, .plan = out};
	int result = -ENOMEM;

	memset(out, 0, sizeof(*out));
	if (allocate(&planning)) {
		out->route_count = input->desired_count;
		if (input->desired_count > 0)
			memcpy(out->routes, input->desired,
			       input->desired_count * sizeof(*out->routes));
		result = make(&planning);
	}
	free(planning.hops);
	free(planning.objects);
	free(planning.by_gateway);
	if (result == 0)
		return 0;
	nexthop_plan_free(out);
	return result == -ENOSPC
	               ? error_set(err, ENOSPC, "all numbers of nexthop objects are taken")
	               : error_set(err, ENOMEM, "out of memory for %zu next hops",
	                           input->desired_count);
}

void nexthop_plan_free(struct nexthop_plan *plan)
{
	if (plan->changes)
		nexthop_changes_release(plan->changes, plan->change_count);
	if (plan->removals)
		nexthop_changes_release(plan->removals, plan->removal_count);
	free(plan->changes);
	free(plan->removals);
	free(plan->routes);
	memset(plan, 0, sizeof(*plan));
}
