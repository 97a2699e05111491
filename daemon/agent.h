/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon itself: wires source, node table, plan, reconcile and publishers
 * together and runs until it is told to stop.
 */
#ifndef DAEMON_AGENT_H
#define DAEMON_AGENT_H

#include "log.h"
#include "options.h"

/* Runs until SIGTERM or SIGINT. Returns the exit code: 0 stopped, 1 failed at run time, 2 usage or
 * configuration; what went wrong has been logged. Leaves routes, rules and files in place. */
int agent_run(const struct options *options, const struct log *log);

#endif
