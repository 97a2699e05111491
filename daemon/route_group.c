/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "route_group.h"

/* More routes of one key than anybody makes on purpose; each piece of news looks at all of them. */
#define GROUP_MOST 16

/* A nexthop object stands for gateway and interface, which the kernel tells besides only where
 * nexthop_compat_mode is on. */
static bool same(const struct route *a, const struct route *b)
{
	return a->protocol == b->protocol && a->type == b->type &&
	       a->foreign_attributes == b->foreign_attributes && a->nexthop_id == b->nexthop_id &&
	       (a->nexthop_id != 0 || (a->oif == b->oif && ip_equal(&a->via, &b->via)));
}

static size_t count_same(const struct route_group *group, const struct route *route, size_t *at)
{
	size_t count = 0;

	for (size_t i = 0; i < group->count; i++) {
		if (same(&group->routes[i], route)) {
			*at = i;
			count++;
		}
	}
	return count;
}

/* IPv4 takes several routes of one key. IPv6 joins those that have a gateway, and tells of a part
 * or of the whole under the protocol of the last. */
static bool take_came(struct route_group *group, const struct route_news *news)
{
	size_t at;

	/* An own add is exclusive: the key was free. */
	if (group->count > 0 && news->own)
		return false;
	/* A dump saw it already, unless it differs in an attribute that is not kept here. */
	if (count_same(group, &news->route, &at) > 0)
		return !news->route.foreign_attributes;
	if (group->count > 0 && news->route.dst.addr.family == AF_INET6)
		return false;
	group->routes[group->count++] = news->route;
	return true;
}

/* Of several routes the kernel replaces the first, and the order is not known here. */
static bool take_replaced(struct route_group *group, const struct route_news *news)
{
	if (group->count != 1)
		return false;
	group->routes[0] = news->route;
	return true;
}

static bool take_went(struct route_group *group, const struct route_news *news)
{
	size_t at = 0;

	/* It went before a dump came by, and its event came after. */
	if (group->count == 0)
		return !news->own;
	/* A request names less than a route has (no source address; to IPv6 not even the type
	 * matters), so that among several it may have found another. */
	if (news->own && group->count > 1)
		return false;
	if (count_same(group, &news->route, &at) != 1)
		return false;
	group->routes[at] = group->routes[--group->count];
	return true;
}

bool route_group_take(struct route_group *group, const struct route_news *news, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		bool clear = false;

		/* An event may tell of what was before an own change or after it. */
		if (news[i].own != news[0].own || group->count > GROUP_MOST)
			return false;
		switch (news[i].event) {
		case ROUTE_CAME:
			clear = take_came(group, &news[i]);
			break;
		case ROUTE_REPLACED:
			clear = take_replaced(group, &news[i]);
			break;
		case ROUTE_WENT:
			clear = take_went(group, &news[i]);
			break;
		}
		if (!clear)
			return false;
	}
	return true;
}
