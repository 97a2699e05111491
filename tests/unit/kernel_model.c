/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel_model.h"

#include <errno.h>
#include <string.h>

#include "check.h"
#include "daemon/route_diff.h"

static bool of_key(const struct model_route *known, const struct route *key)
{
	return route_compare_key(&known->route, key) == 0;
}

static bool is_ipv6(const struct route *route)
{
	return route->dst.addr.family == AF_INET6;
}

/* A part of what IPv6 makes one route of, if there are more. */
static bool can_join(const struct route *route)
{
	return is_ipv6(route) && route->via.family != 0;
}

static bool same_next_hop(const struct route *a, const struct route *b)
{
	return a->oif == b->oif && a->type == b->type && ip_equal(&a->via, &b->via);
}

/* What the kernel takes for the same route, of one key: IPv6 does not look at the protocol. */
static bool same_route(const struct model_route *a, const struct model_route *b)
{
	return same_next_hop(&a->route, &b->route) &&
	       (is_ipv6(&a->route) ||
	        (a->route.protocol == b->route.protocol && a->source == b->source));
}

/* The place of the first of the key from `at` on; `count` if there is none. */
static size_t find_key(const struct kernel_model *model, const struct route *key, size_t at)
{
	while (at < model->count && !of_key(&model->routes[at], key))
		at++;
	return at;
}

size_t kernel_model_count_of_key(const struct kernel_model *model, const struct route *key)
{
	size_t count = 0;

	for (size_t i = find_key(model, key, 0); i < model->count; i = find_key(model, key, i + 1))
		count++;
	return count;
}

static size_t count_parts(const struct kernel_model *model, const struct route *key)
{
	size_t parts = 0;

	for (size_t i = find_key(model, key, 0); i < model->count; i = find_key(model, key, i + 1))
		parts += can_join(&model->routes[i].route);
	return parts;
}

/* What is told of one that is there: of a part, the whole under the part's protocol. */
static struct route told_of(const struct kernel_model *model, const struct model_route *known)
{
	struct route route = known->route;

	route.foreign_attributes = known->source != 0;
	if (can_join(&route) && count_parts(model, &route) > 1) {
		route.foreign_attributes = true;
		route.via = (struct ip_addr){0};
		route.oif = 0;
	}
	return route;
}

static void tell(struct model_event *event, const struct route *route, enum route_event kind)
{
	*event = (struct model_event){true, *route, kind};
}

static void remove_at(struct kernel_model *model, size_t at)
{
	memmove(&model->routes[at], &model->routes[at + 1],
	        (--model->count - at) * sizeof(*model->routes));
}

static void remove_parts(struct kernel_model *model, const struct route *key, size_t from)
{
	for (size_t i = model->count; i-- > from;)
		if (of_key(&model->routes[i], key) && can_join(&model->routes[i].route))
			remove_at(model, i);
}

static int insert(struct kernel_model *model, size_t at, const struct model_route *request,
                  struct model_event *event)
{
	struct route told;

	assert_true(model->count < MODEL_MOST);
	memmove(&model->routes[at + 1], &model->routes[at],
	        (model->count++ - at) * sizeof(*model->routes));
	model->routes[at] = *request;
	told = told_of(model, request);
	tell(event, &told, ROUTE_CAME);
	return 0;
}

static int replace(struct kernel_model *model, const struct model_route *request,
                   struct model_event *event)
{
	const struct route *key = &request->route;
	size_t first = find_key(model, key, 0), at = first;
	struct route told;

	/* IPv6 replaces like by like, if it can. */
	while (is_ipv6(key) && at < model->count &&
	       can_join(&model->routes[at].route) != can_join(key))
		at = find_key(model, key, at + 1);
	if (at == model->count)
		at = first;
	for (size_t i = first; !is_ipv6(key) && i < model->count; i = find_key(model, key, i + 1))
		if (same_route(&model->routes[i], request))
			return i == first ? 0 : -EEXIST;
	if (can_join(&model->routes[at].route))
		remove_parts(model, key, at + 1);
	model->routes[at] = *request;
	told = told_of(model, request);
	tell(event, &told, ROUTE_REPLACED);
	return 0;
}

/* True if a request to delete may mean this one: IPv4 looks for the next hop if one is named,
 * IPv6 for what is named of it, and not at the type. */
static bool may_mean(const struct model_route *known, const struct route *request)
{
	if (!of_key(known, request) || known->route.protocol != request->protocol)
		return false;
	if (!is_ipv6(request) && known->route.type != request->type)
		return false;
	return (request->oif == 0 || known->route.oif == request->oif) &&
	       (request->via.family == 0 || ip_equal(&known->route.via, &request->via));
}

static int delete_route(struct kernel_model *model, const struct route *request,
                        struct model_event *event)
{
	size_t at = 0;
	struct model_route known;
	struct route told;

	while (at < model->count && !may_mean(&model->routes[at], request))
		at++;
	if (at == model->count)
		return -ESRCH;
	known = model->routes[at];
	told = told_of(model, &known);
	if (can_join(&known.route) && request->via.family == 0) {
		remove_parts(model, &known.route, 0);
	} else {
		told = known.route;
		told.foreign_attributes = known.source != 0;
		remove_at(model, at);
	}
	tell(event, &told, ROUTE_WENT);
	return 0;
}

int kernel_model_do(struct kernel_model *model, enum model_verb verb,
                    const struct model_route *request, struct model_event *event)
{
	const struct route *key = &request->route;
	size_t first = find_key(model, key, 0);

	event->told = false;
	switch (verb) {
	case MODEL_DELETE:
		return delete_route(model, key, event);
	case MODEL_REPLACE:
	case MODEL_CHANGE:
		if (first < model->count)
			return replace(model, request, event);
		return verb == MODEL_CHANGE ? -ENOENT : insert(model, first, request, event);
	case MODEL_ADD:
	case MODEL_APPEND:
	case MODEL_PREPEND:
		break;
	}
	if (verb == MODEL_ADD && first < model->count)
		return -EEXIST;
	for (size_t i = first; i < model->count; i = find_key(model, key, i + 1))
		if (same_route(&model->routes[i], request))
			return -EEXIST;
	return insert(model, verb == MODEL_PREPEND ? first : model->count, request, event);
}

size_t kernel_model_dump(const struct kernel_model *model, struct route *out)
{
	size_t count = 0;

	for (size_t i = 0; i < model->count; i++) {
		const struct route *route = &model->routes[i].route;
		size_t earlier = find_key(model, route, 0);

		/* The whole is shown once, where its first part is. */
		while (earlier < i && !can_join(&model->routes[earlier].route))
			earlier = find_key(model, route, earlier + 1);
		if (!can_join(route) || earlier == i)
			out[count++] = told_of(model, &model->routes[i]);
	}
	return count;
}
