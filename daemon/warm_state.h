/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon knew of the cluster, kept in a file below --state-dir: a
 * restart begins with the routes it had, and resumes the watch where it was, so
 * that a rolling update costs the API server no list. The file is a convenience: what
 * is wrong with it is one line in the log, and everything works without.
 */
#ifndef DAEMON_WARM_STATE_H
#define DAEMON_WARM_STATE_H

#include <uv.h>

#include "hostgw/kube_config.h"
#include "log.h"
#include "warm_text.h"

/* In --state-dir. */
#define WARM_STATE_FILE "warm-state"

struct warm_state;

struct warm_state_config {
	uv_loop_t *loop;                /* borrowed */
	const struct log *log;          /* borrowed */
	const char *folder;             /* --state-dir; "": nothing is kept */
	const struct kube_config *kube; /* these three say whose state it is */
	const char *annotation_prefix;
	const char *node_name;
};

/* Removes what a crash has left of a writing. */
int warm_state_new(const struct warm_state_config *config, struct warm_state **out,
                   struct error *err);
/* To be called when the loop has run out. NULL is fine. */
void warm_state_free(struct warm_state *state);

/* True: *out holds what was kept, and is the caller's. */
bool warm_state_load(const struct warm_state *state, struct warm_memory *out);

/* Keeps this, if a minute has passed since it was called last with something to keep, and then if
 * it is another than what was kept, but for the version, or ten minutes old. `now_ms`: monotonic.
 * The loop does not wait for the disk. identity and time are filled in here. NULL state: does
 * nothing. */
void warm_state_save(struct warm_state *state, struct warm_facts facts, uint64_t now_ms);

/* Keeps this at the end: it is in the file when this returns, and no save before it comes later. */
void warm_state_save_last(struct warm_state *state, struct warm_facts facts);

#endif
