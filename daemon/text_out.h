/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A text that is put together piece by piece, for pages of thousands of lines: stdio's streams
 * take several times as long for pieces of some bytes. Plain data; zero-initialised is empty. Where
 * memory ends, what follows is dropped, and text_out_take says so.
 */
#ifndef DAEMON_TEXT_OUT_H
#define DAEMON_TEXT_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text_out {
	char *bytes; /* owned, not terminated */
	size_t length, room;
	bool failed;
};

void text_out_bytes(struct text_out *out, const char *bytes, size_t length);
void text_out_text(struct text_out *out, const char *text);
void text_out_char(struct text_out *out, char character);
void text_out_spaces(struct text_out *out, size_t count);
void text_out_number(struct text_out *out, uint64_t number);
/* Control characters become question marks, one a byte, as log_make_visible has it; returns the
 * length. */
size_t text_out_visible(struct text_out *out, const char *text);
size_t text_out_visible_n(struct text_out *out, const char *text, size_t length);

/* The text, terminated, malloc(3)'s, and without that its *length; NULL: no memory. The text is
 * empty then. */
char *text_out_take(struct text_out *out, size_t *length);

#endif
