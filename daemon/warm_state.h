/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon knew of the cluster, kept in a file below --state-dir: a
 * restart begins with the routes it had, and resumes the watch where it was, so
 * that a rolling update costs the API server no list. The file is a convenience: what
 * is wrong with it is one line in the log, and everything works without.
 */
#ifndef DAEMON_WARM_STATE_H
#define DAEMON_WARM_STATE_H

#include "hostgw/kube_config.h"
#include "log.h"
#include "warm_text.h"

struct warm_state;

struct warm_state_config {
	const struct log *log;          /* borrowed */
	const char *folder;             /* --state-dir; "": nothing is kept */
	const struct kube_config *kube; /* these three say whose state it is */
	const char *annotation_prefix;
	const char *node_name;
};

int warm_state_new(const struct warm_state_config *config, struct warm_state **out,
                   struct error *err);
void warm_state_free(struct warm_state *state); /* NULL is fine */

/* True: *out holds what was kept, and is the caller's. */
bool warm_state_load(const struct warm_state *state, struct warm_memory *out);

/* Keeps this, unless that was done less than a minute before `now_ms` (monotonic). identity and
 * time are filled in here. `at_once`: whenever it was. NULL state: does nothing. */
void warm_state_save(struct warm_state *state, struct warm_facts facts, uint64_t now_ms,
                     bool at_once);

#endif
