/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "backoff.h"

#include <stdint.h>
#include <sys/random.h>

#define BACKOFF_FIRST_MS 800u
#define BACKOFF_LAST_MS  30000u

unsigned backoff_random(unsigned low, unsigned high)
{
	uint32_t value = 0;

	/* An early boot without entropy gives no jitter, not a delay. */
	if (getrandom(&value, sizeof(value), GRND_NONBLOCK) != sizeof(value))
		value = 0;
	return low + value % (high - low + 1);
}

unsigned backoff_next(struct backoff *backoff)
{
	unsigned wait = backoff->next_ms > 0 ? backoff->next_ms : BACKOFF_FIRST_MS;

	backoff->next_ms = wait * 2 < BACKOFF_LAST_MS ? wait * 2 : BACKOFF_LAST_MS;
	return backoff_random(wait - wait / 5, wait + wait / 5);
}

void backoff_reset(struct backoff *backoff)
{
	backoff->next_ms = 0;
}
