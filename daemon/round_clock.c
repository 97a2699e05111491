/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "round_clock.h"

void round_clock_begin(struct round_clock *clock, uint64_t now)
{
	clock->last_round = now;
}

uint64_t round_clock_ask(struct round_clock *clock, uint64_t now)
{
	uint64_t due = clock->last_round + ROUND_GAP_MS;

	clock->retrying = false;
	return due > now ? due - now : 0;
}

/* 0: there is nothing to retry. */
static uint64_t find_retry_delay(struct round_clock *clock, const struct round_rest *rest)
{
	if (!rest->failed && !rest->raced)
		return clock->retry_delay = 0;
	if (clock->retry_delay == 0)
		clock->retry_delay = rest->raced ? ROUND_GAP_MS : ROUND_RETRY_FIRST_MS;
	else if (clock->retrying)
		clock->retry_delay *= 2;
	if (clock->retry_delay > ROUND_RETRY_MOST_MS)
		clock->retry_delay = ROUND_RETRY_MOST_MS;
	return clock->retry_delay;
}

uint64_t round_clock_end(struct round_clock *clock, const struct round_rest *rest, uint64_t now,
                         uint64_t asked)
{
	uint64_t delay = find_retry_delay(clock, rest), due = rest->next_due;

	if (delay != 0 && now + delay < due)
		due = now + delay;
	if (due == UINT64_MAX)
		return UINT64_MAX;
	if (due < now + ROUND_GAP_MS)
		due = now + ROUND_GAP_MS;
	if (asked <= due - now)
		return UINT64_MAX;
	clock->retrying = true;
	return due - now;
}
