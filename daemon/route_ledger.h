/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is remembered of routes that make trouble: those that the kernel
 * refuses are tried again with a delay of their own; those that another program takes away again
 * and again are put back ever more seldom, so that two programs do not fight at full speed. Routes
 * without trouble have no entry. A route is known by destination, table, metric and TOS. Times are
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

struct ledger_fight {
	struct prefix dst;
	uint32_t table;
	uint8_t opponent; /* protocol of the route that took its place; RTPROT_UNSPEC: it was
	                     deleted */
};

int route_ledger_new(struct route_ledger **out, struct error *err);
void route_ledger_free(struct route_ledger *ledger); /* NULL is fine */

/* May this change be tried now? False: not before the time in *due. A fight holds back only what
 * puts the same route back: neither a delete nor a route that leads elsewhere than before. */
bool route_ledger_allows(const struct route_ledger *ledger, const struct route_change *change,
                         uint64_t now, uint64_t *due);

/* The kernel took a change that put back what was ours. `opponent`: the protocol of what stood in
 * its place. True: with this repair a fight begins (say so once). -- No memory: it is as if it had
 * not been repaired, which only makes us notice a fight later. */
bool route_ledger_note_repair(struct route_ledger *ledger, const struct route *route,
                              uint8_t opponent, uint64_t now);
/* The kernel refused it. No memory: it is tried again without a delay of its own. */
void route_ledger_note_failure(struct route_ledger *ledger, const struct route_change *change,
                               uint64_t now);
/* The kernel took it, and it was no repair: it is no longer refused. A fight stays. */
void route_ledger_note_success(struct route_ledger *ledger, const struct route *route);
/* It is no longer wanted, nor is one of its key: a fight over it is over too. */
void route_ledger_forget(struct route_ledger *ledger, const struct route *route);
/* A link or the wanted routes changed: what was refused before may be tried at once. Fights stay.
 */
void route_ledger_forgive(struct route_ledger *ledger);

/* Drops entries whose time is over: fights after FIGHT_QUIET_MS without a repair; refusals that
 * nobody tried again for as long after they were due. */
void route_ledger_expire(struct route_ledger *ledger, uint64_t now);
/* When something here is due next after `now` (a retry, a repair held back, the end of a fight);
 * UINT64_MAX: nothing. Give the same `now` as to route_ledger_allows and route_ledger_expire
 * before: what came due in between would be missed. */
uint64_t route_ledger_next(const struct route_ledger *ledger, uint64_t now);

/* How a route of that key fares. */
enum ledger_standing { LEDGER_QUIET, LEDGER_REFUSED, LEDGER_FOUGHT_OVER };
enum ledger_standing route_ledger_standing(const struct route_ledger *ledger,
                                           const struct route *route);

/* Fights going on now, and all there have been. */
size_t route_ledger_fights(const struct route_ledger *ledger);
uint64_t route_ledger_fights_total(const struct route_ledger *ledger);
/* Tells of up to `room` fights going on, in no order; returns how many were written. */
size_t route_ledger_list_fights(const struct route_ledger *ledger, struct ledger_fight *out,
                                size_t room);

#endif
