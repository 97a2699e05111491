/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "route_view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "route_diff.h"
#include "route_group.h"

/* Reading anew costs less than following more events than this, or than this share of all. */
#define EVENTS_MOST  256
#define EVENTS_SHARE 8

enum trust { STALE, READING, TRUSTED };

struct route_view {
	enum trust trust;
	bool out_of_memory; /* since route_view_begin */
	struct route *routes;
	size_t count, room;
	size_t family_start; /* where the dump under way began: it may begin again */
	struct route_news *queue;
	size_t queued, queue_room;
	size_t events; /* of those queued */
};

int route_view_new(struct route_view **out, struct error *err)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : error_set(err, ENOMEM, "out of memory");
}

static void drop_queue(struct route_view *view)
{
	free(view->queue);
	view->queue = NULL;
	view->queued = view->queue_room = view->events = 0;
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
	view->trust = STALE;
	drop_queue(view);
}

/* ---- reading it anew ---- */

void route_view_begin(struct route_view *view)
{
	drop_queue(view);
	view->trust = READING;
	view->out_of_memory = false;
	view->count = view->family_start = 0;
}

void route_view_begin_family(struct route_view *view)
{
	view->family_start = view->count;
}

void route_view_restart_family(struct route_view *view)
{
	view->count = view->family_start;
}

/* Room for one more in an array that doubles. False: no memory, and nothing changed. */
static bool make_room(void **array, size_t count, size_t *room, size_t size)
{
	size_t more = *room ? *room * 2 : 16;
	void *larger;

	if (count < *room)
		return true;
	larger = reallocarray(*array, more, size);
	if (!larger)
		return false;
	*array = larger;
	*room = more;
	return true;
}

void route_view_add(struct route_view *view, const struct route *route)
{
	void *routes = view->routes;

	if (!make_room(&routes, view->count, &view->room, sizeof(*route))) {
		view->out_of_memory = true;
		return;
	}
	view->routes = routes;
	view->routes[view->count++] = *route;
}

/* Gives back what growth left over. */
static void shrink_to_fit(struct route_view *view)
{
	size_t room = view->count > 0 ? view->count : 1;
	struct route *fitting = reallocarray(view->routes, room, sizeof(*fitting));

	if (!fitting)
		return;
	view->routes = fitting;
	view->room = room;
}

int route_view_end(struct route_view *view, struct error *err)
{
	if (view->out_of_memory) {
		route_view_distrust(view);
		return error_set(err, ENOMEM, "out of memory for the kernel's routes");
	}
	if (view->count > 0)
		qsort(view->routes, view->count, sizeof(*view->routes), route_compare_key);
	shrink_to_fit(view);
	if (view->trust == READING)
		view->trust = TRUSTED;
	return 0;
}

/* ---- the queue ---- */

static void queue_news(struct route_view *view, const struct route *route, enum route_event event,
                       bool own)
{
	void *queue = view->queue;

	if (view->trust == STALE)
		return;
	if (!make_room(&queue, view->queued, &view->queue_room, sizeof(*view->queue))) {
		route_view_distrust(view);
		return;
	}
	view->queue = queue;
	view->queue[view->queued] = (struct route_news){*route, event, (uint32_t)view->queued, own};
	view->queued++;
	view->events += !own;
}

void route_view_note_event(struct route_view *view, const struct route *route,
                           enum route_event event)
{
	if (view->events >= EVENTS_MOST && view->events >= view->count / EVENTS_SHARE)
		route_view_distrust(view);
	else
		queue_news(view, route, event, false);
}

/* The kernel had something else than was thought, or nobody knows what it has. */
static bool shows_wrong_picture(int result)
{
	return result == -EEXIST || result == -ENOENT || result == -ESRCH || result == -EINPROGRESS;
}

void route_view_note_change(struct route_view *view, const struct route_change *change)
{
	static const enum route_event events[] = {
		[ROUTE_ADD] = ROUTE_CAME,
		[ROUTE_REPLACE] = ROUTE_REPLACED,
		[ROUTE_DELETE] = ROUTE_WENT,
	};

	if (change->result == 0)
		queue_news(view, &change->route, events[change->verb], true);
	else if (shows_wrong_picture(change->result))
		route_view_distrust(view);
}

/* ---- all keys: one merge of the routes with the sorted queue ---- */

static int compare_news(const void *a, const void *b)
{
	const struct route_news *left = a, *right = b;
	int order = route_compare_key(&left->route, &right->route);

	return order ? order : (left->order > right->order) - (left->order < right->order);
}

static size_t count_before(const struct route *routes, size_t count, const struct route *key)
{
	size_t low = 0;

	while (low < count) {
		size_t middle = low + (count - low) / 2;

		if (route_compare_key(&routes[middle], key) < 0)
			low = middle + 1;
		else
			count = middle;
	}
	return low;
}

static size_t count_of_key(const struct route *routes, size_t count, const struct route *key)
{
	size_t same_key = 0;

	while (same_key < count && route_compare_key(&routes[same_key], key) == 0)
		same_key++;
	return same_key;
}

static size_t count_news_of_key(const struct route_news *news, size_t count)
{
	size_t same_key = 1;

	while (same_key < count && route_compare_key(&news[same_key].route, &news->route) == 0)
		same_key++;
	return same_key;
}

struct merge {
	const struct route *from; /* what is left of the routes known so far */
	size_t left;
	struct route *out; /* with room for all of those and one more a piece of news */
	size_t count;
};

static void copy_routes(struct merge *merge, size_t count)
{
	if (count == 0)
		return;
	memcpy(merge->out + merge->count, merge->from, count * sizeof(*merge->out));
	merge->count += count;
	merge->from += count;
	merge->left -= count;
}

static bool merge_news(struct merge *merge, const struct route_news *news, size_t count)
{
	while (count > 0) {
		size_t of_key = count_news_of_key(news, count);
		struct route_group group;

		copy_routes(merge, count_before(merge->from, merge->left, &news->route));
		group.routes = merge->out + merge->count;
		group.count = count_of_key(merge->from, merge->left, &news->route);
		copy_routes(merge, group.count);
		merge->count -= group.count;
		if (!route_group_take(&group, news, of_key))
			return false;
		merge->count += group.count;
		news += of_key;
		count -= of_key;
	}
	copy_routes(merge, merge->left);
	return true;
}

static bool follow_queue(struct route_view *view)
{
	size_t room = view->count + view->queued;
	struct merge merge = {
		.from = view->routes,
		.left = view->count,
		.out = reallocarray(NULL, room, sizeof(*merge.out)),
	};

	if (!merge.out)
		return false;
	qsort(view->queue, view->queued, sizeof(*view->queue), compare_news);
	if (!merge_news(&merge, view->queue, view->queued)) {
		free(merge.out);
		return false;
	}
	free(view->routes);
	view->routes = merge.out;
	view->count = merge.count;
	view->room = room;
	shrink_to_fit(view);
	return true;
}

bool route_view_settle(struct route_view *view)
{
	if (view->trust != TRUSTED)
		return false;
	if (view->queued > 0 && !follow_queue(view))
		view->trust = STALE;
	drop_queue(view);
	return view->trust == TRUSTED;
}

const struct route *route_view_routes(const struct route_view *view, size_t *count)
{
	*count = view->count;
	return view->routes;
}
