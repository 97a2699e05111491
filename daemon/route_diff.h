/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Desired against observed: one sorted merge that says what to add, replace
 * and delete, and what is somebody else's. Pure; the rules it keeps are 1 to 3
 * of the design: own only what is ours, delete only what was seen as ours and
 * only on complete knowledge, replace in place.
 */
#ifndef DAEMON_ROUTE_DIFF_H
#define DAEMON_ROUTE_DIFF_H

#include "hostgw/route.h"

/* qsort(3) order by what the kernel takes for the same route: destination, table, metric, TOS. */
int route_compare_key(const void *a, const void *b);

/* True if `observed` is what a route_apply of `desired` makes. Where the route goes through a
 * nexthop object, its number decides; what is behind the number is nexthop_plan's matter. */
bool route_satisfies(const struct route *desired, const struct route *observed);

struct route_conflict {
	struct route desired;
	struct route observed; /* the foreign route in its place, or beside it */
	bool ours_stands;      /* beside it */
};

struct route_diff {
	struct route_change *changes; /* adds and replaces first, deletes last */
	size_t change_count;
	struct route_conflict *conflicts;
	size_t conflict_count;
	/* Foreign routes into the Network that nobody's pod CIDR explains: reported, left alone. */
	struct route *strangers;
	size_t stranger_count;
	/* Routes of ours beside one that is replaced: once the kernel has done that, a further
	 * diff deletes them. */
	size_t waiting_count;
};

struct route_diff_input {
	const struct route *desired; /* both sorted by route_compare_key */
	size_t desired_count;
	const struct route *observed;
	size_t observed_count;
	uint8_t protocol; /* ours */
	uint32_t table;   /* of the desired routes: strangers elsewhere harm nobody */
	int uplink;       /* index of the interface to the other nodes */
	bool may_delete;  /* the node list and the dump were complete */
	struct prefix networks[IP_FAMILIES]; /* family 0: none */
	struct prefix own[IP_FAMILIES];      /* this node's pod CIDRs: what is in there is local */
	/* True: the route was in the kernel and ours when last seen, so that a foreign one in its
	 * place took it away from us. NULL: none was. */
	bool (*is_held)(const void *ctx, const struct route *desired);
	/* True: the route was desired before, in this life, so that its node is known to be gone or
	 * changed: it may be deleted even where may_delete is false. NULL: none was. */
	bool (*was_desired)(const void *ctx, const struct route *observed);
	const void *ctx;
};

int route_diff_make(const struct route_diff_input *input, struct route_diff *out,
                    struct error *err);
void route_diff_free(struct route_diff *diff);

#endif
