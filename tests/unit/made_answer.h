/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole answers of an API server about nodes that chance made: one list or watch in both
 * formats, and the lines (seen_events.h) that reading either of them must give.
 */
#ifndef TESTS_UNIT_MADE_ANSWER_H
#define TESTS_UNIT_MADE_ANSWER_H

#include "k8s/node_stream.h"
#include "node_maker.h"

struct made_answer {
	struct text json, proto, wanted; /* owned */
};

/* A list of `count` nodes; or a watch of as many events about nodes, bookmarks among them and an
 * error at the end as chance will have it. */
void answer_make(struct made_answer *answer, enum node_stream_kind kind,
                 const struct node_keys *keys, struct chance *chance, size_t count);
void answer_free(struct made_answer *answer);

#endif
