/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "yaml_scalar.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS "0123456789"

static bool word_to_json(const char *text, char *out)
{
	static const struct {
		const char *yaml, *json;
	} words[] = {
		{"", "null"},       {"~", "null"},      {"null", "null"},   {"Null", "null"},
		{"NULL", "null"},   {"true", "true"},   {"True", "true"},   {"TRUE", "true"},
		{"false", "false"}, {"False", "false"}, {"FALSE", "false"},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(text, words[i].yaml) == 0) {
			strcpy(out, words[i].json);
			return true;
		}
	return false;
}

/* 0x1f and 0o17: JSON knows decimal numbers only. */
static bool radix_to_json(const char *text, char *out)
{
	bool hex = strncmp(text, "0x", 2) == 0;
	const char *digits = text + 2;
	const char *allowed = hex ? DIGITS "abcdefABCDEF" : "01234567";
	unsigned long long value;

	if ((!hex && strncmp(text, "0o", 2) != 0) || *digits == '\0' ||
	    digits[strspn(digits, allowed)] != '\0')
		return false;
	errno = 0;
	value = strtoull(digits, NULL, hex ? 16 : 8);
	if (errno != 0)
		return false;
	snprintf(out, YAML_SCALAR_MAX, "%llu", value);
	return true;
}

/* [-+]? (digits [. digits?] | . digits) ([eE] [-+]? digits)?  The output lacks what JSON
 * forbids: a plus sign, leading zeros, a point without digits on both sides. */
static bool decimal_to_json(const char *text, char *out)
{
	const char *whole = text + strspn(text, "+-");
	size_t whole_digits = strspn(whole, DIGITS);
	const char *point = whole + whole_digits;
	size_t fraction = *point == '.' ? strspn(point + 1, DIGITS) : 0;
	const char *exponent = *point == '.' ? point + 1 + fraction : point;
	const char *end = exponent;

	if (whole - text > 1 || whole_digits + fraction == 0)
		return false;
	if (*end == 'e' || *end == 'E') {
		end++;
		end += *end == '+' || *end == '-';
		if (*end < '0' || *end > '9')
			return false;
		end += strspn(end, DIGITS);
	}
	if (*end != '\0')
		return false;
	while (whole_digits > 1 && *whole == '0') {
		whole++;
		whole_digits--;
	}
	snprintf(out, YAML_SCALAR_MAX, "%s%.*s%s%.*s%s", *text == '-' ? "-" : "",
	         whole_digits ? (int)whole_digits : 1, whole_digits ? whole : "0",
	         fraction ? "." : "", (int)fraction, point + (fraction ? 1 : 0), exponent);
	return true;
}

bool yaml_scalar_to_json(const char *value, size_t length, char out[static YAML_SCALAR_MAX])
{
	char text[YAML_SCALAR_MAX - 4]; /* room for what the output may have more */

	if (length >= sizeof(text) || memchr(value, '\0', length))
		return false;
	memcpy(text, value, length);
	text[length] = '\0';
	return word_to_json(text, out) || radix_to_json(text, out) || decimal_to_json(text, out);
}
