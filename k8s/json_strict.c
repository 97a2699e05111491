/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json_strict.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"

/* The code unit of the escape \uXXXX at `at`; -1: there is none. */
static long unit_at(const char *at, const char *end)
{
	char digits[5] = {0};

	if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
		return -1;
	memcpy(digits, at + 2, 4);
	for (size_t i = 0; i < 4; i++)
		if (!isxdigit((unsigned char)digits[i]))
			return -1;
	return strtol(digits, NULL, 16);
}

/* RFC 8259, section 8.2: what a lone half stands for is not defined. */
static bool surrogates_are_paired(const char *text, size_t length)
{
	const char *end = text + length;
	const char *at = text;

	while ((at = memchr(at, '\\', (size_t)(end - at)))) {
		long unit = unit_at(at, end);
		long next;

		if (unit < 0xd800 || unit > 0xdfff) {
			at += end - at > 1 ? 2 : 1;
			continue;
		}
		next = unit_at(at + 6, end);
		if (unit > 0xdbff || next < 0xdc00 || next > 0xdfff)
			return false;
		at += 12;
	}
	return true;
}

static bool numbers_are_finite(const cJSON *value)
{
	const cJSON *child;

	if (cJSON_IsNumber(value) && !isfinite(value->valuedouble))
		return false;
	cJSON_ArrayForEach(child, value)
	{
		if (!numbers_are_finite(child))
			return false;
	}
	return true;
}

static const char *fault_of(const cJSON *value, char fault[static JSON_FAULT_MAX])
{
	const cJSON *twice;

	if (!value)
		return "this is no JSON, or memory is short";
	if (!numbers_are_finite(value))
		return "a number is out of range";
	if (json_is_crowded(value))
		return "an object has more than 1,024 members";
	twice = json_duplicate(value);
	if (!twice)
		return NULL;
	snprintf(fault, JSON_FAULT_MAX, "\"%.80s\" occurs twice in one object", twice->string);
	return fault;
}

cJSON *json_parse_strict(const char *text, size_t length, char fault[static JSON_FAULT_MAX])
{
	cJSON *value = NULL;
	const char *why;

	if (!utf8_is_valid(text, length)) {
		why = "a string is not UTF-8";
	} else if (!surrogates_are_paired(text, length)) {
		why = "a \\u escape is an unpaired surrogate";
	} else {
		value = cJSON_ParseWithLength(text, length);
		why = fault_of(value, fault);
	}
	if (!why)
		return value;
	if (why != fault)
		snprintf(fault, JSON_FAULT_MAX, "%s", why);
	cJSON_Delete(value);
	return NULL;
}

/* The length of the text at `at` if it can be a node's name (RFC 1123 subdomain) and is followed
 * by a closing quote; else 0. */
static size_t name_length(const char *at, const char *end)
{
	const char *begin = at;

	while (at < end && (isalnum((unsigned char)*at) || *at == '-' || *at == '.'))
		at++;
	return at < end && *at == '"' ? (size_t)(at - begin) : 0;
}

bool json_find_name(const char *text, size_t length, char *name, size_t size)
{
	static const char member[] = "\"name\":\"";
	const char *end = text + length;
	const char *at = text;

	/* Within a string the quotes would be escaped, so this is a member wherever it is. */
	while (length > 0 && (at = memmem(at, (size_t)(end - at), member, strlen(member)))) {
		size_t found;

		at += strlen(member);
		found = name_length(at, end);
		if (found > 0 && found < size) {
			memcpy(name, at, found);
			name[found] = '\0';
			return true;
		}
	}
	return false;
}
