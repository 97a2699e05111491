/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One item's JSON, refused where RFC 8259 and I-JSON (RFC 7493) leave its meaning open,
 * which is where two readers could see two different things.
 */
#ifndef HOSTGW_K8S_JSON_STRICT_H
#define HOSTGW_K8S_JSON_STRICT_H

#include <stdbool.h>
#include <stddef.h>

#include "json.h"

#define JSON_FAULT_MAX 120

/* NULL: `fault` says what is wrong: not UTF-8, an unpaired surrogate, a name that occurs twice in
 * one object, more than JSON_MEMBERS_MAX members in one, a number beyond what a double holds, or
 * the grammar. */
cJSON *json_parse_strict(const char *text, size_t length, char fault[static JSON_FAULT_MAX]);

/* Copies the node's name out of an item's text that may be broken or cut off, as far as it is
 * there: the first member "name" whose value can be a node's name. False: there is none. */
bool json_find_name(const char *text, size_t length, char *name, size_t size);

#endif
