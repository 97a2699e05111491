/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the last run left in the kernel, by its acknowledgements: so a repair is told from news.
 * Pure.
 */
#ifndef DAEMON_REMEMBERED_H
#define DAEMON_REMEMBERED_H

#include "hostgw/nexthop.h"
#include "hostgw/route.h"

/* What is known of a route that was asked for, from least to most. */
enum hold {
	HOLD_NONE,   /* nothing of ours has its key */
	HOLD_KEY,    /* another route of ours has its key, or had until somebody took it */
	HOLD_ROUTE,  /* this very one was there until somebody took it, and is to be put back */
	HOLD_STANDS, /* this very one is there, by a reading or an acknowledgement */
	HOLD_BESIDE, /* ... and another's of the same key: that one is not in its place */
};

/* Zeros remember nothing. */
struct remembered {
	struct route *routes; /* what was asked for, sorted by route_compare_key; owned */
	enum hold *holds;     /* one a route; owned */
	size_t count;
	struct nexthop
		*objects; /* that those went through, sorted by id; NULL: not looked for yet */
	size_t object_count;
};

/* Takes both arrays over. */
void remembered_set(struct remembered *remembered, struct route *routes, enum hold *holds,
                    size_t count);
void remembered_free(struct remembered *remembered);

/* The route of that key that was asked for; NULL: none was. */
const struct route *remembered_find(const struct remembered *remembered, const struct route *route);
/* A route of that key was asked for. */
bool remembered_has_asked(const struct remembered *remembered, const struct route *route);
/* ... and one of ours was there, this or another: who is there now took its place. */
bool remembered_has_key(const struct remembered *remembered, const struct route *route);
/* ... and it was this very one: to make it again is a repair. */
bool remembered_has_route(const struct remembered *remembered, const struct route *route);
/* The one that was asked for is there. */
bool remembered_stands(const struct remembered *remembered, const struct route *route);
/* A route that was there went through an object of this number to this gateway. No memory: no. */
bool remembered_has_object(struct remembered *remembered, const struct nexthop *object);

#endif
