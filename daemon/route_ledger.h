/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is remembered of routes that make trouble: those that the kernel
 * refuses are tried again with a delay of their own; those that another program takes away again
 * and again are put back ever more seldom, so that two programs do not fight at full speed. Routes
 * without trouble have no entry. A route is known by its key (route_compare_key). Times are
 * milliseconds of a monotonic clock. Pure.
 */
#ifndef DAEMON_ROUTE_LEDGER_H
#define DAEMON_ROUTE_LEDGER_H

#include "hostgw/route.h"

/* A fight: so many repairs of one route within so long ... */
#define FIGHT_REPAIRS   5
#define FIGHT_WINDOW_MS 10000
/* ... after which it is repaired only this often, until so long nothing was to repair. */
#define FIGHT_PACE_MS  30000
#define FIGHT_QUIET_MS (5 * 60 * 1000)
/* A refused route is tried again after this, doubling. */
#define LEDGER_RETRY_FIRST_MS 1000
#define LEDGER_RETRY_MOST_MS  30000

struct route_ledger;

int route_ledger_new(struct route_ledger **out, struct error *err);
void route_ledger_free(struct route_ledger *ledger); /* NULL is fine */

/* May a change of this route be tried now? */
bool route_ledger_allows(const struct route_ledger *ledger, const struct route *route,
                         uint64_t now);

/* The kernel took a change that put back what was ours. True: with it a fight begins. No memory:
 * a fight is noticed later. */
bool route_ledger_note_repair(struct route_ledger *ledger, const struct route *route, uint64_t now);
/* The kernel refused a change. No memory: it may be tried at once. */
void route_ledger_note_failure(struct route_ledger *ledger, const struct route *route,
                               uint64_t now);
/* The kernel took a change that was no repair. */
void route_ledger_note_success(struct route_ledger *ledger, const struct route *route);
/* A link changed: what was refused may be tried at once. Fights stay. */
void route_ledger_forgive(struct route_ledger *ledger);

/* To be called when all that is allowed at `now` has been tried: drops what is over, that is
 * refusals that nobody tried again although they were due, and fights after their quiet time. */
void route_ledger_expire(struct route_ledger *ledger, uint64_t now);
/* When something here is due next (a retry, a repair, the end of a fight); UINT64_MAX: nothing. */
uint64_t route_ledger_next(const struct route_ledger *ledger, uint64_t now);

/* Fights going on now, and all there have been. */
size_t route_ledger_fights(const struct route_ledger *ledger);
uint64_t route_ledger_fights_total(const struct route_ledger *ledger);

#endif
