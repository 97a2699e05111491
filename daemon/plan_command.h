/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `hostgwd plan`: what a run of the daemon with the same flags would change on
 * this host, printed instead of done. It reads nodes, links and routes once, needs no rights, and
 * works beside a running daemon: it claims, writes, annotates and serves nothing.
 */
#ifndef DAEMON_PLAN_COMMAND_H
#define DAEMON_PLAN_COMMAND_H

#include "log.h"
#include "options.h"

/* Nodes that have not all been told of after this long are given up on. */
#define PLAN_PATIENCE_MS 30000

/* Prints to standard output in the form of options->output. Returns the exit code: 0 printed,
 * whatever there is to change; 1 failed; 2 usage or configuration; what went wrong has been
 * logged. */
int plan_command_run(const struct options *options, const struct log *log);

#endif
