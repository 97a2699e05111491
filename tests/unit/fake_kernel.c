/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake_kernel.h"

#include <errno.h>
#include <stdlib.h>

#include "check.h"
#include "daemon/route_diff.h"

void fake_routes_put(struct rtnl *fake, const struct route *route)
{
	assert_true(fake->count < FAKE_ROUTES_MAX);
	fake->table[fake->count++] = *route;
}

static struct route *find_key(struct rtnl *fake, const struct route *route)
{
	for (size_t i = 0; i < fake->count; i++)
		if (route_compare_key(&fake->table[i], route) == 0)
			return &fake->table[i];
	return NULL;
}

const struct route *fake_routes_find(const struct rtnl *fake, const struct prefix *dst,
                                     uint32_t metric)
{
	for (size_t i = 0; i < fake->count; i++)
		if (prefix_equal(&fake->table[i].dst, dst) && fake->table[i].metric == metric)
			return &fake->table[i];
	return NULL;
}

static void happen(struct rtnl *fake)
{
	if (fake->meanwhile)
		fake->meanwhile(fake->meanwhile_ctx);
}

int route_dump(struct rtnl *fake, uint8_t family, uint32_t table, route_visit_fn visit,
               void (*restart)(void *ctx), void *ctx, struct error *err)
{
	fake->dumps++;
	for (int attempt = fake->restart_dumps ? 0 : 1; attempt < 2; attempt++) {
		size_t last = attempt == 0 || fake->dump_fails ? fake->count / 2 : fake->count;

		for (size_t i = 0; i < last && i < fake->count; i++) {
			struct route route = fake->table[i];

			if (i == last / 2)
				happen(fake);
			if (route.dst.addr.family == family && (table == 0 || route.table == table))
				visit(ctx, &route);
		}
		if (attempt == 0)
			restart(ctx);
	}
	return fake->dump_fails ? error_set(err, -fake->dump_fails, "dump failed") : 0;
}

static int delete_exactly(struct rtnl *fake, const struct route *route)
{
	for (size_t i = 0; i < fake->count; i++) {
		const struct route *at = &fake->table[i];

		if (route_compare_key(at, route) == 0 && at->protocol == route->protocol &&
		    at->nexthop_id == route->nexthop_id &&
		    (at->nexthop_id != 0 ||
		     (ip_equal(&at->via, &route->via) && at->oif == route->oif))) {
			fake->table[i] = fake->table[--fake->count];
			return 0;
		}
	}
	return -ESRCH;
}

static int change(struct rtnl *fake, const struct route_change *asked)
{
	struct route *present = find_key(fake, &asked->route);

	if (asked->route.nexthop_id != 0 && !fake_nexthops_find(fake, asked->route.nexthop_id))
		return -EINVAL;
	if (fake->refuse_with && prefix_equal(&fake->refuse, &asked->route.dst))
		return fake->refuse_with;
	switch (asked->verb) {
	case ROUTE_ADD:
		if (present)
			return -EEXIST;
		fake_routes_put(fake, &asked->route);
		return 0;
	case ROUTE_REPLACE:
		if (!present)
			return -ENOENT;
		*present = asked->route;
		return 0;
	case ROUTE_DELETE:
		return delete_exactly(fake, &asked->route);
	}
	return -EINVAL;
}

int route_apply(struct rtnl *fake, struct route_change *changes, size_t count, struct error *err)
{
	happen(fake);
	if (fake->apply_fails) {
		for (size_t i = 0; i < count / 2; i++)
			(void)change(fake, &changes[i]);
		return error_set(err, -fake->apply_fails, "send failed");
	}
	if (fake->sneak_in.dst.addr.family != 0) {
		fake_routes_put(fake, &fake->sneak_in);
		fake->sneak_in.dst.addr.family = 0;
	}
	for (size_t i = 0; i < count; i++) {
		assert_true(fake->asked_count < FAKE_ROUTES_MAX);
		fake->asked[fake->asked_count++] = changes[i];
		changes[i].result = change(fake, &changes[i]);
	}
	return 0;
}

void route_changes_release(struct route_change *changes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(changes[i].detail);
}

int route_lookup(struct rtnl *fake, const struct ip_addr *addr, int *oif, struct error *err)
{
	(void)fake;
	(void)addr;
	(void)oif;
	return error_set(err, ENOTSUP, "the fake knows no lookups");
}

/* ---- nexthop objects ---- */

const struct nexthop *fake_nexthops_find(const struct rtnl *fake, uint32_t id)
{
	for (size_t i = 0; i < fake->nexthop_count; i++)
		if (fake->nexthops[i].id == id)
			return &fake->nexthops[i];
	return NULL;
}

int nexthop_dump(struct rtnl *fake, nexthop_visit_fn visit, void (*restart)(void *ctx), void *ctx,
                 struct error *err)
{
	(void)restart;
	if (fake->no_nexthops)
		return error_set(err, EOPNOTSUPP, "no nexthop objects here");
	for (size_t i = 0; i < fake->nexthop_count; i++)
		visit(ctx, &fake->nexthops[i]);
	return 0;
}

/* Routes that refer to it go along, whoever's they are. */
static void delete_nexthop(struct rtnl *fake, struct nexthop *nexthop)
{
	uint32_t id = nexthop->id;
	size_t kept = 0;

	for (size_t i = 0; i < fake->count; i++)
		if (fake->table[i].nexthop_id != id)
			fake->table[kept++] = fake->table[i];
	fake->count = kept;
	*nexthop = fake->nexthops[--fake->nexthop_count];
}

static int change_nexthop(struct rtnl *fake, const struct nexthop_change *asked)
{
	struct nexthop *present = (struct nexthop *)fake_nexthops_find(fake, asked->nexthop.id);

	switch (asked->verb) {
	case NEXTHOP_ADD:
		if (present)
			return -EEXIST;
		assert_true(fake->nexthop_count < FAKE_ROUTES_MAX);
		fake->nexthops[fake->nexthop_count++] = asked->nexthop;
		return 0;
	case NEXTHOP_REPLACE:
		if (!present)
			return -ENOENT;
		*present = asked->nexthop;
		return 0;
	case NEXTHOP_DELETE:
		if (!present)
			return -ENOENT;
		delete_nexthop(fake, present);
		return 0;
	}
	return -EINVAL;
}

int nexthop_apply(struct rtnl *fake, struct nexthop_change *changes, size_t count,
                  struct error *err)
{
	happen(fake);
	if (fake->apply_fails)
		return error_set(err, -fake->apply_fails, "send failed");
	for (size_t i = 0; i < count; i++) {
		fake->nexthops_asked++;
		changes[i].result = change_nexthop(fake, &changes[i]);
	}
	return 0;
}

void nexthop_changes_release(struct nexthop_change *changes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(changes[i].detail);
}
