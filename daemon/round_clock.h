/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When the next round is due: events ask for one soon, what failed is tried again with a delay
 * that grows, single routes have times of their own. Times are milliseconds of a monotonic clock.
 * Pure.
 */
#ifndef DAEMON_ROUND_CLOCK_H
#define DAEMON_ROUND_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Rounds are this far apart at least. */
#define ROUND_GAP_MS 10
/* What failed is tried again after this, doubling. */
#define ROUND_RETRY_FIRST_MS 1000
#define ROUND_RETRY_MOST_MS  30000

/* Zeros: no round was yet. */
struct round_clock {
	uint64_t last_round;
	uint64_t retry_delay; /* 0: nothing is left undone */
	bool retrying;        /* the next round is for a retry, not for an event */
};

/* What a round left undone. */
struct round_rest {
	bool failed;       /* this host's own part: the interface, the route table, rules, files */
	bool raced;        /* the routes changed under its hands: again soon */
	uint64_t next_due; /* of single routes; UINT64_MAX: none */
};

/* A round begins. */
void round_clock_begin(struct round_clock *clock, uint64_t now);

/* Something changed: how long from now to wait for the round. */
uint64_t round_clock_ask(struct round_clock *clock, uint64_t now);

/*
 * A round is over: how long from now to wait for the next; UINT64_MAX: leave it as it is. `asked`:
 * an event asked for one already, in so long; UINT64_MAX: none did. The delay grows from one retry
 * to the next; a round that an event asked for does not count.
 */
uint64_t round_clock_end(struct round_clock *clock, const struct round_rest *rest, uint64_t now,
                         uint64_t asked);

#endif
