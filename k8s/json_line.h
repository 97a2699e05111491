/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where in a JSON text a value stands: cJSON does not keep it, so the text is looked through
 * once more where a mistake is to be told with its line.
 */
#ifndef HOSTGW_K8S_JSON_LINE_H
#define HOSTGW_K8S_JSON_LINE_H

#include <cjson/cJSON.h>
#include <stddef.h>

/*
 * The line (from 1) of `json`, which `root` was parsed from, where `item` of that tree begins, or
 * the name before it if it is a member. What yaml_json_convert wrote has the lines of the YAML.
 * 0: `item` is not in `root`, or NULL.
 */
size_t json_line_of(const char *json, const cJSON *root, const cJSON *item);

#endif
