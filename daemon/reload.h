/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SIGHUP: net-conf.json is read again. A file that is broken changes nothing.
 */
#ifndef DAEMON_RELOAD_H
#define DAEMON_RELOAD_H

#include "host.h"

/* Takes over into `settings` (those that `host` goes by) what the file says now, and has the host
 * watched for it: the next round follows. Negative: everything is as it was, `err` says why. */
int reload_net_conf(struct settings *settings, struct host *host, uv_loop_t *loop,
                    struct error *err);

#endif
