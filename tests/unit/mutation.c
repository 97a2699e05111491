/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mutation.h"

#include "check.h"

#define PIECE_MAX 40

static void remove_piece(struct text *bytes, size_t at, size_t length)
{
	if (length > bytes->length - at)
		length = bytes->length - at;
	memmove(bytes->bytes + at, bytes->bytes + at + length, bytes->length - at - length);
	bytes->length -= length;
}

static void insert_piece(struct text *bytes, size_t at, const struct text *other,
                         struct chance *chance)
{
	char piece[PIECE_MAX];
	size_t length = chance_below(chance, PIECE_MAX);
	size_t behind = bytes->length - at;

	if (length > other->length)
		length = other->length;
	memcpy(piece, other->bytes + chance_below(chance, other->length - length + 1), length);
	add_bytes(bytes, piece, length); /* makes the room */
	memmove(bytes->bytes + at + length, bytes->bytes + at, behind);
	memcpy(bytes->bytes + at, piece, length);
}

static void overwrite_piece(struct text *bytes, size_t at, size_t length, struct chance *chance)
{
	if (length > bytes->length - at)
		length = bytes->length - at;
	memmove(bytes->bytes + at, bytes->bytes + chance_below(chance, bytes->length - length + 1),
	        length);
}

static void mutate_once(struct text *bytes, const struct text *other, struct chance *chance)
{
	size_t at = chance_below(chance, bytes->length);
	size_t length = chance_below(chance, PIECE_MAX);

	switch (chance_below(chance, 5)) {
	case 0:
		bytes->bytes[at] = (char)chance_next(chance);
		break;
	case 1:
		bytes->bytes[at] ^= (char)(1 << chance_below(chance, 8));
		break;
	case 2:
		remove_piece(bytes, at, length);
		break;
	case 3:
		overwrite_piece(bytes, at, length, chance);
		break;
	default:
		insert_piece(bytes, at, other, chance);
		break;
	}
}

void mutate_bytes(struct text *bytes, const struct text *other, struct chance *chance)
{
	for (size_t i = 1 + chance_below(chance, 3); i > 0 && bytes->length > 0; i--)
		mutate_once(bytes, other, chance);
}
