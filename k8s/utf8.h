/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Well-formed UTF-8 (RFC 3629), as JSON and protobuf texts must be.
 */
#ifndef HOSTGW_K8S_UTF8_H
#define HOSTGW_K8S_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* No overlong forms, no surrogates, nothing above U+10FFFF, nothing cut off. */
bool utf8_is_valid(const char *text, size_t length);

#endif
