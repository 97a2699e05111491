/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cleanup_routes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void cleanup_finds_release(struct cleanup_finds *finds)
{
	free(finds->routes);
	free(finds->nexthops);
	*finds = (struct cleanup_finds){0};
}

/* Room for one more of `size` bytes in *items; false: there is no memory. */
static bool make_room(void **items, size_t count, size_t *room, size_t size)
{
	size_t wanted = *room > 0 ? *room * 2 : 64;
	void *larger;

	if (count < *room)
		return true;
	larger = reallocarray(*items, wanted, size);
	if (!larger)
		return false;
	*items = larger;
	*room = wanted;
	return true;
}

void cleanup_add_route(struct cleanup_finds *finds, const struct route *route)
{
	void *items = finds->routes;

	if (!make_room(&items, finds->route_count, &finds->route_room, sizeof(*route)))
		finds->no_memory = true;
	else
		((struct route *)items)[finds->route_count++] = *route;
	finds->routes = items;
}

void cleanup_add_nexthop(struct cleanup_finds *finds, const struct nexthop *nexthop)
{
	void *items = finds->nexthops;

	if (!make_room(&items, finds->nexthop_count, &finds->nexthop_room, sizeof(*nexthop)))
		finds->no_memory = true;
	else
		((struct nexthop *)items)[finds->nexthop_count++] = *nexthop;
	finds->nexthops = items;
}

/* ---- reading ---- */

struct family_dump {
	struct cleanup_finds *finds;
	size_t before; /* routes of other families */
};

static void visit_route(void *ctx, const struct route *route)
{
	cleanup_add_route(((struct family_dump *)ctx)->finds, route);
}

static void restart_routes(void *ctx)
{
	struct family_dump *dump = ctx;

	dump->finds->route_count = dump->before;
}

static void visit_nexthop(void *ctx, const struct nexthop *nexthop)
{
	cleanup_add_nexthop(ctx, nexthop);
}

static void restart_nexthops(void *ctx)
{
	((struct cleanup_finds *)ctx)->nexthop_count = 0;
}

int cleanup_read(struct rtnl *rtnl, struct cleanup_finds *out, struct error *err)
{
	int result = 0;

	*out = (struct cleanup_finds){0};
	for (int i = 0; i < IP_FAMILIES && result == 0; i++) {
		struct family_dump dump = {out, out->route_count};

		result = route_dump(rtnl, ip_family((enum ip_family_index)i), 0, visit_route,
		                    restart_routes, &dump, err);
	}
	if (result == 0)
		result = nexthop_dump(rtnl, visit_nexthop, restart_nexthops, out, err);
	if (result == -EOPNOTSUPP)
		result = 0; /* a kernel without such objects has none of ours */
	if (result == 0 && out->no_memory)
		result = error_set(err, ENOMEM, "no memory for the kernel's routes");
	if (result < 0)
		cleanup_finds_release(out);
	return result;
}

/* ---- choosing ---- */

/* What flanneld's host-gw leaves. The kernel's routes to interfaces have no gateway, and whoever
 * writes routes for good marks them (static, or a number of their own). */
static bool is_flannels(const struct cleanup_scope *scope, const struct route *route)
{
	const struct prefix *network = &scope->network[ip_family_index(route->dst.addr.family)];

	return scope->flannel && network->addr.family != 0 && route->protocol == RTPROT_BOOT &&
	       route->type == RTN_UNICAST && route->table == RT_TABLE_MAIN &&
	       route->via.family != 0 && !route->foreign_attributes && route->nexthop_id == 0 &&
	       prefix_contains(network, &route->dst) && !prefix_equal(network, &route->dst) &&
	       !prefix_contains_ip(network, &route->via);
}

static bool is_to_go(const struct cleanup_scope *scope, const struct route *route)
{
	return route->protocol == scope->protocol || is_flannels(scope, route);
}

static bool is_our_object(const struct cleanup_scope *scope, const struct nexthop *nexthop)
{
	return nexthop->protocol == scope->protocol && nexthop->id >= NEXTHOP_ID_FIRST &&
	       nexthop->id <= NEXTHOP_ID_LAST && nexthop->member == 0;
}

static int compare_ids(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

/* The objects that what stays leads through, sorted; NULL: no memory. */
static uint32_t *list_used(const struct cleanup_finds *all, const struct cleanup_scope *scope,
                           size_t *count)
{
	uint32_t *ids = calloc(all->route_count + all->nexthop_count + 1, sizeof(*ids));

	*count = 0;
	if (!ids)
		return NULL;
	for (size_t i = 0; i < all->route_count; i++)
		if (all->routes[i].nexthop_id != 0 && !is_to_go(scope, &all->routes[i]))
			ids[(*count)++] = all->routes[i].nexthop_id;
	for (size_t i = 0; i < all->nexthop_count; i++)
		if (all->nexthops[i].member != 0)
			ids[(*count)++] = all->nexthops[i].member;
	qsort(ids, *count, sizeof(*ids), compare_ids);
	return ids;
}

void cleanup_choose(const struct cleanup_finds *all, const struct cleanup_scope *scope,
                    struct cleanup_finds *gone, struct cleanup_finds *kept)
{
	size_t used_count;
	uint32_t *used = list_used(all, scope, &used_count);

	*gone = *kept = (struct cleanup_finds){0};
	gone->no_memory = !used;
	for (size_t i = 0; i < all->route_count; i++)
		if (is_to_go(scope, &all->routes[i]))
			cleanup_add_route(gone, &all->routes[i]);
	for (size_t i = 0; used && i < all->nexthop_count; i++) {
		const struct nexthop *nexthop = &all->nexthops[i];

		if (!is_our_object(scope, nexthop))
			continue;
		cleanup_add_nexthop(
			bsearch(&nexthop->id, used, used_count, sizeof(*used), compare_ids) ? kept
											    : gone,
			nexthop);
	}
	free(used);
}
