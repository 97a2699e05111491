/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which flows the rules masquerade, as far as addresses tell. No I/O. Internal to netlink/.
 */
#ifndef NETLINK_CONNTRACK_SCOPE_H
#define NETLINK_CONNTRACK_SCOPE_H

#include "conntrack_codec.h"
#include "hostgw/link.h"
#include "hostgw/masquerade.h"

struct conntrack_scope {
	struct prefix cluster[IP_FAMILIES]; /* family 0: none */
	struct prefix *nonmasquerade;       /* owned */
	size_t nonmasquerade_count;
	struct ip_addr *own; /* this host's addresses, sorted; owned */
	size_t own_count;
};

/* Copies what it needs. 0 or -ENOMEM; release it also after a failure. */
int conntrack_scope_make(const struct masquerade_rules *rules, const struct link_snapshot *links,
                         struct conntrack_scope *out);
void conntrack_scope_release(struct conntrack_scope *scope);

/* The family that entries can be of: AF_INET, AF_INET6, or AF_UNSPEC for both. */
uint8_t conntrack_scope_family(const struct conntrack_scope *scope);

/* The flow leads from a pod to the outside under the pod's own address. */
bool conntrack_is_unmasqueraded(const struct conntrack_scope *scope,
                                const struct conntrack_entry *entry);

#endif
