/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nexthop_plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "route_diff.h"

#define NONE SIZE_MAX

/* A gateway over an interface, once, however many desired routes lead there. */
struct hop {
	struct ip_addr via;
	int oif;
	uint32_t id; /* of its object; 0: none yet */
};

/* What there is to know of an observed nexthop; these stand in the order of the nexthops. */
struct object {
	bool wanted;   /* desired routes go through it */
	bool referred; /* by any observed route */
	bool foreign;  /* ... and one of those is somebody else's, so it is not ours to remove */
	size_t hop;    /* where the first of those is to lead */
	/* Not all of those are to lead to one place, or are ours to lead elsewhere: it keeps its
	 * gateway, as moving it would lead some astray, if for a moment. */
	bool pinned;
};

/* An observed route that goes through an object of ours. */
struct reference {
	size_t object;
	size_t hop; /* where the route is to lead; NONE: it is foreign, or not desired */
};

struct planning {
	const struct nexthop_plan_input *input;
	struct nexthop_plan *plan;
	struct hop *hops; /* sorted by compare_hops */
	size_t hop_count;
	size_t *hop_of; /* of each desired route; NONE: it takes no object */
	struct object *objects;
	struct reference *references; /* in the order of the observed routes */
	size_t reference_count;
};

/* ---- the distinct next hops ---- */

/* Only IPv4 has the chain that makes plain routes slow; an IPv4 gateway is never an IPv6 route's.
 */
static bool takes_object(const struct route *route)
{
	return route->type == RTN_UNICAST && route->via.family == AF_INET;
}

static int compare_hops(const void *a, const void *b)
{
	const struct hop *left = a, *right = b;
	int order = ip_compare(&left->via, &right->via);

	return order ? order : (left->oif > right->oif) - (left->oif < right->oif);
}

static struct hop *find_hop(const struct planning *planning, const struct ip_addr *via, int oif)
{
	const struct hop key = {.via = *via, .oif = oif};

	return bsearch(&key, planning->hops, planning->hop_count, sizeof(key), compare_hops);
}

static void collect_hops(struct planning *planning)
{
	const struct nexthop_plan_input *input = planning->input;
	struct hop *hops = planning->hops;
	size_t count = 0;

	for (size_t i = 0; i < input->desired_count; i++)
		if (takes_object(&input->desired[i]))
			hops[count++] = (struct hop){.via = input->desired[i].via,
			                             .oif = input->desired[i].oif};
	qsort(hops, count, sizeof(*hops), compare_hops);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || compare_hops(&hops[planning->hop_count - 1], &hops[i]) != 0)
			hops[planning->hop_count++] = hops[i];
}

static void lead_routes_to_hops(struct planning *planning)
{
	const struct nexthop_plan_input *input = planning->input;

	for (size_t i = 0; i < input->desired_count; i++) {
		const struct route *route = &input->desired[i];

		planning->hop_of[i] = NONE;
		if (takes_object(route))
			planning->hop_of[i] = (size_t)(find_hop(planning, &route->via, route->oif) -
			                               planning->hops);
	}
}

/* Between the two marks it stays as it is, so that a cluster at the mark does not change over with
 * each node that comes or goes. */
static bool should_use(const struct nexthop_plan_input *input, size_t hop_count)
{
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
	return hop_count >= NEXTHOP_AUTO_ON || (input->in_use && hop_count >= NEXTHOP_AUTO_OFF);
}

/* ---- what the kernel has ---- */

static bool is_ours(const struct nexthop_plan_input *input, const struct nexthop *nexthop)
{
	return nexthop->protocol == input->protocol && nexthop->id >= NEXTHOP_ID_FIRST &&
	       nexthop->id <= NEXTHOP_ID_LAST;
}

static int compare_ids(const void *a, const void *b)
{
	const struct nexthop *left = a, *right = b;

	return (left->id > right->id) - (left->id < right->id);
}

/* NONE: there is none of that number, or it is not ours. */
static size_t find_own_object(const struct planning *planning, uint32_t id)
{
	const struct nexthop_plan_input *input = planning->input;
	const struct nexthop key = {.id = id};
	const struct nexthop *found = NULL;

	if (id != 0 && input->nexthop_count > 0)
		found = bsearch(&key, input->nexthops, input->nexthop_count, sizeof(key),
		                compare_ids);
	return found && is_ours(input, found) ? (size_t)(found - input->nexthops) : NONE;
}

