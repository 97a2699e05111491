/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every fuzz target here offers and may use. A target is one file with one reader of bytes
 * from outside and what must hold of it whatever the bytes are; it fails by an assertion of
 * cmocka or by the sanitizers. fuzz_main.c runs it with a fixed set of inputs, libFuzzer with
 * those that it finds.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "tests/unit/check.h"

#include "hostgw/error.h"
#include "tests/unit/node_maker.h"

/* The target; 0. Nothing lasts from one call to the next. `data` may be NULL where size is 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Appends the seed `number`, for inputs that are no text which a file could hold readably.
 * False: there are no more. Targets whose seeds are files have none of it. */
__attribute__((weak)) bool fuzz_make_seed(size_t number, struct text *seed);

/* A copy in an allocation of its own, with a NUL behind it; to be freed. */
char *fuzz_copy(const uint8_t *data, size_t size);

/* A sequence that the input decides. */
struct chance fuzz_chance(const uint8_t *data, size_t size);

/* A result below 0 has its code and a sentence in `err`. */
void fuzz_check_result(int result, const struct error *err);

void fuzz_check_same(const struct text *seen, const struct text *wanted, const char *what);

#endif
