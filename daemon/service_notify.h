/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tells systemd how the daemon does (sd_notify(3), Type=notify): a datagram each to the socket
 * that $NOTIFY_SOCKET names. The protocol is simple and promised to stay, so that it needs no
 * library. The watchdog's datagrams come from a timer of the loop: a loop that does not turn sends
 * none, and systemd puts an end to it.
 */
#ifndef DAEMON_SERVICE_NOTIFY_H
#define DAEMON_SERVICE_NOTIFY_H

#include <uv.h>

#include "hostgw/error.h"

struct service_notify;

/* `lookup` is like getenv(3). *out NULL: nobody wants to be told. Negative: the environment asks
 * for what cannot be done; `err` says which variable. All other functions take NULL. */
int service_notify_open(uv_loop_t *loop, char *(*lookup)(const char *name),
                        struct service_notify **out, struct error *err);
/* The memory goes on the loop's next turn. */
void service_notify_close(struct service_notify *notify);

/* Start-up is over: said once. */
void service_notify_ready(struct service_notify *notify);
/* One line that `systemctl status` shows. Said when it is new, at most once a second: the last one
 * counts. */
void service_notify_status(struct service_notify *notify, const char *text);
/* Around the reading of what SIGHUP asks to be read again; before start-up is over it is a part of
 * that, and nothing is said. */
void service_notify_reloading(struct service_notify *notify);
void service_notify_reloaded(struct service_notify *notify);
void service_notify_stopping(struct service_notify *notify);

#endif
