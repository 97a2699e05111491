/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one error convention: a function that can fail returns 0 or a negative
 * errno and takes a `struct error *` (never NULL) that it fills with a
 * sentence a person can act on. Each level on the way up puts the name of the
 * thing it was about in front; the text is logged once, at the top. In it, what
 * is wrong comes before the first "; ", and what to do about it, the remedy, after.
 */
#ifndef HOSTGW_ERROR_H
#define HOSTGW_ERROR_H

#include <errno.h>
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

/* For what others wrote (a program, a server, a file): no "; " in it begins a remedy. */
static inline void error_tame(char *text)
{
	for (; *text; text++)
		if (*text == ';')
			*text = ',';
}

/* Puts "text: " in front of what `err` says, tamed, as it names things; returns -err->code. */
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
	error_tame(err->text);
	used = strlen(err->text);
	snprintf(err->text + used, sizeof(err->text) - used, ": %s", inner);
	return -err->code;
}

/* Points into `err`; NULL: there is none. */
static inline const char *error_remedy(const struct error *err)
{
	const char *end = strstr(err->text, "; ");

	return end ? end + 2 : NULL;
}

/* Adds a remedy where there is none, at the cost of a text that is too long for both. Where memory
 * ran out there is nothing to mend. Returns -err->code. */
__attribute__((format(printf, 2, 3))) static inline int error_advise(struct error *err,
                                                                     const char *format, ...)
{
	char remedy[ERROR_TEXT_MAX / 2];
	size_t used = strlen(err->text);
	va_list args;

	if (err->code == ENOMEM || error_remedy(err))
		return -err->code;
	va_start(args, format);
	vsnprintf(remedy, sizeof(remedy), format, args);
	va_end(args);
	if (used > sizeof(err->text) - sizeof("; ") - strlen(remedy))
		used = sizeof(err->text) - sizeof("; ") - strlen(remedy);
	snprintf(err->text + used, sizeof(err->text) - used, "; %s", remedy);
	return -err->code;
}

#endif
