/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What became of every claim by the last round, and since when: the one source of what status,
 * metrics and log say of a node. 16 bytes a claim; pure.
 */
#ifndef DAEMON_NODE_STATES_H
#define DAEMON_NODE_STATES_H

#include "plan.h"

struct node_states;

/* What a round made of a claim that the plan routes to. */
typedef enum claim_state (*node_states_judge_fn)(void *ctx, const struct claim *claim);
/* A claim is in another state than by the round before; `former` CLAIM_STATES: it is new. */
typedef void (*node_states_change_fn)(void *ctx, const struct claim *claim,
                                      enum claim_state former);

int node_states_new(struct node_states **out, struct error *err);
void node_states_free(struct node_states *states); /* NULL is fine */

/* After a round, at `now` (seconds since 1970): puts into the plan's claims what came of them,
 * keeps that, and tells of each change. -ENOMEM: what was known is kept. */
int node_states_note(struct node_states *states, struct plan *plan, int64_t now,
                     node_states_judge_fn judge, node_states_change_fn changed, void *ctx);

/* Puts into a plan's claims what the last round made of them. One that the round did not know is
 * pending, where the plan routes to it. */
void node_states_recall(const struct node_states *states, struct plan *plan);

/* Claims in that state by the last round. */
size_t node_states_count(const struct node_states *states, enum claim_state state);
/* Nothing is wrong: the claim's route stands, or none is due. */
bool node_states_is_well(enum claim_state state);

#endif
