/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hostgwd check: is this host fit for a run with the same flags? A line for each thing that was
 * looked at, the worst first, with what to do about it.
 */
#ifndef DAEMON_CHECK_COMMAND_H
#define DAEMON_CHECK_COMMAND_H

#include "log.h"
#include "options.h"

/* Changes nothing. Returns the exit code: EXIT_FAILURE if there is an error among the findings. */
int check_command_run(const struct options *options, const struct log *log);

#endif
