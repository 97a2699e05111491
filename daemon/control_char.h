/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a terminal acts on instead of showing it. */
#ifndef DAEMON_CONTROL_CHAR_H
#define DAEMON_CONTROL_CHAR_H

#include <stddef.h>

/* The bytes of the control character that a text of `length` bytes begins with; 0: it is none.
 * Those of ASCII are 1, those of ISO 6429 (U+0080 to U+009F), one of which begins what ESC [
 * begins, are 2 in UTF-8. */
static inline size_t control_char_length(const char *text, size_t length)
{
	unsigned char byte = (unsigned char)text[0];
	unsigned char next = length > 1 ? (unsigned char)text[1] : 0;

	if (byte < 0x20 || byte == 0x7f)
		return 1;
	return byte == 0xc2 && next >= 0x80 && next < 0xa0 ? 2 : 0;
}

#endif
