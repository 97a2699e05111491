/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of routing protocols, as /etc/iproute2/rt_protos and ip-route(8) have them.
 */
#ifndef DAEMON_ROUTE_PROTOCOL_H
#define DAEMON_ROUTE_PROTOCOL_H

#include <stdint.h>

#define ROUTE_PROTOCOL_TEXT_MAX 24

/* "static (4)" or, for a protocol without a well-known name, "77"; into `text`, and returned. */
const char *route_protocol_format(uint8_t protocol, char text[static ROUTE_PROTOCOL_TEXT_MAX]);

#endif
