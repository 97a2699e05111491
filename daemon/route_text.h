/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Routes in words, the same in the log, in Events and in `hostgwd plan`. Each writes into
 * `text` and returns it; a short buffer cuts it.
 */
#ifndef DAEMON_ROUTE_TEXT_H
#define DAEMON_ROUTE_TEXT_H

#include "route_diff.h"

/* "10.1.4.0/24 via 192.168.2.45", "blackhole 10.1.0.0/24" */
const char *route_describe(const struct route *route, char *text, size_t size);

/* A foreign route in the way of one of ours, and a foreign one into the Network: sentences with
 * the remedy. */
const char *route_describe_conflict(const struct route_conflict *conflict, char *text, size_t size);
const char *route_describe_stranger(const struct route *route, char *text, size_t size);

#endif
