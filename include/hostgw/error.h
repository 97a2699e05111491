/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one error convention: a function that can fail returns 0 or a negative
 * errno and takes a `struct error *` (never NULL) that it fills with a
 * sentence a person can act on. Each level on the way up puts the name of the
 * thing it was about in front; the text is logged once, at the top.
 */
#ifndef HOSTGW_ERROR_H
#define HOSTGW_ERROR_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ERROR_TEXT_MAX 512

struct error {
	int code;                  /* errno value, positive; 0: no error */
	char text[ERROR_TEXT_MAX]; /* one line, no trailing full stop or newline */
};

/* Fills `err`; returns -code, so that callers write `return error_set(...)`. */
__attribute__((format(printf, 3, 4))) static inline int error_set(struct error *err, int code,
                                                                  const char *format, ...)
{
	va_list args;

	err->code = code;
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	return -code;
}

/* Puts "text: " in front of what `err` says; returns -err->code. */
__attribute__((format(printf, 2, 3))) static inline int error_wrap(struct error *err,
                                                                   const char *format, ...)
{
	char inner[ERROR_TEXT_MAX];
	va_list args;
	size_t used;

	memcpy(inner, err->text, sizeof(inner));
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	used = strlen(err->text);
	snprintf(err->text + used, sizeof(err->text) - used, ": %s", inner);
	return -err->code;
}

#endif
