/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hostgw/json_place.h"

#include <stdbool.h>
#include <string.h>

/* Adds to *count the names and values that the text has before `item`; false: it is not here. */
static bool count_before(const cJSON *value, const cJSON *item, size_t *count)
{
	const cJSON *child;

	if (value == item)
		return true;
	*count += value->string ? 2 : 1;
	cJSON_ArrayForEach(child, value)
	{
		if (count_before(child, item, count))
			return true;
	}
	return false;
}

static size_t string_length(const char *json)
{
	size_t length = 1;

	while (json[length] && json[length] != '"')
		length += json[length] == '\\' && json[length + 1] ? 2 : 1;
	return json[length] ? length + 1 : length;
}

/* A name or a value begins with it. */
static bool is_first(char byte)
{
	return byte && strchr("\"{[-0123456789tfn", byte);
}

static size_t token_length(const char *json)
{
	size_t length;

	if (*json == '"')
		return string_length(json);
	length = strspn(json, "+-.0123456789Eaeflnrstu"); /* numbers, true, false, null */
	return length > 0 ? length : 1;
}

struct json_place json_place_of_byte(const char *json, const char *at)
{
	struct json_place place = {.line = 1, .column = 1};

	for (; json < at; json++) {
		place.column = *json == '\n' ? 1 : place.column + 1;
		place.line += *json == '\n';
	}
	return place;
}

struct json_place json_place_of(const char *json, const cJSON *root, const cJSON *item)
{
	const char *at = json;
	size_t before = 0;

	if (!item || !count_before(root, item, &before))
		return (struct json_place){0};
	for (; *at; at += token_length(at))
		if (is_first(*at) && before-- == 0)
			return json_place_of_byte(json, at);
	return (struct json_place){0};
}
