/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "route_view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "route_diff.h"

/* So many events may wait beside an eighth of the routes; for more, a dump is cheaper. */
#define QUEUE_LEAST 256

struct pending {
	struct route route;
	enum route_event event;
	size_t order; /* of arrival */
};

struct route_view {
	struct route *routes; /* sorted by route_compare_key, but while it is read anew */
	size_t count, room;
	size_t family_start; /* where the dump under way began */
	struct pending *queue;
	size_t queued, queue_room;
	bool stale;
	bool failed; /* in the reading under way: no memory */
};

int route_view_new(struct route_view **out, struct error *err)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return error_set(err, ENOMEM, "out of memory");
	(*out)->stale = true;
	return 0;
}

static void drop_queue(struct route_view *view)
{
	free(view->queue);
	view->queue = NULL;
	view->queued = view->queue_room = 0;
}

void route_view_free(struct route_view *view)
{
	if (!view)
		return;
	drop_queue(view);
	free(view->routes);
	free(view);
}

void route_view_distrust(struct route_view *view)
{
	view->stale = true;
	drop_queue(view);
}

/* ---- reading anew ---- */

void route_view_begin(struct route_view *view)
{
	route_view_distrust(view);
	view->count = 0;
	view->failed = false;
}

void route_view_begin_family(struct route_view *view)
{
	view->family_start = view->count;
}

void route_view_restart_family(struct route_view *view)
{
	view->count = view->family_start;
}

void route_view_add(struct route_view *view, const struct route *route)
{
	if (view->count == view->room) {
		size_t room = view->room ? view->room * 2 : 64;
		struct route *larger = reallocarray(view->routes, room, sizeof(*larger));

		if (!larger) {
			view->failed = true;
			return;
		}
		view->routes = larger;
		view->room = room;
	}
	view->routes[view->count++] = *route;
}

int route_view_end(struct route_view *view, struct error *err)
{
	if (view->failed)
		return error_set(err, ENOMEM, "out of memory for the kernel's routes");
	if (view->count > 0)
		qsort(view->routes, view->count, sizeof(*view->routes), route_compare_key);
	view->stale = false;
	return 0;
}

/* ---- what is told ---- */

static void enqueue(struct route_view *view, const struct route *route, enum route_event event)
{
	if (view->stale)
		return;
	if (view->queued == view->queue_room) {
		size_t room = view->queue_room ? view->queue_room * 2 : 16;
		struct pending *larger = reallocarray(view->queue, room, sizeof(*larger));

		if (!larger) {
			route_view_distrust(view);
			return;
		}
		view->queue = larger;
		view->queue_room = room;
	}
	view->queue[view->queued] = (struct pending){*route, event, view->queued};
	view->queued++;
}

void route_view_note_event(struct route_view *view, const struct route *route,
                           enum route_event event)
{
	if (view->queued >= QUEUE_LEAST + view->count / 8)
		route_view_distrust(view);
	else
		enqueue(view, route, event);
}

void route_view_note_change(struct route_view *view, const struct route_change *change)
{
	static const enum route_event events[] = {[ROUTE_ADD] = ROUTE_CAME,
	                                          [ROUTE_REPLACE] = ROUTE_REPLACED,
	                                          [ROUTE_DELETE] = ROUTE_WENT};

	switch (change->result) {
	case 0:
		enqueue(view, &change->route, events[change->verb]);
		break;
	case -EEXIST:
	case -ENOENT:
	case -ESRCH:
	case -EINPROGRESS:
		route_view_distrust(view); /* the kernel has something else than was believed */
		break;
	default:
		break; /* refused: all is as it was */
	}
}

/* ---- working it off ---- */

static int compare_pending(const void *a, const void *b)
{
	const struct pending *left = a, *right = b;
	int order = route_compare_key(&left->route, &right->route);

	return order ? order : (left->order > right->order) - (left->order < right->order);
}

/* Behind a nexthop object, gateway and interface are the object's. */
static bool is_same(const struct route *a, const struct route *b)
{
	return a->protocol == b->protocol && a->type == b->type && a->nexthop_id == b->nexthop_id &&
	       a->foreign_attributes == b->foreign_attributes &&
	       (a->nexthop_id != 0 || (a->oif == b->oif && ip_equal(&a->via, &b->via)));
}

/* The routes of one key, at the end of the array that is being made. */
struct group {
	struct route *routes;
	size_t count;
};

static struct route *find_same(const struct group *group, const struct route *route)
{
	for (size_t i = 0; i < group->count; i++)
		if (is_same(&group->routes[i], route))
			return &group->routes[i];
	return NULL;
}

/* False: what the kernel has now could be more than one thing. */
static bool apply_event(struct group *group, const struct pending *pending)
{
	const struct route *route = &pending->route;
	struct route *same = find_same(group, route);

	switch (pending->event) {
	case ROUTE_CAME:
		if (same)
			return true;
		/* IPv6 may have joined the two to one route with two next hops. */
		if (group->count > 0 && route->dst.addr.family == AF_INET6)
			return false;
		group->routes[group->count++] = *route;
		return true;
	case ROUTE_REPLACED:
		if (group->count > 1)
			return false;
		group->routes[0] = *route;
		group->count = 1;
		return true;
	case ROUTE_WENT:
		if (!same)
			return group->count == 0;
		*same = group->routes[--group->count];
		return true;
	}
	return false;
}

/* Takes the routes of the first key of both lists over into `merged`, with its events applied. */
static bool merge_key(const struct route **routes, const struct route *routes_end,
                      const struct pending **events, const struct pending *events_end,
                      struct route *merged, size_t *count)
{
	struct group group = {.routes = merged + *count};
	const struct route *key = *routes < routes_end ? *routes : NULL;

	if (!key || (*events < events_end && route_compare_key(&(*events)->route, key) < 0))
		key = &(*events)->route;
	while (*routes < routes_end && route_compare_key(*routes, key) == 0)
		group.routes[group.count++] = *(*routes)++;
	for (; *events < events_end && route_compare_key(&(*events)->route, key) == 0; (*events)++)
		if (!apply_event(&group, *events))
			return false;
	*count += group.count;
	return true;
}

static bool merge(struct route_view *view, struct route *merged, size_t *count)
{
	const struct route *routes = view->routes, *routes_end = routes + view->count;
	const struct pending *events = view->queue, *events_end = events + view->queued;

	*count = 0;
	while (routes < routes_end || events < events_end)
		if (!merge_key(&routes, routes_end, &events, events_end, merged, count))
			return false;
	return true;
}

bool route_view_settle(struct route_view *view)
{
	size_t room = view->count + view->queued, count;
	struct route *merged;

	if (view->stale || view->queued == 0)
		return !view->stale;
	qsort(view->queue, view->queued, sizeof(*view->queue), compare_pending);
	merged = malloc(room * sizeof(*merged));
	if (!merged || !merge(view, merged, &count)) {
		free(merged);
		route_view_distrust(view);
		return false;
	}
	free(view->routes);
	view->routes = merged;
	view->room = room;
	view->count = count;
	drop_queue(view);
	return true;
}

const struct route *route_view_routes(const struct route_view *view, size_t *count)
{
	*count = view->count;
	return view->routes;
}
