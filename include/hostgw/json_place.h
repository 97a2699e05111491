/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where in a JSON text a value stands: cJSON does not keep it, so the text is looked through
 * once more where a mistake is to be told with its line.
 */
#ifndef HOSTGW_JSON_PLACE_H
#define HOSTGW_JSON_PLACE_H

#include <cjson/cJSON.h>
#include <stddef.h>

struct json_place {
	size_t line, column; /* from 1, as editors count; the column in bytes */
};

/*
 * Where in `json`, which `root` was parsed from, `item` of that tree begins, or the name before it
 * if it is a member. What yaml_json_convert wrote has the lines of the YAML. {0, 0}: `item` is not
 * in `root`, or NULL.
 */
struct json_place json_place_of(const char *json, const cJSON *root, const cJSON *item);

/* The place of byte `at` of `json`. */
struct json_place json_place_of_byte(const char *json, const char *at);

#endif
