/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "neighbours.h"

#include <errno.h>

#include "sysctl.h"

uint32_t neighbours_limit(const char *root, enum ip_family_index family)
{
	uint32_t limit;
	char name[64];

	snprintf(name, sizeof(name), "net/ipv%c/neigh/default/gc_thresh3",
	         family == IP_V6 ? '6' : '4');
	return sysctl_read(root, name, &limit) < 0 ? 0 : limit;
}

struct neighbour_room neighbours_look(const char *root, const struct plan *plan,
                                      enum ip_family_index family)
{
	struct neighbour_room room = {.limit = neighbours_limit(root, family)};
	const struct node *last = NULL;

	for (size_t i = 0; i < plan->claim_count; i++) {
		const struct claim *claim = &plan->claims[i];

		/* A node's claims lie side by side, and go by one next hop a family. */
		if (claim->state != CLAIM_ROUTED || claim->node == last ||
		    claim->cidr.addr.family != ip_family(family))
			continue;
		last = claim->node;
		room.next_hops++;
	}
	return room;
}

/* Below gc_thresh1 nothing is collected, so all next hops find room there; the others keep
 * the kernel's proportions, roughly. */
static unsigned long enough_for(size_t next_hops)
{
	unsigned long enough = 1024;

	while (enough < next_hops)
		enough *= 2;
	return enough;
}

int neighbours_check(const struct neighbour_room *room, enum ip_family_index family,
                     struct error *err)
{
	unsigned long enough = enough_for(room->next_hops);
	char ipv = family == IP_V6 ? '6' : '4';

	if (room->limit == 0 || room->next_hops <= room->limit / 2)
		return 0;
	return error_set(
		err, ENOBUFS,
		"more next hops than half of what the kernel's IPv%c neighbour table holds "
		"(net.ipv%c.neigh.default.gc_thresh3 = %u): nodes that find no room are not "
		"reached; write the lines \"net.ipv%c.neigh.default.gc_thresh1 = %lu\", "
		"\"net.ipv%c.neigh.default.gc_thresh2 = %lu\" and "
		"\"net.ipv%c.neigh.default.gc_thresh3 = %lu\" to %s and run sysctl --system",
		ipv, ipv, room->limit, ipv, enough, ipv, 2 * enough, ipv, 4 * enough, SYSCTL_FILE);
}
