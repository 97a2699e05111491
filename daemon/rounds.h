/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rounds: each makes the plan for the nodes as they are, brings the host to it
 * and says in the log what came of it. Events only ask for one; a burst of
 * them makes one round. What could not be done is tried again with backoff.
 */
#ifndef DAEMON_ROUNDS_H
#define DAEMON_ROUNDS_H

#include <uv.h>

#include "announce.h"
#include "announce_state.h"
#include "histogram.h"
#include "host.h"
#include "round_clock.h"

/* What this host must have in place to be ready. */
enum round_part {
	ROUND_INTERFACE, /* to the other nodes, with its addresses */
	ROUND_ROUTES,    /* read and sent; single ones may have failed */
	ROUND_RULES,
	ROUND_FILES,
	ROUND_PARTS
};

struct rounds {
	/* set by the owner, all borrowed */
	uv_loop_t *loop;
	const struct log *log;
	const struct settings *settings;
	struct host *host;
	const struct node_table *nodes;
	const char *source_name; /* "Kubernetes Subnet Manager" */
	/* Told when the own pod CIDR is known, and at the end of each round from then on. `ready`:
	 * routes are read and sent, rules and file are in place. */
	void (*publish)(void *ctx, bool ready);
	void (*over)(void *ctx); /* at the end of every round */
	void *ctx;
	bool may_run;    /* there are nodes to plan with */
	bool may_delete; /* ... all of them: a complete list was seen */

	/* how things stand */
	bool running;                         /* a round that knew the own pod CIDRs is over */
	bool ready;                           /* as of the last round */
	struct prefix own_cidrs[IP_FAMILIES]; /* as of the last round that knew them */
	struct error missing[ROUND_PARTS];    /* as of the last round; code 0: nothing is */
	struct node_states *states;           /* what became of each node */
	struct histogram durations;           /* of rounds, in seconds */
	struct announcer announcer;
	struct state_log state_log;
	struct plan plan; /* of the last round, as long as it is what it would be now: */
	bool planned;
	bool judged;            /* ... and has what the last round made of it */
	uint64_t planned_nodes; /* node_table_version */
	uint64_t planned_facts; /* of the host */
	struct round_clock clock;
	uv_timer_t timer, audit_timer;
};

/* Starts the timers; the owner's fields are set. rounds_close ends them on the loop's next turn
 * (zeros, never started, are fine); rounds_free is for after that. */
int rounds_start(struct rounds *rounds, struct error *err);
void rounds_close(struct rounds *rounds);
void rounds_free(struct rounds *rounds);

/* Asks for a round soon: something changed. */
void rounds_ask(struct rounds *rounds);

/* The plan with what the last round made of it; NULL: there is none, or something that it reads has
 * changed since. Borrowed until the loop goes on. */
const struct plan *rounds_plan(const struct rounds *rounds);

/* What is missing for being ready, a line each, into `text`; true: nothing is. */
bool rounds_explain_ready(const struct rounds *rounds, char *text, size_t size);

#endif
