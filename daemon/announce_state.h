/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log lines for nodes that come into another state: those that the plan does not tell of, which
 * are the kernel's, and each recovery; with -v=1 all of them.
 */
#ifndef DAEMON_ANNOUNCE_STATE_H
#define DAEMON_ANNOUNCE_STATE_H

#include "log.h"
#include "node_states.h"

struct state_log {
	const struct log *log; /* borrowed */
	unsigned said;         /* lines of this round, those left out among them */
};

/* All calls for one round lie between begin and end. */
void announce_states_begin(struct state_log *state_log, const struct log *log);
void announce_state(struct state_log *state_log, const struct claim *claim, enum claim_state former,
                    const struct uplink *uplink, const struct link_snapshot *links);
/* Where there were too many to say, how many are in which state. */
void announce_states_end(struct state_log *state_log, const struct node_states *states);

#endif