static void add_reference(struct planning *planning, size_t object, size_t hop)
{
	struct object *at = &planning->objects[object];

	if (hop == NONE || (at->referred && at->hop != hop))
		at->pinned = true;
	at->referred = true;
	at->hop = hop;
	planning->references[planning->reference_count++] = (struct reference){.object = object,
	                                                                       .hop = hop};
}

/* A group's routes go to its members: they are not ours to move or remove. */
static void collect_members(struct planning *planning)
{
	const struct nexthop_plan_input *input = planning->input;

	for (size_t i = 0; i < input->nexthop_count; i++) {
		size_t object = find_own_object(planning, input->nexthops[i].member);

		if (object == NONE)
			continue;
		planning->objects[object].referred = true;
		planning->objects[object].foreign = true;
		planning->objects[object].pinned = true;
	}
}

static void collect_references(struct planning *planning)
{
	const struct nexthop_plan_input *input = planning->input;
	size_t desired = 0;

	for (size_t i = 0; i < input->observed_count; i++) {
		const struct route *observed = &input->observed[i];
		size_t object = find_own_object(planning, observed->nexthop_id);
		size_t hop = NONE;

		while (desired < input->desired_count &&
		       route_compare_key(&input->desired[desired], observed) < 0)
			desired++;
		if (object == NONE)
			continue;
		if (observed->protocol != input->protocol)
			planning->objects[object].foreign = true;
		if (desired < input->desired_count && observed->protocol == input->protocol &&
		    route_compare_key(&input->desired[desired], observed) == 0)
			hop = planning->hop_of[desired];
		add_reference(planning, object, hop);
	}
}

/* ---- a number for each hop ---- */

static void keep_right_objects(struct planning *planning)
{
	const struct nexthop_plan_input *input = planning->input;

	for (size_t i = 0; i < input->nexthop_count; i++) {
		const struct nexthop *nexthop = &input->nexthops[i];
		struct hop *hop = NULL;

		if (is_ours(input, nexthop) && !nexthop->foreign_attributes)
			hop = find_hop(planning, &nexthop->via, nexthop->oif);
		if (!hop || hop->id != 0)
			continue;
		hop->id = nexthop->id;
		planning->objects[i].wanted = true;
	}
}

static void add_change(struct planning *planning, enum nexthop_verb verb, const struct hop *hop)
{
	planning->plan->changes[planning->plan->change_count++] = (struct nexthop_change){
		.verb = verb,
		.nexthop = {.id = hop->id,
	                    .via = hop->via,
	                    .oif = hop->oif,
	                    .protocol = planning->input->protocol},
		.result = -EINPROGRESS,
	};
}

/* One message moves all routes of a node whose address changed. What has no interface is a group or
 * a blackhole, and the kernel turns no group into a gateway: such an object is left instead. */
static void replace_in_place(struct planning *planning)
{
	for (size_t i = 0; i < planning->reference_count; i++) {
		const struct reference *reference = &planning->references[i];
		const struct nexthop *nexthop = &planning->input->nexthops[reference->object];
		struct object *object = &planning->objects[reference->object];
		struct hop *hop;

		if (object->wanted || object->pinned || nexthop->oif == 0 ||
		    planning->hops[reference->hop].id != 0)
			continue;
		hop = &planning->hops[reference->hop];
		hop->id = nexthop->id;
		object->wanted = true;
		add_change(planning, NEXTHOP_REPLACE, hop);
	}
}

/* The first number from `id` on that nobody has; `at` runs through the nexthops along with it. */
static uint32_t skip_taken(const struct nexthop_plan_input *input, uint32_t id, size_t *at)
{
	for (; *at < input->nexthop_count && input->nexthops[*at].id <= id; ++*at)
		if (input->nexthops[*at].id == id)
			id++;
	return id;
}

