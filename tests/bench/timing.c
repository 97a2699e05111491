/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "timing.h"

#include <stdlib.h>
#include <time.h>

static int compare_times(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

double median(struct times *times)
{
	qsort(times->of, times->count, sizeof(*times->of), compare_times);
	return times->of[times->count / 2];
}
