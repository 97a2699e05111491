/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine_world.h"

#include <stdio.h>
#include <string.h>

#include "check.h"
#include "daemon/route_diff.h"

/* ---- chance ---- */

unsigned world_roll(struct world *world, unsigned sides)
{
	/* splitmix64 */
	uint64_t z = world->random += 0x9e3779b97f4a7c15U;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
	return (unsigned)((z ^ (z >> 31)) % sides);
}

bool world_chance(struct world *world, unsigned percent)
{
	return world_roll(world, 100) < percent;
}

/* ---- places ---- */

/* 10.1.KEY.0/24, fd00:1:KEY::/64; made of bytes, as it is asked for all the time. */
struct prefix world_destination(size_t key)
{
	if (key < WORLD_V4_KEYS)
		return (struct prefix){{AF_INET, {10, 1, (uint8_t)key}}, 24};
	return (struct prefix){{AF_INET6, {0xfd, 0, 0, 1, 0, (uint8_t)key}}, 64};
}

size_t world_key_of(const struct route *route)
{
	bool v6 = route->dst.addr.family == AF_INET6;
	size_t key = route->dst.addr.bytes[v6 ? 5 : 2];
	struct prefix destination = world_destination(key);

	if (route->table != RT_TABLE_MAIN || route->tos != 0 ||
	    route->metric != (v6 ? ROUTE_METRIC_IPV6 : 0) || key >= WORLD_KEYS ||
	    !prefix_equal(&destination, &route->dst))
		return WORLD_KEYS;
	return key;
}

/* 192.168.2.NUMBER, fd00:2::NUMBER, from 10 on. */
struct ip_addr world_gateway(uint8_t family, unsigned number)
{
	uint8_t last = (uint8_t)(10 + number);

	if (family == AF_INET)
		return (struct ip_addr){AF_INET, {192, 168, 2, last}};
	return (struct ip_addr){AF_INET6, {0xfd, 0, 0, 2, [15] = last}};
}

bool world_same_route(const struct route *a, const struct route *b)
{
	return route_compare_key(a, b) == 0 && a->protocol == b->protocol && a->type == b->type &&
	       a->nexthop_id == b->nexthop_id &&
	       (a->nexthop_id != 0 || (a->oif == b->oif && ip_equal(&a->via, &b->via))) &&
	       a->foreign_attributes == b->foreign_attributes;
}

struct foreign *world_find_foreign(struct world *world, const struct route *route)
{
	for (size_t i = 0; i < world->foreign_count; i++)
		if (world_same_route(&world->foreign[i].route, route))
			return &world->foreign[i];
	return NULL;
}

size_t world_count(const struct world *world, size_t key, bool ours)
{
	size_t count = 0;

	for (size_t i = 0; i < world->kernel.count; i++) {
		const struct route *route = &world->kernel.table[i];

		count += world_key_of(route) == key && (route->protocol == OURS) == ours;
	}
	return count;
}

struct ip_addr world_leads_to(const struct world *world, const struct route *route)
{
	const struct nexthop *nexthop = fake_nexthops_find(&world->kernel, route->nexthop_id);
	struct ip_addr nowhere = {0};

	if (route->nexthop_id == 0)
		return route->via;
	return nexthop ? nexthop->via : nowhere;
}

/* ---- the book and the news ---- */

static void tell_route(struct world *world, const struct route *route, enum route_event event)
{
	assert_true(world->news_count < WORLD_BOOK);
	world->news[world->news_count++] = (struct news){.route = *route, .event = event};
}

static void tell_nexthop(struct world *world, const struct nexthop *nexthop)
{
	assert_true(world->news_count < WORLD_BOOK);
	world->news[world->news_count++] = (struct news){.is_nexthop = true, .nexthop = *nexthop};
}

static void book(struct world *world, const struct foreign *foreign)
{
	struct foreign *entry = &world->foreign[world->foreign_count];
	uint8_t protocol = foreign->route.protocol;
	size_t key = world_key_of(&foreign->route);

	if (protocol != OURS) {
		world->foreign_count++;
		assert_true(world->foreign_count < WORLD_BOOK);
		*entry = *foreign;
		/* It may end under a replace of what was there when the daemon looked. */
		if (key < WORLD_KEYS && world->racing && world->had[key])
			entry->taken = true;
	}
	if (key < WORLD_KEYS && world->racing && (protocol == OURS || protocol == RTPROT_BOOT))
		world->had[key] = true;
}

static struct foreign strike_out(struct world *world, const struct route *route)
{
	struct foreign *entry = world_find_foreign(world, route), was = {.route = *route};

	if (entry) {
		was = *entry;
		*entry = world->foreign[--world->foreign_count];
	}
	return was;
}

