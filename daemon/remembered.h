/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the last run left in the kernel, by its acknowledgements: so a repair is told from news.
 * Pure.
 */
#ifndef DAEMON_REMEMBERED_H
#define DAEMON_REMEMBERED_H

#include "hostgw/nexthop.h"
#include "hostgw/route.h"

/* Zeros remember nothing. */
struct remembered {
	struct route *routes; /* what was asked for, sorted by route_compare_key; owned */
	bool *there;          /* routes[i] was found in the kernel or taken by it; owned */
	size_t count;
	struct nexthop
		*objects; /* that those went through, sorted by id; NULL: not looked for yet */
	size_t object_count;
};

/* Takes both arrays over. */
void remembered_set(struct remembered *remembered, struct route *routes, bool *there, size_t count);
void remembered_free(struct remembered *remembered);

/* The route of that key that was asked for; NULL: none was. */
const struct route *remembered_find(const struct remembered *remembered, const struct route *route);
/* A route of that key was asked for. */
bool remembered_has_asked(const struct remembered *remembered, const struct route *route);
/* ... and was there. */
bool remembered_has_key(const struct remembered *remembered, const struct route *route);
/* ... and was this very one. */
bool remembered_has_route(const struct remembered *remembered, const struct route *route);
/* A route that was there went through an object of this number to this gateway. No memory: no. */
bool remembered_has_object(struct remembered *remembered, const struct nexthop *object);

#endif
