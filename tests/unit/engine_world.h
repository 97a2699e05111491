/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A host for the engine's property test: the fake kernel, others who meddle
 * with it by chance, the news of that on its way to the daemon, and a book of what is theirs, kept
 * without any of the engine's code.
 */
#ifndef TESTS_UNIT_ENGINE_WORLD_H
#define TESTS_UNIT_ENGINE_WORLD_H

#include "fake_kernel.h"
#include "hostgw/monitor.h"

#define OURS   ROUTE_PROTOCOL_HOSTGW
#define UPLINK 2
#define TUNNEL 9

#define WORLD_KEYS     20 /* destinations: the first V4_KEYS of IPv4, the others of IPv6 */
#define WORLD_V4_KEYS  14
#define WORLD_GATEWAYS 6 /* nodes' addresses, of each family */
#define WORLD_BOOK     1024

/* A route of another program, as the kernel should still have it. */
struct foreign {
	struct route route;
	bool taken; /* it replaced one of ours in this life of the daemon: it may be replaced */
	bool sure;  /* ... that was known to stand, and is wanted: it must be */
};

struct news {
	bool is_nexthop;
	struct route route;
	enum route_event event;
	struct nexthop nexthop;
};

struct world {
	uint64_t random;
	struct rtnl kernel;
	struct foreign foreign[WORLD_BOOK];
	size_t foreign_count;
	struct nexthop objects[WORLD_BOOK]; /* of others */
	size_t object_count;
	struct news news[WORLD_BOOK];
	size_t news_count;
	bool wanted[WORLD_KEYS]; /* the daemon asked for it in this life, when last heard of */
	bool racing;             /* the daemon is at work on what it saw before */
	bool had[WORLD_KEYS];    /* it may have seen one there that it replaces */
	bool known[WORLD_KEYS];  /* our route to it stood, and the daemon knows */
	bool held[WORLD_KEYS];   /* ... and no other's did */
};

/* A number below `sides`. */
unsigned world_roll(struct world *world, unsigned sides);
bool world_chance(struct world *world, unsigned percent);

struct prefix world_destination(size_t key);
/* WORLD_KEYS: none of them. */
size_t world_key_of(const struct route *route);
struct ip_addr world_gateway(uint8_t family, unsigned number);

/* Something that another program does, by chance. */
void world_meddle(struct world *world);

/* The routes of a key, of others or ours, in the main table at our metric. */
size_t world_count(const struct world *world, size_t key, bool ours);
/* The gateway that a route leads to in the end; family 0: none. */
struct ip_addr world_leads_to(const struct world *world, const struct route *route);
/* Its place in the book; NULL: it is not there. */
struct foreign *world_find_foreign(struct world *world, const struct route *route);
bool world_same_route(const struct route *a, const struct route *b);

/* What the kernel has, for the report of a failure. */
void world_print(struct world *world);

#endif
