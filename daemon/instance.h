/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must hold before the daemon touches a host: it has the right to, and no
 * other hostgwd looks after the same routes.
 */
#ifndef DAEMON_INSTANCE_H
#define DAEMON_INSTANCE_H

#include <stdint.h>

#include "hostgw/error.h"

/* -EPERM: CAP_NET_ADMIN is not among the effective capabilities (capabilities(7)). */
int instance_check_rights(struct error *err);

/* Holds the name of this network namespace's hostgwd with that route protocol for as long as the
 * descriptor in *fd is open. -EADDRINUSE: another one runs; two would undo each other's routes. */
int instance_claim(uint32_t route_protocol, int *fd, struct error *err);

#endif
