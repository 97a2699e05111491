/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Somebody who removes our rules whenever we put them back. It is told early; but as each moment
 * without rules lets flows out with a pod's address, and a repair takes a millisecond, we slow down
 * late: firewalls that are reloaded a dozen times in a row are still answered at once. Pure; times
 * are monotonic milliseconds.
 */
#ifndef DAEMON_RULE_FIGHT_H
#define DAEMON_RULE_FIGHT_H

#include <stdbool.h>
#include <stdint.h>

/* So many repairs within the window are a fight; it is over when there was none for so long. */
#define RULE_FIGHT_REPAIRS   5
#define RULE_FIGHT_WINDOW_MS 10000
#define RULE_FIGHT_QUIET_MS  (5 * 60 * 1000)
/* After so many within the window, repairs are so far apart. */
#define RULE_FIGHT_BURST   50
#define RULE_FIGHT_PACE_MS 1000

struct rule_fight {
	uint64_t repairs[RULE_FIGHT_BURST]; /* when the last ones were, a ring */
	uint64_t count;                     /* of all repairs */
	uint64_t fights;                    /* so far */
	bool fighting;
};

/* True: with this repair a fight begins. */
bool rule_fight_note(struct rule_fight *fight, uint64_t now);
/* True: one is over now. */
bool rule_fight_expire(struct rule_fight *fight, uint64_t now);
/* When the next repair may be; 0: at once. */
uint64_t rule_fight_next(const struct rule_fight *fight, uint64_t now);

#endif
