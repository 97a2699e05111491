/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes that arrive in pieces, as a socket gives them.
 */
#ifndef TESTS_UNIT_PIECES_H
#define TESTS_UNIT_PIECES_H

#include "hostgw/error.h"
#include "node_maker.h"

/* How the bytes are cut: `first` of them, then `step` at a time; 0: by chance. */
struct pieces {
	size_t first, step;
	struct chance *chance;
};

typedef int (*pieces_push_fn)(void *ctx, const char *bytes, size_t length, struct error *err);

/* Pushes all of them, or up to the first negative result, which it returns. Each piece is an
 * allocation of its own size: the sanitizer sees every read beyond it. */
int pieces_push(const char *bytes, size_t length, struct pieces pieces, pieces_push_fn push,
                void *ctx, struct error *err);

#endif
