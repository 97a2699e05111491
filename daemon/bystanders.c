/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bystanders.h"

#include <stdlib.h>
#include <string.h>

#include "hostgw/nexthop.h"

static void add(struct bystanders *bystanders, struct bystander item)
{
	if (bystanders->count == bystanders->room) {
		size_t room = bystanders->room ? bystanders->room * 2 : 4;
		struct bystander *larger = reallocarray(bystanders->items, room, sizeof(*larger));

		if (!larger) {
			bystanders->unknown = true;
			return;
		}
		bystanders->items = larger;
		bystanders->room = room;
	}
	bystanders->items[bystanders->count++] = item;
}

static bool is_in_others_hands(const struct route *route, uint8_t ours)
{
	bool own_object = route->nexthop_id >= NEXTHOP_ID_FIRST &&
	                  route->nexthop_id <= NEXTHOP_ID_LAST;

	return route->protocol != ours || (route->nexthop_id != 0 && !own_object);
}

static bool is_of_a_pod(const struct route *route, const struct prefix own[IP_FAMILIES])
{
	const struct prefix *cidr = &own[ip_family_index(route->dst.addr.family)];

	return cidr->addr.family != 0 && route->dst.length > cidr->length &&
	       prefix_contains(cidr, &route->dst);
}

/* Of several next hops the first is known; a preferred source may be another link's address, but
 * not where the kernel itself made the route for an address. What an object leads over is not
 * known. */
static int link_of(const struct route *route)
{
	if (route->nexthop_id != 0 ||
	    (route->foreign_attributes && route->protocol != RTPROT_KERNEL))
		return BYSTANDER_ANY_LINK;
	return route->oif;
}

void bystanders_note(struct bystanders *bystanders, const struct route *routes, size_t count,
                     uint8_t ours, const struct prefix own[IP_FAMILIES])
{
	bystanders->count = 0;
	bystanders->unknown = false;
	for (size_t i = 0; i < count; i++)
		if (is_in_others_hands(&routes[i], ours) && !is_of_a_pod(&routes[i], own))
			add(bystanders,
			    (struct bystander){link_of(&routes[i]), routes[i].nexthop_id});
}

void bystanders_free(struct bystanders *bystanders)
{
	free(bystanders->items);
	memset(bystanders, 0, sizeof(*bystanders));
}

bool bystanders_use_link(const struct bystanders *bystanders, int index)
{
	for (size_t i = 0; i < bystanders->count; i++)
		if (bystanders->items[i].oif == index ||
		    bystanders->items[i].oif == BYSTANDER_ANY_LINK)
			return true;
	return bystanders->unknown;
}

bool bystanders_use_nexthop(const struct bystanders *bystanders, uint32_t id)
{
	for (size_t i = 0; i < bystanders->count; i++)
		if (bystanders->items[i].nexthop_id == id)
			return true;
	return bystanders->unknown;
}
