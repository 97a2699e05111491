/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nexthop_world.h"

#include <string.h>

#define OURS  ROUTE_PROTOCOL_HOSTGW
#define ADMIN RTPROT_STATIC

uint32_t world_roll(struct world *world, uint32_t sides)
{
	world->random ^= world->random << 13;
	world->random ^= world->random >> 17;
	world->random ^= world->random << 5;
	return world->random % sides;
}

void world_hold(const struct world *world, bool holds, const char *what)
{
	if (!holds)
		fail_msg("NEXTHOP_SEED=%u: not so: %s", world->seed, what);
}

struct route world_route(size_t net, size_t gateway, uint8_t protocol)
{
	return (struct route){
		.dst = {{AF_INET, {10, 1, (uint8_t)net}}, 24},
		.via = {AF_INET, {192, 168, 2, (uint8_t)gateway}},
		.oif = 2,
		.table = RT_TABLE_MAIN,
		.protocol = protocol,
		.type = RTN_UNICAST,
	};
}

/* ---- the kernel ---- */

struct nexthop *world_find_object(struct world *world, uint32_t id)
{
	for (size_t i = 0; i < world->object_count; i++)
		if (world->objects[i].id == id)
			return &world->objects[i];
	return NULL;
}

void world_put_object(struct world *world, const struct nexthop *object)
{
	struct nexthop *there = world_find_object(world, object->id);
	size_t at = 0;

	if (there) {
		*there = *object;
		return;
	}
	if (world->object_count == OBJECTS_MAX)
		return;
	while (at < world->object_count && world->objects[at].id < object->id)
		at++;
	memmove(&world->objects[at + 1], &world->objects[at],
	        (world->object_count - at) * sizeof(*object));
	world->objects[at] = *object;
	world->object_count++;
}

bool world_object_is_referred(const struct world *world, uint32_t id)
{
	for (size_t net = 0; net < NETS; net++)
		if (world->has_route[net] && world->routes[net].nexthop_id == id)
			return true;
	return false;
}

void world_delete_object(struct world *world, struct nexthop *object)
{
	size_t at = (size_t)(object - world->objects);

	for (size_t net = 0; net < NETS; net++)
		if (world->routes[net].nexthop_id == object->id)
			world->has_route[net] = false;
	world->object_count--;
	memmove(object, object + 1, (world->object_count - at) * sizeof(*object));
}

bool world_object_is_ours(const struct nexthop *object)
{
	return object->protocol == OURS && object->id >= NEXTHOP_ID_FIRST &&
	       object->id <= NEXTHOP_ID_LAST;
}

struct way world_way(struct world *world, const struct route *route)
{
	const struct nexthop *object = world_find_object(world, route->nexthop_id);

	if (route->nexthop_id == 0)
		return (struct way){route->via, route->oif, false};
	world_hold(world, object, "a route refers to an object that is there");
	return (struct way){object->via, object->oif, object->foreign_attributes};
}

bool world_same_way(const struct way *a, const struct way *b)
{
	return ip_equal(&a->via, &b->via) && a->oif == b->oif &&
	       a->foreign_attributes == b->foreign_attributes;
}

/* ---- what others do ---- */

static void meddle_with_objects(struct world *world)
{
	struct nexthop object = {.id = NEXTHOP_ID_FIRST + world_roll(world, 12),
	                         .via = world_route(0, 1 + world_roll(world, GATEWAYS), 0).via,
	                         .oif = 2 + (int)(world_roll(world, 4) == 0),
	                         .protocol = world_roll(world, 2) ? OURS : ADMIN,
	                         .foreign_attributes = world_roll(world, 4) == 0};

	if (world_roll(world, 6) == 0)
		object.id = world_roll(world, 2) ? NEXTHOP_ID_FIRST - 1 : NEXTHOP_ID_LAST + 1;
	if (object.foreign_attributes && world_roll(world, 2)) {
		object.via = (struct ip_addr){0}; /* a group */
		object.oif = 0;
	}
	world_put_object(world, &object);
}

static void meddle_with_routes(struct world *world)
{
	size_t net = world_roll(world, NETS);
	const struct nexthop *object;

	world->has_route[net] = world_roll(world, 3) != 0;
	world->routes[net] = world_route(net, 1 + world_roll(world, GATEWAYS),
	                                 world_roll(world, 2) ? OURS : ADMIN);
	if (world->object_count == 0 || world_roll(world, 3) == 0)
		return;
	object = &world->objects[world_roll(world, (uint32_t)world->object_count)];
	world->routes[net].nexthop_id = object->id;
}

void world_meddle(struct world *world)
{
	switch (world_roll(world, 8)) {
	case 0:
		while (world_roll(world, 20) != 0 && world->object_count > 0) /* ip nexthop flush */
			world_delete_object(world, &world->objects[0]);
		break;
	case 1:
		if (world->object_count > 0)
			world_delete_object(
				world,
				&world->objects[world_roll(world, (uint32_t)world->object_count)]);
		break;
	case 2:
		meddle_with_objects(world);
		break;
	case 3:
		meddle_with_routes(world);
		break;
	case 4:
		world->mode = world_roll(world, 3) ? NEXTHOP_ALWAYS : NEXTHOP_NEVER;
		break;
	default:
		world->gateways[world_roll(world, NETS)] = (uint8_t)world_roll(world, GATEWAYS + 1);
		break;
	}
}

struct world world_make(unsigned seed)
{
	struct world world = {
		.seed = seed, .random = seed * 2654435761U + 1, .mode = NEXTHOP_ALWAYS};

	for (size_t net = 0; net < NETS; net++)
		world.gateways[net] = (uint8_t)world_roll(&world, GATEWAYS + 1);
	return world;
}