/* Should the range be full, the rest stays with plain routes. */
static void number_the_rest(struct planning *planning)
{
	const struct nexthop_plan_input *input = planning->input;
	uint32_t id = NEXTHOP_ID_FIRST;
	size_t at = 0;

	for (size_t i = 0; i < input->desired_count; i++) {
		struct hop *hop;

		if (planning->hop_of[i] == NONE || planning->hops[planning->hop_of[i]].id != 0)
			continue;
		hop = &planning->hops[planning->hop_of[i]];
		id = skip_taken(input, id, &at);
		if (id > NEXTHOP_ID_LAST)
			return;
		hop->id = id++;
		add_change(planning, NEXTHOP_ADD, hop);
	}
}

/* ---- the result ---- */

static void number_routes(struct planning *planning)
{
	const struct nexthop_plan_input *input = planning->input;
	struct nexthop_plan *plan = planning->plan;

	for (size_t i = 0; i < input->desired_count; i++) {
		plan->routes[i] = input->desired[i];
		if (planning->hop_of[i] != NONE)
			plan->routes[i].nexthop_id = planning->hops[planning->hop_of[i]].id;
	}
	plan->route_count = input->desired_count;
}

static struct nexthop_change removal_of(const struct nexthop *nexthop)
{
	return (struct nexthop_change){
		.verb = NEXTHOP_DELETE, .nexthop = *nexthop, .result = -EINPROGRESS};
}

static void settle_unwanted(struct planning *planning)
{
	const struct nexthop_plan_input *input = planning->input;
	struct nexthop_plan *plan = planning->plan;

	for (size_t i = 0; i < input->nexthop_count; i++) {
		const struct object *object = &planning->objects[i];

		if (!is_ours(input, &input->nexthops[i]) || object->wanted || object->foreign ||
		    !input->may_delete)
			continue;
		if (object->referred)
			plan->waiting[plan->waiting_count++] = removal_of(&input->nexthops[i]);
		else
			plan->removals[plan->removal_count++] = removal_of(&input->nexthops[i]);
	}
}

static bool allocate(struct planning *planning)
{
	const struct nexthop_plan_input *input = planning->input;
	struct nexthop_plan *plan = planning->plan;
	size_t desired = input->desired_count + 1, objects = input->nexthop_count + 1;

	planning->hops = calloc(desired, sizeof(*planning->hops));
	planning->hop_of = calloc(desired, sizeof(*planning->hop_of));
	planning->objects = calloc(objects, sizeof(*planning->objects));
	planning->references = calloc(input->observed_count + 1, sizeof(*planning->references));
	plan->routes = calloc(desired, sizeof(*plan->routes));
	plan->changes = calloc(desired, sizeof(*plan->changes));
	plan->removals = calloc(objects, sizeof(*plan->removals));
	plan->waiting = calloc(objects, sizeof(*plan->waiting));
	return planning->hops && planning->hop_of && planning->objects && planning->references &&
	       plan->routes && plan->changes && plan->removals && plan->waiting;
}

static void release(struct planning *planning)
{
	free(planning->hops);
	free(planning->hop_of);
	free(planning->objects);
	free(planning->references);
}

int nexthop_plan_make(const struct nexthop_plan_input *input, struct nexthop_plan *out,
                      struct error *err)
{
	struct planning planning = {.input = input, .plan = out};

	memset(out, 0, sizeof(*out));
	if (!allocate(&planning)) {
		release(&planning);
		nexthop_plan_free(out);
		return error_set(err, ENOMEM, "out of memory for the nexthops of %zu routes",
		                 input->desired_count);
	}
	collect_hops(&planning);
	lead_routes_to_hops(&planning);
	collect_members(&planning);
	collect_references(&planning);
	out->in_use = should_use(input, planning.hop_count);
	if (out->in_use) {
		keep_right_objects(&planning);
		replace_in_place(&planning);
		number_the_rest(&planning);
	}
	number_routes(&planning);
	settle_unwanted(&planning);
	release(&planning);
	return 0;
}

void nexthop_plan_free(struct nexthop_plan *plan)
{
	nexthop_changes_release(plan->changes, plan->change_count);
	nexthop_changes_release(plan->removals, plan->removal_count);
	free(plan->routes);
	free(plan->changes);
	free(plan->removals);
	free(plan->waiting);
	memset(plan, 0, sizeof(*plan));
}
