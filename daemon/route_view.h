/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's routes as far as they concern us, as last known: read by a
 * dump, then kept up by the monitor's events and by what the kernel acknowledged. Whatever it
 * cannot follow for certain makes it stale, and it is read anew. Pure: no I/O.
 */
#ifndef DAEMON_ROUTE_VIEW_H
#define DAEMON_ROUTE_VIEW_H

#include "hostgw/monitor.h"

struct route_view;

/* Stale until it was read. */
int route_view_new(struct route_view **out, struct error *err);
void route_view_free(struct route_view *view); /* NULL is fine */

/* ---- reading it anew: begin, add each route of the dumps, end ---- */

/* Forgets all, queued events included: the caller drained the monitor before. What is told from
 * here on is queued, though the dump may show it already: that does no harm but where one of
 * several routes of a key was replaced meanwhile. Then one may be missing here until the kernel's
 * answer (-EEXIST) or the next reading shows it. */
void route_view_begin(struct route_view *view);
/* Two dumps (IPv4, IPv6) go into one view; a dump that starts over forgets its own part. */
void route_view_begin_family(struct route_view *view);
void route_view_restart_family(struct route_view *view);
void route_view_add(struct route_view *view, const struct route *route);
/* Not after a dump that failed: the view stays stale. -ENOMEM: something could not be kept; the
 * view is stale. 0 leaves it stale if it was distrusted meanwhile. */
int route_view_end(struct route_view *view, struct error *err);

/* ---- keeping it up ---- */

/* What the monitor told. Cheap: it is queued for route_view_settle; too many at once (more than
 * 256 and than an eighth of the routes) make the view stale instead. */
void route_view_note_event(struct route_view *view, const struct route *route,
                           enum route_event event);
/* What came of an own change that was sent, its result as the kernel gave it (a refusal such as
 * -ESRCH shows that the picture was wrong). Drain the monitor between a batch and the next
 * route_view_settle: all that others did before the last acknowledgement must be in one settle
 * with the batch, as only then it is noticed that nobody knows what came first. */
void route_view_note_change(struct route_view *view, const struct route_change *change);
/* Events were lost, or routes may have gone without one. */
void route_view_distrust(struct route_view *view);

/*
 * Works the queue off in order. True: the routes are what the kernel has, as far as was heard.
 * False: the view is stale; read it anew. Stale is made by what has more than one meaning:
 * an own change and an event to one key, an own delete or a replace where not just one route of
 * the key is known, an IPv6 route beside another of its key (the kernel may have joined them), the
 * going of a route that is not known while others of its key are, two routes that cannot be told
 * apart, no memory. Costs O(n + q log q) for n routes and
 * a queue of q.
 */
bool route_view_settle(struct route_view *view);

/* Sorted by route_compare_key; those of one key in no order. Only after route_view_settle returned
 * true; valid until the next call that changes the view. The next hop of a route with a
 * nexthop_id is as of when the route was told of: the nexthop object may have changed since. */
const struct route *route_view_routes(const struct route_view *view, size_t *count);

#endif
