/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `hostgwd cleanup`: takes off this host what hostgwd put there (routes, nexthop objects, rules,
 * files, the Node's annotations), and with --flannel what flannel left. --dry-run prints what would
 * go. It is given the flags that the daemon had, as far as they named files and protocol.
 */
#ifndef DAEMON_CLEANUP_COMMAND_H
#define DAEMON_CLEANUP_COMMAND_H

#include "log.h"
#include "options.h"

/* Returns the exit code: 0 nothing is left; 1 something could not be removed, or a daemon runs; 2
 * usage or configuration. */
int cleanup_command_run(const struct options *options, const struct log *log);

#endif
