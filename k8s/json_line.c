/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json_line.h"

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

size_t json_line_of(const char *json, const cJSON *root, const cJSON *item)
{
	size_t before = 0;
	size_t line = 1;

	if (!item || !count_before(root, item, &before))
		return 0;
	while (*json) {
		if (is_first(*json) && before-- == 0)
			return line;
		for (size_t length = token_length(json); length > 0; length--)
			line += *json++ == '\n';
	}
	return 0;
}
