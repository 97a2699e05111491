/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the plan reads of the host's links: all that is to know of the one to the other nodes, and
 * of the others their addresses, which no pod CIDR may cover. Pods come and go with links of
 * their own, which is nobody's business here. Pure.
 */
#ifndef DAEMON_LINK_FACTS_H
#define DAEMON_LINK_FACTS_H

#include "plan.h"

/* Which links matter just now. */
struct link_watch {
	int uplink;       /* index */
	bool uplink_gone; /* the chosen one: any other may be about to take its name */
	int default_link; /* that the default route leads through; 0: not known */
};

/* The address says nothing about where packets for a pod or a node go: it is of the link alone
 * (RFC 4291, 2.5.6), as each link has one, and the link is not ours. */
bool link_facts_is_local(const struct link_watch *watch, const struct link_address *address);

/* News of the link, or with `address` (else NULL) of that address of it, may change what the plan
 * reads, so a round is due. */
bool link_facts_concern(const struct link_watch *watch, int index,
                        const struct link_address *address);

/* The plan would read the same of either, with the uplink as it stands in each. */
bool link_facts_equal(const struct link_snapshot *a, const struct link_snapshot *b,
                      const struct link_watch *watch);
bool uplink_equal(const struct uplink *a, const struct uplink *b);

#endif
