/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "announce_state.h"

/* More than this in one round become one line with counts. */
#define LINES_MAX 64

void announce_states_begin(struct state_log *state_log, const struct log *log)
{
	state_log->log = log;
	state_log->said = 0;
}

/* The plan's refusals have lines of their own, and so has each route that comes and goes. */
static bool is_worth_a_line(enum claim_state state, enum claim_state former)
{
	if (node_states_is_well(state))
		return former != CLAIM_STATES && former != CLAIM_PENDING &&
		       !node_states_is_well(former);
	return state > CLAIM_PENDING;
}

void announce_state(struct state_log *state_log, const struct claim *claim, enum claim_state former,
                    const struct uplink *uplink, const struct link_snapshot *links)
{
	char text[ERROR_TEXT_MAX];

	if (state_log->log->verbosity < 1 && !is_worth_a_line(claim->state, former))
		return;
	if (++state_log->said > LINES_MAX)
		return;
	claim_describe(claim, uplink, links, text, sizeof(text));
	log_info(state_log->log, "State of %s (%s%s)", text,
	         former == CLAIM_STATES ? "the node is new" : "was ",
	         former == CLAIM_STATES ? "" : claim_state_word(former));
}

void announce_states_end(struct state_log *state_log, const struct node_states *states)
{
	char text[ERROR_TEXT_MAX] = "";
	size_t used = 0;

	if (state_log->said <= LINES_MAX)
		return;
	for (int i = 0; i < CLAIM_STATES && used < sizeof(text); i++) {
		size_t count = node_states_count(states, (enum claim_state)i);

		if (count > 0)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%zu %s",
			                         used > 0 ? ", " : "", count,
			                         claim_state_word((enum claim_state)i));
	}
	log_info(state_log->log, "%u more nodes came into another state; now: %s",
	         state_log->said - LINES_MAX, text);
}
