/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hostgw/backoff.h"

#include <stdint.h>
#include <sys/random.h>

#define BACKOFF_FIRST_MS 800u
#define BACKOFF_LAST_MS  30000u
/* No server means more than this; it keeps the sums in their type. */
#define RETRY_AFTER_MOST_S (24u * 3600u)

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
	unsigned first = backoff->first_ms > 0 ? backoff->first_ms : BACKOFF_FIRST_MS;
	unsigned last = backoff->last_ms > 0 ? backoff->last_ms : BACKOFF_LAST_MS;
	unsigned wait = backoff->next_ms > 0 ? backoff->next_ms : first;

	backoff->next_ms = wait * 2 < last ? wait * 2 : last;
	return backoff_random(wait - wait / 5, wait + wait / 5);
}

unsigned backoff_next_after(struct backoff *backoff, unsigned retry_after)
{
	unsigned wait = backoff_next(backoff);
	unsigned wanted = 1000 *
	                  (retry_after < RETRY_AFTER_MOST_S ? retry_after : RETRY_AFTER_MOST_S);

	return wanted < wait ? wait : backoff_random(wanted, wanted + wanted / 5);
}

void backoff_reset(struct backoff *backoff)
{
	backoff->next_ms = 0;
}
