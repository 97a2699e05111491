/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pieces.h"

#include <stdlib.h>

#include "check.h"

static size_t next_size(struct pieces pieces, bool first)
{
	size_t size = first && pieces.first > 0 ? pieces.first : pieces.step;

	if (size > 0)
		return size;
	return 1 + chance_below(pieces.chance, chance_below(pieces.chance, 2) ? 20 : 3000);
}

int pieces_push(const char *bytes, size_t length, struct pieces pieces, pieces_push_fn push,
                void *ctx, struct error *err)
{
	size_t done = 0;
	int result = 0;

	while (result == 0 && done < length) {
		size_t size = next_size(pieces, done == 0);
		char *piece;

		if (size > length - done)
			size = length - done;
		piece = malloc(size);
		assert_non_null(piece);
		memcpy(piece, bytes + done, size);
		result = push(ctx, piece, size, err);
		free(piece);
		done += size;
	}
	return result;
}