/* Ours went: whatever else has its key may have been put there in its place. */
static void suspect(struct world *world, const struct route *gone)
{
	size_t key = world_key_of(gone);

	for (size_t i = 0; gone->protocol == OURS && i < world->foreign_count; i++)
		if (key < WORLD_KEYS && world_key_of(&world->foreign[i].route) == key)
			world->foreign[i].taken = world->foreign[i].taken || world->wanted[key];
}

/* Several routes of one key: it is open which of them a replace would take. */
static void doubt(struct world *world, size_t key)
{
	for (size_t i = 0; i < world->foreign_count; i++)
		if (world_key_of(&world->foreign[i].route) == key)
			world->foreign[i].sure = false;
}

/* ---- routes ---- */

/* Not one that the daemon may have found unused just now: it would go along with that. */
static uint32_t any_object(struct world *world)
{
	const struct rtnl *kernel = &world->kernel;

	if (kernel->nexthop_count == 0 || world->racing)
		return 0;
	return kernel->nexthops[world_roll(world, (unsigned)kernel->nexthop_count)].id;
}

static struct route invent_route(struct world *world)
{
	static const uint8_t protocols[] = {RTPROT_BOOT, RTPROT_BOOT, RTPROT_STATIC,
	                                    RTPROT_BGP,  OURS,        OURS};
	struct prefix dst = world_destination(world_roll(world, WORLD_KEYS));
	uint8_t family = dst.addr.family;
	struct route route = {
		.dst = dst,
		.via = world_gateway(family, world_roll(world, 2 * WORLD_GATEWAYS)),
		.oif = world_chance(world, 70) ? UPLINK : TUNNEL,
		.table = world_chance(world, 95) ? RT_TABLE_MAIN : 100,
		.metric = family == AF_INET6 ? ROUTE_METRIC_IPV6 : 0,
		.protocol = protocols[world_roll(world, COUNT(protocols))],
		.type = RTN_UNICAST,
		.foreign_attributes = world_chance(world, 10),
	};

	if (world_chance(world, 10))
		route.metric = 9;
	if (world_chance(world, 10)) {
		route.type = RTN_BLACKHOLE;
		route.via = (struct ip_addr){0};
		route.oif = 0;
	} else if (family == AF_INET && world_chance(world, 15)) {
		route.nexthop_id = any_object(world);
	}
	return route;
}

static struct route *find_first(struct world *world, const struct route *route)
{
	for (size_t i = 0; i < world->kernel.count; i++)
		if (route_compare_key(&world->kernel.table[i], route) == 0)
			return &world->kernel.table[i];
	return NULL;
}

static bool is_there(const struct world *world, const struct route *route)
{
	for (size_t i = 0; i < world->kernel.count; i++)
		if (world_same_route(&world->kernel.table[i], route))
			return true;
	return false;
}

static void replace_route(struct world *world, struct route *present, const struct route *route)
{
	size_t key = world_key_of(route);
	struct foreign entry = strike_out(world, present);

	suspect(world, present);
	if (present->protocol == OURS) {
		entry.taken = key < WORLD_KEYS && world->wanted[key];
		entry.sure = !world->racing && key < WORLD_KEYS && world->held[key];
	}
	entry.route = *route;
	*present = *route;
	book(world, &entry);
	if (key < WORLD_KEYS && world_count(world, key, true) + world_count(world, key, false) > 1)
		doubt(world, key);
	tell_route(world, route, ROUTE_REPLACED);
}

static void put_route(struct world *world)
{
	struct route route = invent_route(world), *present = find_first(world, &route);
	size_t key;

	if (is_there(world, &route))
		return;
	if (present && (route.dst.addr.family == AF_INET6 || world_chance(world, 80))) {
		replace_route(world, present, &route);
		return;
	}
	key = world_key_of(&route);
	fake_routes_put(&world->kernel, &route);
	/* Ours may have been there a moment ago. */
	book(world,
	     &(struct foreign){.route = route, .taken = key < WORLD_KEYS && world->wanted[key]});
	doubt(world, key);
	tell_route(world, &route, ROUTE_CAME);
}

static void remove_route(struct world *world)
{
	struct rtnl *kernel = &world->kernel;
	struct route route;
	size_t at;

	if (kernel->count == 0)
		return;
	at = world_roll(world, (unsigned)kernel->count);
	route = kernel->table[at];
	suspect(world, &route);
	strike_out(world, &route);
	kernel->table[at] = kernel->table[--kernel->count];
	tell_route(world, &route, ROUTE_WENT);
}

