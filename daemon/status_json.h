/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The status for programs: one JSON object, {"version", "node", "interface", "since", "lastSync",
 * "ready", "missing": [...], "nodes": [{"node", "podCIDR", "nextHop", "state", "since",
 * "reason"}...], "routes": {...}, "well", "verdict"}. `reason` is left out where nothing is wrong.
 * About one node it is there always, with "read" and "kernel".
 */
#ifndef DAEMON_STATUS_JSON_H
#define DAEMON_STATUS_JSON_H

#include "status_facts.h"

/* malloc(3)'s; NULL: no memory. */
char *status_json_render(const struct status_facts *facts, const struct status_verdict *verdict,
                         size_t *length);

#endif
