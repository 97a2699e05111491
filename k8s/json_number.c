/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json_number.h"

#include <stdbool.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* After at least one digit of the whole part. */
static enum json_number after_whole(char c)
{
	if (c == '.')
		return JSON_NUMBER_POINT;
	return c == 'e' || c == 'E' ? JSON_NUMBER_E : JSON_NUMBER_END;
}

enum json_number json_number_next(enum json_number state, char c)
{
	switch (state) {
	case JSON_NUMBER_START:
		if (c == '-')
			return JSON_NUMBER_MINUS;
		__attribute__((fallthrough));
	case JSON_NUMBER_MINUS:
		if (c == '0')
			return JSON_NUMBER_ZERO;
		return is_digit(c) ? JSON_NUMBER_WHOLE : JSON_NUMBER_BAD;
	case JSON_NUMBER_ZERO:
		return is_digit(c) ? JSON_NUMBER_BAD : after_whole(c);
	case JSON_NUMBER_WHOLE:
		return is_digit(c) ? JSON_NUMBER_WHOLE : after_whole(c);
	case JSON_NUMBER_POINT:
		return is_digit(c) ? JSON_NUMBER_FRACTION : JSON_NUMBER_BAD;
	case JSON_NUMBER_FRACTION:
		if (is_digit(c))
			return JSON_NUMBER_FRACTION;
		return c == 'e' || c == 'E' ? JSON_NUMBER_E : JSON_NUMBER_END;
	case JSON_NUMBER_E:
		if (c == '+' || c == '-')
			return JSON_NUMBER_E_SIGN;
		__attribute__((fallthrough));
	case JSON_NUMBER_E_SIGN:
		return is_digit(c) ? JSON_NUMBER_EXPONENT : JSON_NUMBER_BAD;
	case JSON_NUMBER_EXPONENT:
		return is_digit(c) ? JSON_NUMBER_EXPONENT : JSON_NUMBER_END;
	case JSON_NUMBER_END:
	case JSON_NUMBER_BAD:
		break;
	}
	return JSON_NUMBER_BAD;
}
