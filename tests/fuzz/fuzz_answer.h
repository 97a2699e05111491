/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An answer's body through a node stream: whatever pieces it comes in, the stream tells the same.
 */
#ifndef TESTS_FUZZ_FUZZ_ANSWER_H
#define TESTS_FUZZ_FUZZ_ANSWER_H

#include "fuzz.h"
#include "tests/unit/made_answer.h"
#include "tests/unit/seen_events.h"

/* As a list and as a watch of that type. */
void fuzz_split_answer(const char *content_type, const uint8_t *data, size_t size);

/* Made answers for fuzz_make_seed, lists and watches in turns; false: there are no more. */
bool fuzz_make_answer(size_t number, struct made_answer *answer);

#endif