/* Another next hop beside that of an IPv6 route: the kernel tells of the whole as if it came. */
static void widen_route(struct world *world)
{
	struct rtnl *kernel = &world->kernel;

	for (size_t i = 0; i < kernel->count; i++) {
		struct route *route = &kernel->table[i];
		struct foreign entry;

		if (route->dst.addr.family != AF_INET6 || route->foreign_attributes ||
		    world_chance(world, 50))
			continue;
		entry = strike_out(world, route);
		route->foreign_attributes = true;
		entry.route = *route;
		book(world, &entry);
		tell_route(world, route, ROUTE_CAME);
		return;
	}
}

/* ---- nexthop objects ---- */

static void note_object(struct world *world, const struct nexthop *nexthop)
{
	size_t i = 0;

	while (i < world->object_count && world->objects[i].id != nexthop->id)
		i++;
	if (nexthop->protocol == OURS && nexthop->id >= NEXTHOP_ID_FIRST) {
		if (i < world->object_count)
			world->objects[i] = world->objects[--world->object_count];
		return;
	}
	assert_true(i < WORLD_BOOK);
	world->objects[i] = *nexthop;
	world->object_count += i == world->object_count;
}

static void put_object(struct world *world)
{
	struct rtnl *kernel = &world->kernel;
	struct nexthop made = {
		.id = world_chance(world, 80) ? NEXTHOP_ID_FIRST + world_roll(world, 12)
	                                      : 1 + world_roll(world, 3),
		.via = world_gateway(AF_INET, world_roll(world, 2 * WORLD_GATEWAYS)),
		.oif = UPLINK,
		.protocol = world_chance(world, 70) ? OURS : RTPROT_STATIC,
		.foreign_attributes = world_chance(world, 10),
	};
	struct nexthop *present = (struct nexthop *)fake_nexthops_find(kernel, made.id);

	/* The kernel deletes by the number alone: nobody could keep one who takes it over just
	 * before. */
	if (world->racing && present)
		made.protocol = present->protocol;
	if (present)
		*present = made;
	else
		kernel->nexthops[kernel->nexthop_count++] = made;
	note_object(world, &made);
	tell_nexthop(world, &made);
}

/* The kernel takes all routes that refer to it along, and does not say so. */
static void remove_object(struct world *world, size_t at)
{
	struct rtnl *kernel = &world->kernel;
	struct nexthop nexthop = kernel->nexthops[at];

	for (size_t i = 0; i < kernel->count;)
		if (kernel->table[i].nexthop_id == nexthop.id) {
			suspect(world, &kernel->table[i]);
			strike_out(world, &kernel->table[i]);
			kernel->table[i] = kernel->table[--kernel->count];
		} else {
			i++;
		}
	for (size_t i = 0; i < world->object_count; i++)
		if (world->objects[i].id == nexthop.id)
			world->objects[i--] = world->objects[--world->object_count];
	kernel->nexthops[at] = kernel->nexthops[--kernel->nexthop_count];
	tell_nexthop(world, &nexthop);
}

static void remove_objects(struct world *world, bool all)
{
	struct rtnl *kernel = &world->kernel;

	while (kernel->nexthop_count > 0) {
		remove_object(world, world_roll(world, (unsigned)kernel->nexthop_count));
		if (!all)
			return;
	}
}

void world_meddle(struct world *world)
{
	unsigned choice = world_roll(world, 100);

	if (choice < 55)
		put_route(world);
	else if (choice < 80)
		remove_route(world);
	else if (choice < 85)
		widen_route(world);
	else if (choice < 92)
		put_object(world);
	else
		remove_objects(world, choice == 99);
}

/* ---- for a person ---- */

static void print_route(struct world *world, const struct route *route)
{
	const struct foreign *foreign = world_find_foreign(world, route);
	char dst[PREFIX_TEXT_MAX], via[IP_TEXT_MAX];
	struct ip_addr gateway = world_leads_to(world, route);
	size_t key = world_key_of(route);

	print_message("%s type %u via %s dev %d table %u metric %u proto %u nhid %x%s%s%s%s\n",
	              prefix_format(&route->dst, dst), route->type,
	              gateway.family ? ip_format(&gateway, via) : "-", route->oif, route->table,
	              route->metric, route->protocol, route->nexthop_id,
	              route->foreign_attributes ? " with more" : "",
	              foreign && foreign->taken ? " (took ours)" : "",
	              foreign && foreign->sure ? " (surely)" : "",
	              key < WORLD_KEYS && world->wanted[key] ? " wanted" : "");
}

void world_print(struct world *world)
{
	for (size_t i = 0; i < world->kernel.count; i++)
		print_route(world, &world->kernel.table[i]);
	for (size_t i = 0; i < world->kernel.nexthop_count; i++) {
		const struct nexthop *nexthop = &world->kernel.nexthops[i];
		char via[IP_TEXT_MAX];

		print_message("object %x via %s proto %u%s\n", nexthop->id,
		              ip_format(&nexthop->via, via), nexthop->protocol,
		              nexthop->foreign_attributes ? " with more" : "");
	}
}
