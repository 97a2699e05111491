/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the decoders need of cJSON: members by name, of the right type or absent.
 */
#ifndef HOSTGW_K8S_JSON_H
#define HOSTGW_K8S_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>

/* A member of an object; NULL if there is none, or `object` is NULL or not an object. */
const cJSON *json_member(const cJSON *object, const char *name);

/* A member that is a string; else NULL. */
const char *json_string(const cJSON *object, const char *name);

/* Some object in `value` has more members than this: to look for names that it has twice would
 * take long, as each is compared with each. */
#define JSON_MEMBERS_MAX 1024
bool json_is_crowded(const cJSON *value);
/* The first member that has the name of one before it in its object; NULL: none. */
const cJSON *json_duplicate(const cJSON *value);

/* Overwrites every string in the tree, then frees it. NULL is fine. */
void json_wipe(cJSON *value);

/* For __attribute__((cleanup)). */
void json_release(cJSON **value);

#endif
