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

int route_view_new(struct route_view **out, struct error *err);
void route_view_free(struct route_view *view); /* NULL is fine */

/* ---- reading it anew: begin, add each route of the dumps, end ---- */

/* Forgets all, queued events included: the caller drained the monitor before. */
void route_view_begin(struct route_view *view);
/* Two dumps (IPv4, IPv6) go into one view; a dump that starts over forgets its own part. */
void route_view_begin_family(struct route_view *view);
void route_view_restart_family(struct route_view *view);
void route_view_add(struct route_view *view, const struct route *route);
/* -ENOMEM: something could not be kept; the view is stale. */
int route_view_end(struct route_view *view, struct error *err);

/* ---- keeping it up ---- */

/* What the monitor told. Cheap: it is queued for route_view_settle; too many at once (more than
 * an eighth of the routes and 256) make the view stale instead. */
void route_view_note_event(struct route_view *view, const struct route *route,
                           enum route_event event);
/* What came of an own change (its result says whether the kernel made it). */
void route_view_note_change(struct route_view *view, const struct route_change *change);
/* Events were lost, or routes may have gone without one. */
void route_view_distrust(struct route_view *view);

/*
 * Works the queue off in order. True: the routes are what the kernel has, as far as was heard.
 * False: the view is stale; read it anew. Stale is made by what has more than one meaning:
 * a replace in a group of several routes of one key, an IPv6 route beside another of its key
 * (the kernel may have joined them), the going of a route that is not known, no memory.
 */
bool route_view_settle(struct route_view *view);

/* Sorted by route_compare_key; valid until the next call that changes the view. */
const struct route *route_view_routes(const struct route_view *view, size_t *count);

#endif
