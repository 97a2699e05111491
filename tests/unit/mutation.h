/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Spoils bytes the way a fuzzer does, but as a seed alone decides.
 */
#ifndef TESTS_UNIT_MUTATION_H
#define TESTS_UNIT_MUTATION_H

#include "node_maker.h"

/* Changes a few places of `bytes`: bytes and bits, pieces that are missing, twice there, or come
 * from `other` (which may be `bytes` itself). */
void mutate_bytes(struct text *bytes, const struct text *other, struct chance *chance);

#endif
