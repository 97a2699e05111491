/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small world for random lives of a host: nodes with one net each, a model of the kernel's
 * routes and nexthop objects, and others who meddle with all of it. A world is a plain value, so a
 * copy remembers how it was.
 */
#ifndef TESTS_UNIT_NEXTHOP_WORLD_H
#define TESTS_UNIT_NEXTHOP_WORLD_H

#include "check.h"
#include "daemon/nexthop_plan.h"

#define NETS        10
#define GATEWAYS    6
#define OBJECTS_MAX 64

struct world {
	unsigned seed;
	uint32_t random;
	uint8_t gateways[NETS]; /* of each net's node; 0: there is none */
	enum nexthop_mode mode;
	bool in_use, may_delete;
	bool flaky;                          /* the kernel refuses some changes */
	struct route routes[NETS];           /* the kernel's, at the place of their net */
	bool has_route[NETS];                /* one a net: so it is for one metric */
	struct nexthop objects[OBJECTS_MAX]; /* sorted by id */
	size_t object_count;
};

/* Where a route leads in the end. */
struct way {
	struct ip_addr via;
	int oif;
	bool foreign_attributes;
};

/* A world with some nodes, nothing in its kernel, and a fate that `seed` decides. */
struct world world_make(unsigned seed);

/* A number below `sides`. */
uint32_t world_roll(struct world *world, uint32_t sides);

/* Fails the test, naming the seed, unless `holds`. */
void world_hold(const struct world *world, bool holds, const char *what);

/* Something happens: to nodes, routes, objects or the mode. */
void world_meddle(struct world *world);

/* The plain route to `net`, 10.1.<net>.0/24 via 192.168.2.<gateway>. */
struct route world_route(size_t net, size_t gateway, uint8_t protocol);
struct way world_way(struct world *world, const struct route *route);
bool world_same_way(const struct way *a, const struct way *b);

struct nexthop *world_find_object(struct world *world, uint32_t id);
/* Adds or replaces. */
void world_put_object(struct world *world, const struct nexthop *object);
/* Takes its routes along, as the kernel does. */
void world_delete_object(struct world *world, struct nexthop *object);
bool world_object_is_ours(const struct nexthop *object);
bool world_object_is_referred(const struct world *world, uint32_t id);

#endif
