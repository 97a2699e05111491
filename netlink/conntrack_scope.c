/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conntrack_scope.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "masquerade_rules.h"

static int compare_addresses(const void *a, const void *b)
{
	return ip_compare(a, b);
}

static bool in_any(const struct prefix *prefixes, size_t count, const struct ip_addr *addr)
{
	for (size_t i = 0; i < count; i++) {
		if (prefix_contains_ip(&prefixes[i], addr))
			return true;
	}
	return false;
}

int conntrack_scope_make(const struct masquerade_rules *rules, const struct link_snapshot *links,
                         struct conntrack_scope *out)
{
	memset(out, 0, sizeof(*out));
	memcpy(out->cluster, rules->cluster, sizeof(out->cluster));
	out->nonmasquerade = calloc(rules->nonmasquerade_count + 1, sizeof(*out->nonmasquerade));
	out->own = calloc(links->address_count + 1, sizeof(*out->own));
	if (!out->nonmasquerade || !out->own)
		return -ENOMEM;
	for (size_t i = 0; i < rules->nonmasquerade_count; i++)
		out->nonmasquerade[i] = rules->nonmasquerade[i];
	out->nonmasquerade_count = rules->nonmasquerade_count;
	for (size_t i = 0; i < links->address_count; i++)
		out->own[i] = links->addresses[i].prefix.addr;
	out->own_count = links->address_count;
	qsort(out->own, out->own_count, sizeof(*out->own), compare_addresses);
	return 0;
}

void conntrack_scope_release(struct conntrack_scope *scope)
{
	free(scope->nonmasquerade);
	free(scope->own);
	memset(scope, 0, sizeof(*scope));
}

uint8_t conntrack_scope_family(const struct conntrack_scope *scope)
{
	if (scope->cluster[IP_V6].addr.family == 0)
		return AF_INET;
	return scope->cluster[IP_V4].addr.family == 0 ? AF_INET6 : AF_UNSPEC;
}

bool conntrack_is_unmasqueraded(const struct conntrack_scope *scope,
                                const struct conntrack_entry *entry)
{
	enum ip_family_index family = ip_family_index(entry->source.family);
	struct prefix multicast = masquerade_multicast(family);
	const struct ip_addr *destination = &entry->destination;

	return prefix_contains_ip(&scope->cluster[family], &entry->source) &&
	       ip_equal(&entry->source, &entry->answered_to) &&
	       !prefix_contains_ip(&scope->cluster[family], destination) &&
	       !prefix_contains_ip(&multicast, destination) &&
	       !in_any(scope->nonmasquerade, scope->nonmasquerade_count, destination) &&
	       !bsearch(destination, scope->own, scope->own_count, sizeof(*scope->own),
	                compare_addresses);
}
