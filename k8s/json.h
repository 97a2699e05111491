/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the decoders need of cJSON: members by name, of the right type or absent.
 */
#ifndef HOSTGW_K8S_JSON_H
#define HOSTGW_K8S_JSON_H

#include <cjson/cJSON.h>

/* A member of an object; NULL if there is none, or `object` is NULL or not an object. */
const cJSON *json_member(const cJSON *object, const char *name);

/* A member that is a string; else NULL. */
const char *json_string(const cJSON *object, const char *name);

/* The first name that some object in `value` has twice; NULL: none. */
const char *json_duplicate(const cJSON *value);

/* Overwrites every string in the tree, then frees it. NULL is fine. */
void json_wipe(cJSON *value);

/* For __attribute__((cleanup)). */
void json_release(cJSON **value);

#endif
