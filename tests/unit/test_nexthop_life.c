/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random lives of a host: nodes come, go and change addresses, others meddle with objects and
 * routes, the kernel refuses changes, the mode changes. Nobody else's traffic is ever led
 * elsewhere; once it is quiet, three plans make all right. NEXTHOP_SEED=n repeats one life.
 */
#include <stdlib.h>
#include <string.h>

#include "nexthop_world.h"

#define OURS  ROUTE_PROTOCOL_HOSTGW
#define LIVES 3000
#define STEPS 12

/* ---- carrying a plan out ---- */

static void apply_objects(struct world *world, const struct nexthop_plan *plan)
{
	for (size_t i = 0; i < plan->change_count; i++) {
		const struct nexthop_change *change = &plan->changes[i];
		const struct nexthop *there = world_find_object(world, change->nexthop.id);

		if (change->verb == NEXTHOP_ADD)
			world_hold(world, !there, "an added number is free");
		else
			world_hold(world, there && world_object_is_ours(there) && there->oif != 0,
			           "what is replaced is ours and no group");
		world_hold(world, world_object_is_ours(&change->nexthop), "what is made is ours");
		if (!world->flaky || world_roll(world, 4) != 0)
			world_put_object(world, &change->nexthop);
	}
}

static void check_others(struct world *world, const struct world *before)
{
	struct world old = *before;

	for (size_t net = 0; net < NETS; net++) {
		const struct route *route = &old.routes[net];
		struct way then, now;

		if (!old.has_route[net] || (route->protocol == OURS && world->gateways[net] != 0))
			continue;
		then = world_way(&old, route);
		now = world_way(world, route);
		world_hold(world, world_same_way(&then, &now),
		           "only wanted routes of ours are led elsewhere");
	}
	for (size_t i = 0; i < old.object_count; i++) {
		const struct nexthop *now = world_find_object(world, old.objects[i].id);

		world_hold(world,
		           world_object_is_ours(&old.objects[i]) ||
		                   (now && memcmp(now, &old.objects[i], sizeof(*now)) == 0),
		           "foreign objects stay as they are");
	}
}

/* Returns how many it changed. */
static size_t apply_routes(struct world *world, const struct nexthop_plan *plan)
{
	bool wanted[NETS] = {false};
	size_t count = 0;

	for (size_t i = 0; i < plan->route_count; i++) {
		const struct route *route = &plan->routes[i];
		size_t net = route->dst.addr.bytes[2];
		const struct route *there = &world->routes[net];

		wanted[net] = true;
		if (world->has_route[net] &&
		    (there->protocol != OURS || (there->nexthop_id == route->nexthop_id &&
		                                 ip_equal(&there->via, &route->via))))
			continue;
		count++;
		if (world->flaky &&
		    (world_roll(world, 4) == 0 ||
		     (route->nexthop_id && !world_find_object(world, route->nexthop_id))))
			continue;
		world_way(world, route);
		world->routes[net] = *route;
		world->has_route[net] = true;
	}
	for (size_t net = 0; net < NETS && world->may_delete; net++) {
		if (wanted[net] || !world->has_route[net] || world->routes[net].protocol != OURS)
			continue;
		world->has_route[net] = false;
		count++;
	}
	return count;
}

static void apply_removals(struct world *world, const struct nexthop_plan *plan)
{
	world_hold(world, world->may_delete || plan->removal_count == 0,
	           "removed on complete knowledge");
	for (size_t i = 0; i < plan->removal_count; i++) {
		struct nexthop *there = world_find_object(world, plan->removals[i].nexthop.id);

		world_hold(world, there && world_object_is_ours(there), "only ours are removed");
		world_hold(world, !world_object_is_referred(world, there->id),
		           "no object in use is removed");
		world_delete_object(world, there);
	}
}

static void make_plan(const struct world *world, struct nexthop_plan *plan)
{
	struct route desired[NETS], observed[NETS];
	struct nexthop_plan_input input = {.desired = desired,
	                                   .observed = observed,
	                                   .nexthops = world->objects,
	                                   .nexthop_count = world->object_count,
	                                   .mode = world->mode,
	                                   .supported = true,
	                                   .in_use = world->in_use,
	                                   .protocol = OURS,
	                                   .may_delete = world->may_delete};
	struct error err;

	for (size_t net = 0; net < NETS; net++) {
		if (world->gateways[net] != 0)
			desired[input.desired_count++] = world_route(net, world->gateways[net],
			                                             OURS);
		if (world->has_route[net])
			observed[input.observed_count++] = world->routes[net];
	}
	assert_int_equal(nexthop_plan_make(&input, plan, &err), 0);
}

