/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Turns one YAML document into JSON text, piece by piece, so that everything
 * behind it knows JSON alone. A newline is written for each line of the YAML, so a line that
 * the reader of the JSON reports is the YAML's.
 */
#ifndef HOSTGW_K8S_YAML_JSON_H
#define HOSTGW_K8S_YAML_JSON_H

#include <stddef.h>

#include "hostgw/error.h"

#define YAML_JSON_NESTING_MAX 64

/* A negative result ends the reading and is returned. */
typedef int (*yaml_json_write_fn)(void *ctx, const char *json, size_t length, struct error *err);

/*
 * Scalars get their type by the core schema; names of members become strings. -EINVAL, with
 * line and column: syntax errors, more than one document, and what this reader refuses:
 * anchors and aliases (a short text could expand without end), tags of one's own,
 * members named by anything but a scalar. Names that occur twice are left to the reader of
 * the JSON. A text without a document writes nothing.
 */
int yaml_json_convert(const char *text, size_t length, yaml_json_write_fn write, void *ctx,
                      struct error *err);

#endif
