/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "text_out.h"

#include <stdlib.h>
#include <string.h>

#include "control_char.h"

#define FIRST_ROOM 4096

/* Where the next `length` bytes go; NULL: no memory. */
static char *reserve(struct text_out *out, size_t length)
{
	size_t room = out->room > 0 ? out->room : FIRST_ROOM;
	char *larger;

	if (out->failed)
		return NULL;
	while (room - out->length < length)
		room *= 2;
	if (room != out->room) {
		larger = realloc(out->bytes, room);
		if (!larger) {
			out->failed = true;
			return NULL;
		}
		out->bytes = larger;
		out->room = room;
	}
	out->length += length;
	return out->bytes + out->length - length;
}

void text_out_bytes(struct text_out *out, const char *bytes, size_t length)
{
	char *to = reserve(out, length);

	if (to)
		memcpy(to, bytes, length);
}

void text_out_text(struct text_out *out, const char *text)
{
	text_out_bytes(out, text, strlen(text));
}

void text_out_char(struct text_out *out, char character)
{
	text_out_bytes(out, &character, 1);
}

void text_out_spaces(struct text_out *out, size_t count)
{
	char *to = reserve(out, count);

	if (to)
		memset(to, ' ', count);
}

void text_out_number(struct text_out *out, uint64_t number)
{
	char digits[20]; /* of 2^64 - 1 */
	size_t first = sizeof(digits);

	do {
		digits[--first] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	text_out_bytes(out, digits + first, sizeof(digits) - first);
}

size_t text_out_visible_n(struct text_out *out, const char *text, size_t length)
{
	char *to = reserve(out, length);
	unsigned special = 0;

	if (!to)
		return length;
	memcpy(to, text, length);
	/* Nearly all that comes is plain ASCII, and is a megabyte where every node is in trouble.
	 */
	for (size_t i = 0; i < length; i++)
		special |= (unsigned)((unsigned char)text[i] - 0x20u >= 0x7f - 0x20);
	for (size_t i = 0; special && i < length;) {
		size_t control = control_char_length(text + i, length - i);

		memset(to + i, '?', control);
		i += control > 0 ? control : 1;
	}
	return length;
}

size_t text_out_visible(struct text_out *out, const char *text)
{
	return text_out_visible_n(out, text, strlen(text));
}

char *text_out_take(struct text_out *out, size_t *length)
{
	char *taken;

	text_out_char(out, '\0');
	taken = out->bytes;
	if (out->failed) {
		free(taken);
		taken = NULL;
	} else {
		*length = out->length - 1;
	}
	*out = (struct text_out){0};
	return taken;
}
