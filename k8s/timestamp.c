/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "timestamp.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* The text must have the pattern's shape: 0 stands for a digit. */
static bool has_shape(const char *text, const char *pattern)
{
	for (; *pattern; text++, pattern++) {
		bool digit = *text >= '0' && *text <= '9';

		if (*pattern == '0' ? !digit : *text != *pattern)
			return false;
	}
	return true;
}

static int two_digits(const char *text)
{
	return (text[0] - '0') * 10 + (text[1] - '0');
}

/* "Z" or "+hh:mm" at the end, in seconds. */
static bool parse_offset(const char *text, int *seconds)
{
	*seconds = 0;
	if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0)
		return true;
	if ((*text != '+' && *text != '-') || !has_shape(text + 1, "00:00") || text[6] != '\0')
		return false;
	*seconds = two_digits(text + 1) * 3600 + two_digits(text + 4) * 60;
	if (*text == '-')
		*seconds = -*seconds;
	return true;
}

int64_t timestamp_parse(const char *text)
{
	struct tm tm = {0};
	int offset;

	if (!has_shape(text, "0000-00-00T00:00:00"))
		return 0;
	tm.tm_year = two_digits(text) * 100 + two_digits(text + 2) - 1900;
	tm.tm_mon = two_digits(text + 5) - 1;
	tm.tm_mday = two_digits(text + 8);
	tm.tm_hour = two_digits(text + 11);
	tm.tm_min = two_digits(text + 14);
	tm.tm_sec = two_digits(text + 17);
	if (tm.tm_mon < 0 || tm.tm_mon > 11 || tm.tm_mday < 1 || tm.tm_mday > 31 ||
	    tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
		return 0;
	text += strlen("0000-00-00T00:00:00");
	if (*text == '.')
		text += 1 + strspn(text + 1, "0123456789");
	if (!parse_offset(text, &offset))
		return 0;
	return (int64_t)timegm(&tm) - offset;
}

const char *timestamp_format(int64_t seconds, char buffer[static TIMESTAMP_TEXT_MAX])
{
	time_t when = (time_t)seconds;
	struct tm tm;

	if (!gmtime_r(&when, &tm) ||
	    strftime(buffer, TIMESTAMP_TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		buffer[0] = '\0';
	return buffer;
}
