/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Times of several rounds and their median, in milliseconds. */
#ifndef BENCH_TIMING_H
#define BENCH_TIMING_H

#include <stddef.h>

#define ROUNDS_MOST 100

struct times {
	double of[ROUNDS_MOST];
	size_t count;
};

/* CLOCK_MONOTONIC. */
double now_ms(void);

/* Of at least one; sorts them. */
double median(struct times *times);

#endif
