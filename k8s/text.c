/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_FIRST_CAPACITY 512

/* Not realloc(3): it may leave a copy of a secret behind. */
static int text_grow(struct text *text, size_t needed)
{
	size_t capacity = text->capacity ? text->capacity : TEXT_FIRST_CAPACITY;
	char *bytes;

	while (capacity < needed)
		capacity *= 2;
	bytes = malloc(capacity);
	if (!bytes)
		return -ENOMEM;
	if (text->bytes) {
		memcpy(bytes, text->bytes, text->length);
		explicit_bzero(text->bytes, text->length);
		free(text->bytes);
	}
	text->bytes = bytes;
	text->capacity = capacity;
	return 0;
}

int text_append(struct text *text, const char *bytes, size_t length, size_t max)
{
	int result;

	if (length > max || text->length > max - length)
		return -EMSGSIZE;
	if (text->length + length + 1 > text->capacity) {
		result = text_grow(text, text->length + length + 1);
		if (result < 0)
			return result;
	}
	if (length > 0)
		memcpy(text->bytes + text->length, bytes, length);
	text->length += length;
	text->bytes[text->length] = '\0';
	return 0;
}

void text_cut(struct text *text, size_t length)
{
	text->length = length;
	if (text->bytes)
		text->bytes[length] = '\0';
}

void text_flatten(char *line)
{
	for (; *line; line++)
		if ((unsigned char)*line < ' ' || *line == 0x7f)
			*line = ' ';
}

void text_free(struct text *text)
{
	if (text->bytes)
		explicit_bzero(text->bytes, text->length);
	free(text->bytes);
	*text = (struct text){0};
}
