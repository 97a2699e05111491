/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "remembered.h"

#include <stdlib.h>
#include <string.h>

#include "route_diff.h"

void remembered_set(struct remembered *remembered, struct route *routes, enum hold *holds,
                    size_t count)
{
	remembered_free(remembered);
	*remembered = (struct remembered){.routes = routes, .holds = holds, .count = count};
}

void remembered_free(struct remembered *remembered)
{
	free(remembered->routes);
	free(remembered->holds);
	free(remembered->objects);
	memset(remembered, 0, sizeof(*remembered));
}

const struct route *remembered_find(const struct remembered *remembered, const struct route *route)
{
	if (remembered->count == 0)
		return NULL;
	return bsearch(route, remembered->routes, remembered->count, sizeof(*route),
	               route_compare_key);
}

bool remembered_has_asked(const struct remembered *remembered, const struct route *route)
{
	return remembered_find(remembered, route) != NULL;
}

static enum hold find_hold(const struct remembered *remembered, const struct route *route)
{
	const struct route *found = remembered_find(remembered, route);

	return found ? remembered->holds[found - remembered->routes] : HOLD_NONE;
}

bool remembered_has_key(const struct remembered *remembered, const struct route *route)
{
	enum hold hold = find_hold(remembered, route);

	return hold >= HOLD_KEY && hold != HOLD_BESIDE;
}

bool remembered_has_route(const struct remembered *remembered, const struct route *route)
{
	const struct route *before = remembered_find(remembered, route);

	return before && find_hold(remembered, route) >= HOLD_ROUTE &&
	       route_satisfies(route, before);
}

bool remembered_stands(const struct remembered *remembered, const struct route *route)
{
	return find_hold(remembered, route) >= HOLD_STANDS;
}

static int compare_ids(const void *a, const void *b)
{
	uint32_t left = ((const struct nexthop *)a)->id, right = ((const struct nexthop *)b)->id;

	return (left > right) - (left < right);
}

/* Looked for only where objects changed, which is seldom. */
static void collect_objects(struct remembered *remembered)
{
	remembered->objects = calloc(remembered->count + 1, sizeof(*remembered->objects));
	if (!remembered->objects)
		return;
	for (size_t i = 0; i < remembered->count; i++) {
		const struct route *route = &remembered->routes[i];

		if (route->nexthop_id != 0 && remembered->holds[i] >= HOLD_ROUTE)
			remembered->objects[remembered->object_count++] = (struct nexthop){
				.id = route->nexthop_id, .via = route->via, .oif = route->oif};
	}
	qsort(remembered->objects, remembered->object_count, sizeof(*remembered->objects),
	      compare_ids);
}

bool remembered_has_object(struct remembered *remembered, const struct nexthop *object)
{
	const struct nexthop *found;

	if (!remembered->objects)
		collect_objects(remembered);
	if (!remembered->objects)
		return false;
	found = bsearch(object, remembered->objects, remembered->object_count, sizeof(*found),
	                compare_ids);
	return found && ip_equal(&found->via, &object->via) && found->oif == object->oif;
}
