/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `hostgwd status`: asks the running daemon over its socket, and prints what it says. */
#ifndef DAEMON_STATUS_COMMAND_H
#define DAEMON_STATUS_COMMAND_H

#include "log.h"
#include "options.h"

/* Returns the exit code: 0 all is well, 1 it is not, or nobody answers, 2 usage. */
int status_command_run(const struct options *options, const struct log *log);

#endif
