/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Points in time as Kubernetes writes them (RFC 3339).
 */
#ifndef HOSTGW_K8S_TIMESTAMP_H
#define HOSTGW_K8S_TIMESTAMP_H

#include <stdint.h>

#define TIMESTAMP_TEXT_MAX 32

/* Seconds since 1970, fractions cut off; 0: not a point in time. */
int64_t timestamp_parse(const char *text);

/* "2024-02-20T14:31:24Z" */
const char *timestamp_format(int64_t seconds, char buffer[static TIMESTAMP_TEXT_MAX]);

#endif
