/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random numbers for tests: a sequence that the seed alone decides.
 */
#ifndef TESTS_UNIT_CHANCE_H
#define TESTS_UNIT_CHANCE_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "check.h"

struct chance {
	uint64_t state;
};

/* The seed is that of the environment variable `name`, else the time; it is printed. */
static inline void chance_seed(struct chance *chance, const char *name)
{
	const char *given = getenv(name);
	uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);

	print_message("%s=%llu\n", name, (unsigned long long)seed);
	chance->state = seed * 0x9e3779b97f4a7c15u | 1;
}

/* Marsaglia's xorshift64*. */
static inline uint64_t chance_next(struct chance *chance)
{
	chance->state ^= chance->state >> 12;
	chance->state ^= chance->state << 25;
	chance->state ^= chance->state >> 27;
	return chance->state * 0x2545f4914f6cdd1du;
}

/* Below `bound`, which is greater than 0. */
static inline size_t chance_below(struct chance *chance, size_t bound)
{
	return (size_t)(chance_next(chance) >> 33) % bound;
}

#endif