static void check_determined(const struct world *world, const struct nexthop_plan *plan)
{
	struct nexthop_plan again;
	bool same;

	make_plan(world, &again);
	same = again.change_count == plan->change_count &&
	       again.removal_count == plan->removal_count;
	for (size_t i = 0; i < plan->route_count; i++)
		same &= again.routes[i].nexthop_id == plan->routes[i].nexthop_id;
	for (size_t i = 0; i < plan->change_count && same; i++)
		same = again.changes[i].verb == plan->changes[i].verb &&
		       again.changes[i].nexthop.id == plan->changes[i].nexthop.id;
	nexthop_plan_free(&again);
	world_hold(world, same, "the same input makes the same plan");
}

/* One plan, carried out. Returns how many changes it took. */
static size_t live_round(struct world *world)
{
	const struct world before = *world;
	struct nexthop_plan plan;
	size_t count;

	make_plan(world, &plan);
	check_determined(world, &plan);
	world->in_use = plan.in_use;
	count = plan.change_count + plan.removal_count;
	apply_objects(world, &plan);
	check_others(world, &before);
	count += apply_routes(world, &plan);
	apply_removals(world, &plan);
	nexthop_plan_free(&plan);
	return count;
}

static void check_all_right(struct world *world)
{
	for (size_t net = 0; net < NETS; net++) {
		const struct route *route = &world->routes[net];
		const struct route desired = world_route(net, world->gateways[net], OURS);
		struct way wanted = {desired.via, desired.oif, false}, way;

		if (world->has_route[net] && route->protocol != OURS)
			continue;
		world_hold(world, world->has_route[net] == (world->gateways[net] != 0),
		           "there is a route to each node, and no other of ours");
		if (!world->has_route[net])
			continue;
		way = world_way(world, route);
		world_hold(world, world_same_way(&way, &wanted), "each route leads to its gateway");
		world_hold(world, (route->nexthop_id != 0) == (world->mode == NEXTHOP_ALWAYS),
		           "through an object exactly if the mode says so");
	}
}

/* Objects of ours that nobody needs are gone; a wanted route may be kept out by a foreign one. */
static void check_no_rest(struct world *world)
{
	for (size_t i = 0; i < world->object_count; i++) {
		const struct nexthop *object = &world->objects[i];
		bool wanted = false;

		for (size_t net = 0; net < NETS && world->mode == NEXTHOP_ALWAYS; net++)
			wanted |= world->gateways[net] != 0 &&
			          world->gateways[net] == object->via.bytes[3];
		world_hold(world,
		           !world_object_is_ours(object) || wanted ||
		                   world_object_is_referred(world, object->id),
		           "objects that nobody needs are removed");
	}
}

static void live(struct world *world)
{
	for (int step = 0; step < STEPS; step++) {
		for (uint32_t n = world_roll(world, 4); n > 0; n--)
			world_meddle(world);
		world->may_delete = world_roll(world, 2) != 0;
		world->flaky = world_roll(world, 2) != 0;
		live_round(world);
	}
	world->may_delete = true;
	world->flaky = false;
	for (int i = 0; i < 3; i++)
		live_round(world);
	world_hold(world, live_round(world) == 0, "after three plans nothing changes");
	check_all_right(world);
	check_no_rest(world);
}

static void test_lives(void **state)
{
	const char *asked = getenv("NEXTHOP_SEED");
	unsigned first = asked ? (unsigned)strtoul(asked, NULL, 10) : 1;

	(void)state;
	for (unsigned seed = first; seed < first + (asked ? 1 : LIVES); seed++) {
		struct world world = {
			.seed = seed, .random = seed * 2654435761U + 1, .mode = NEXTHOP_ALWAYS};

		for (size_t net = 0; net < NETS; net++)
			world.gateways[net] = (uint8_t)world_roll(&world, GATEWAYS + 1);
		live(&world);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
