/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long a look that blocks the loop is not made again. The kernel's time for reading a chain
 * grows with the square of its rules (17 ms at 5,000, over 2 s at 50,000), while others may change
 * rules at any pace: so looks take a tenth of the daemon's time at most. Pure.
 */
#ifndef DAEMON_LOOK_REST_H
#define DAEMON_LOOK_REST_H

#include <stdint.h>

#define LOOK_REST_FACTOR 10
#define LOOK_REST_MAX_MS 60000

/* Milliseconds of rest after a look that took so much CPU time. */
uint64_t look_rest(uint64_t nanoseconds);

#endif
