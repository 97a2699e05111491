/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a plain YAML scalar means by the core schema (YAML 1.2.2, section 10.3.2).
 */
#ifndef HOSTGW_K8S_YAML_SCALAR_H
#define HOSTGW_K8S_YAML_SCALAR_H

#include <stdbool.h>
#include <stddef.h>

#define YAML_SCALAR_MAX 72

/* Writes null, true, false or a number as JSON spells it; false: the scalar is a string
 * (so are .inf and .nan, which JSON cannot say, and numbers too long for `out`). */
bool yaml_scalar_to_json(const char *value, size_t length, char out[static YAML_SCALAR_MAX]);

#endif
