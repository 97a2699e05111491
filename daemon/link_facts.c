/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "link_facts.h"

#include <string.h>

bool link_facts_is_local(const struct link_watch *watch, const struct link_address *address)
{
	const struct ip_addr *addr = &address->prefix.addr;

	return address->index != watch->uplink && addr->family == AF_INET6 &&
	       addr->bytes[0] == 0xfe && (addr->bytes[1] & 0xc0) == 0x80;
}

bool link_facts_concern(const struct link_watch *watch, int index,
                        const struct link_address *address)
{
	if (index == watch->uplink || index == watch->default_link || watch->uplink_gone)
		return true;
	return address && !link_facts_is_local(watch, address);
}

static const struct link_address *skip_local(const struct link_snapshot *links, size_t *at,
                                             const struct link_watch *watch)
{
	while (*at < links->address_count && link_facts_is_local(watch, &links->addresses[*at]))
		(*at)++;
	return *at < links->address_count ? &links->addresses[(*at)++] : NULL;
}

static bool same_address(const struct link_address *a, const struct link_address *b)
{
	return a->index == b->index && prefix_equal(&a->prefix, &b->prefix) &&
	       ip_equal(&a->peer, &b->peer) && a->global == b->global &&
	       a->secondary == b->secondary && a->temporary == b->temporary;
}

bool link_facts_equal(const struct link_snapshot *a, const struct link_snapshot *b,
                      const struct link_watch *watch)
{
	size_t in_a = 0, in_b = 0;

	for (;;) {
		const struct link_address *left = skip_local(a, &in_a, watch);
		const struct link_address *right = skip_local(b, &in_b, watch);

		if (!left || !right)
			return left == right;
		if (!same_address(left, right))
			return false;
	}
}

bool uplink_equal(const struct uplink *a, const struct uplink *b)
{
	return a->index == b->index && a->mtu == b->mtu && strcmp(a->name, b->name) == 0 &&
	       ip_equal(&a->address[IP_V4], &b->address[IP_V4]) &&
	       ip_equal(&a->address[IP_V6], &b->address[IP_V6]);
}
