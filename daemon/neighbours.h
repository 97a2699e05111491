/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Room in the kernel's neighbour table (arp(7), gc_thresh3), of which each next hop takes an
 * entry. When it is full, packets to nodes that found no room are dropped: "neighbour: arp_cache:
 * neighbor table overflow!" in the kernel's log.
 */
#ifndef DAEMON_NEIGHBOURS_H
#define DAEMON_NEIGHBOURS_H

#include "plan.h"

struct neighbour_room {
	size_t next_hops; /* nodes with a route of this family */
	uint32_t limit;   /* gc_thresh3 of all network namespaces together; 0: not to be seen from
	                   * here, as in a network namespace other than the first */
};

/* gc_thresh3, as in struct neighbour_room. */
uint32_t neighbours_limit(const char *root, enum ip_family_index family);

/* Counts for one family. `root`: see sysctl.h. */
struct neighbour_room neighbours_look(const char *root, const struct plan *plan,
                                      enum ip_family_index family);

/* 0, or -ENOBUFS beyond half of the limit, as pods and others take entries too: `err` has the lines
 * for sysctl.d. Its text is the same until twice as much is needed. */
int neighbours_check(const struct neighbour_room *room, enum ip_family_index family,
                     struct error *err);

#endif
