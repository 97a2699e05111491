/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long something takes, counted in Prometheus' way: by upper bounds in seconds. */
#ifndef DAEMON_HISTOGRAM_H
#define DAEMON_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_BOUNDS 12

/* From a round that finds nothing to do to one that installs fifty thousand routes. */
static const double histogram_bounds[HISTOGRAM_BOUNDS] = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                                          0.05,   0.1,   0.25,   0.5,   1,    2.5};

struct histogram {
	uint64_t counts[HISTOGRAM_BOUNDS + 1]; /* up to each bound, not cumulated; the rest */
	double sum;
};

static inline void histogram_add(struct histogram *histogram, double seconds)
{
	size_t i = 0;

	while (i < HISTOGRAM_BOUNDS && seconds > histogram_bounds[i])
		i++;
	histogram->counts[i]++;
	histogram->sum += seconds;
}

#endif
