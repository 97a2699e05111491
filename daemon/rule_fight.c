/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rule_fight.h"

/* When the repair before `back` others was. */
static uint64_t repair_at(const struct rule_fight *fight, uint64_t back)
{
	return fight->repairs[(fight->count - 1 - back) % RULE_FIGHT_BURST];
}

/* There were so many in the window that ends now. */
static bool were(const struct rule_fight *fight, uint64_t repairs, uint64_t now)
{
	return fight->count >= repairs &&
	       now - repair_at(fight, repairs - 1) <= RULE_FIGHT_WINDOW_MS;
}

bool rule_fight_note(struct rule_fight *fight, uint64_t now)
{
	fight->repairs[fight->count++ % RULE_FIGHT_BURST] = now;
	if (fight->fighting || !were(fight, RULE_FIGHT_REPAIRS, now))
		return false;
	fight->fighting = true;
	fight->fights++;
	return true;
}

bool rule_fight_expire(struct rule_fight *fight, uint64_t now)
{
	if (!fight->fighting || now - repair_at(fight, 0) < RULE_FIGHT_QUIET_MS)
		return false;
	fight->fighting = false;
	return true;
}

uint64_t rule_fight_next(const struct rule_fight *fight, uint64_t now)
{
	return were(fight, RULE_FIGHT_BURST, now) ? repair_at(fight, 0) + RULE_FIGHT_PACE_MS : 0;
}
