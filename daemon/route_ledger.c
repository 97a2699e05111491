/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "route_ledger.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>

#include "route_diff.h"

struct ledger_entry {
	struct route route; /* first, as the key; and as it was put back last */
	struct ledger_entry *previous, *next;
	/* Repairs: when the last ones were, a ring; the oldest is where the next one goes. */
	uint64_t repairs[FIGHT_REPAIRS];
	size_t repair_count; /* all there were */
	bool fighting;
	uint8_t opponent;
	/* Refusals: 0 where the kernel took it. */
	uint32_t delay;
	uint64_t due;
};

struct route_ledger {
	void *tree;                   /* of struct ledger_entry, tsearch(3), by route_compare_key */
	struct ledger_entry *entries; /* the same, to walk and drop */
	size_t fights;
	uint64_t fights_total;
};

/* ---- entries ---- */

int route_ledger_new(struct route_ledger **out, struct error *err)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : error_set(err, ENOMEM, "out of memory");
}

static void drop_entry(struct route_ledger *ledger, struct ledger_entry *entry)
{
	tdelete(entry, &ledger->tree, route_compare_key);
	if (entry->previous)
		entry->previous->next = entry->next;
	else
		ledger->entries = entry->next;
	if (entry->next)
		entry->next->previous = entry->previous;
	ledger->fights -= entry->fighting;
	free(entry);
}

void route_ledger_free(struct route_ledger *ledger)
{
	if (!ledger)
		return;
	while (ledger->entries)
		drop_entry(ledger, ledger->entries);
	free(ledger);
}

static struct ledger_entry *find_entry(const struct route_ledger *ledger, const struct route *route)
{
	struct ledger_entry **found = tfind(route, &ledger->tree, route_compare_key);

	return found ? *found : NULL;
}

/* NULL: no memory. */
static struct ledger_entry *find_or_add_entry(struct route_ledger *ledger,
                                              const struct route *route)
{
	struct ledger_entry *entry = find_entry(ledger, route);

	if (entry)
		return entry;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return NULL;
	entry->route = *route;
	if (!tsearch(entry, &ledger->tree, route_compare_key)) {
		free(entry);
		return NULL;
	}
	entry->next = ledger->entries;
	if (entry->next)
		entry->next->previous = entry;
	ledger->entries = entry;
	return entry;
}

/* ---- when ---- */

/* At least one repair was. */
static uint64_t last_repair(const struct ledger_entry *entry)
{
	return entry->repairs[(entry->repair_count - 1) % FIGHT_REPAIRS];
}

static uint64_t next_repair(const struct ledger_entry *entry)
{
	return last_repair(entry) + FIGHT_PACE_MS;
}

/* When repairs are no longer of interest: until then one more may begin a fight, or go on with it.
 */
static uint64_t end_of_repairs(const struct ledger_entry *entry)
{
	return last_repair(entry) + (entry->fighting ? FIGHT_QUIET_MS : FIGHT_WINDOW_MS + 1);
}

static bool begins_fight(const struct ledger_entry *entry, uint64_t now)
{
	return !entry->fighting && entry->repair_count >= FIGHT_REPAIRS &&
	       now - entry->repairs[entry->repair_count % FIGHT_REPAIRS] <= FIGHT_WINDOW_MS;
}

static bool leads_elsewhere(const struct route *a, const struct route *b)
{
	return a->type != b->type || a->oif != b->oif || !ip_equal(&a->via, &b->via);
}

bool route_ledger_allows(const struct route_ledger *ledger, const struct route_change *change,
                         uint64_t now, uint64_t *due)
{
	const struct ledger_entry *entry = find_entry(ledger, &change->route);
	uint64_t first = 0;

	if (!entry)
		return true;
	if (entry->delay > 0)
		first = entry->due;
	if (entry->fighting && change->verb != ROUTE_DELETE &&
	    !leads_elsewhere(&entry->route, &change->route) && first < next_repair(entry))
		first = next_repair(entry);
	if (now >= first)
		return true;
	*due = first;
	return false;
}

/* ---- what came of changes ---- */

static void end_refusal(struct route_ledger *ledger, struct ledger_entry *entry)
{
	entry->delay = 0;
	if (entry->repair_count == 0)
		drop_entry(ledger, entry);
}

bool route_ledger_note_repair(struct route_ledger *ledger, const struct route *route,
                              uint8_t opponent, uint64_t now)
{
	struct ledger_entry *entry = find_or_add_entry(ledger, route);

	if (!entry)
		return false;
	entry->route = *route;
	entry->opponent = opponent;
	entry->delay = 0;
	entry->repairs[entry->repair_count++ % FIGHT_REPAIRS] = now;
	if (!begins_fight(entry, now))
		return false;
	entry->fighting = true;
	ledger->fights++;
	ledger->fights_total++;
	return true;
}

void route_ledger_note_failure(struct route_ledger *ledger, const struct route_change *change,
                               uint64_t now)
{
	struct ledger_entry *entry = find_or_add_entry(ledger, &change->route);

	if (!entry)
		return;
	entry->delay = entry->delay > 0 ? entry->delay * 2 : LEDGER_RETRY_FIRST_MS;
	if (entry->delay > LEDGER_RETRY_MOST_MS)
		entry->delay = LEDGER_RETRY_MOST_MS;
	entry->due = now + entry->delay;
}

void route_ledger_note_success(struct route_ledger *ledger, const struct route *route)
{
	struct ledger_entry *entry = find_entry(ledger, route);

	if (entry)
		end_refusal(ledger, entry);
}

void route_ledger_forget(struct route_ledger *ledger, const struct route *route)
{
	struct ledger_entry *entry = find_entry(ledger, route);

	if (entry)
		drop_entry(ledger, entry);
}

void route_ledger_forgive(struct route_ledger *ledger)
{
	struct ledger_entry *next;

	for (struct ledger_entry *entry = ledger->entries; entry; entry = next) {
		next = entry->next;
		end_refusal(ledger, entry);
	}
}

/* ---- time goes by ---- */

void route_ledger_expire(struct route_ledger *ledger, uint64_t now)
{
	struct ledger_entry *next;

	for (struct ledger_entry *entry = ledger->entries; entry; entry = next) {
		next = entry->next;
		if (entry->repair_count > 0 && now >= end_of_repairs(entry)) {
			ledger->fights -= entry->fighting;
			entry->fighting = false;
			entry->repair_count = 0;
		}
		if (entry->delay > 0 && now >= entry->due + FIGHT_QUIET_MS)
			entry->delay = 0;
		if (entry->delay == 0 && entry->repair_count == 0)
			drop_entry(ledger, entry);
	}
}

static void keep_earliest(uint64_t *earliest, uint64_t time, uint64_t now)
{
	if (time > now && time < *earliest)
		*earliest = time;
}

uint64_t route_ledger_next(const struct route_ledger *ledger, uint64_t now)
{
	uint64_t earliest = UINT64_MAX;

	for (const struct ledger_entry *entry = ledger->entries; entry; entry = entry->next) {
		if (entry->delay > 0)
			keep_earliest(&earliest, entry->due, now);
		if (!entry->fighting)
			continue;
		keep_earliest(&earliest, next_repair(entry), now);
		keep_earliest(&earliest, end_of_repairs(entry), now);
	}
	return earliest;
}

size_t route_ledger_fights(const struct route_ledger *ledger)
{
	return ledger->fights;
}

uint64_t route_ledger_fights_total(const struct route_ledger *ledger)
{
	return ledger->fights_total;
}

size_t route_ledger_list_fights(const struct route_ledger *ledger, struct ledger_fight *out,
                                size_t room)
{
	size_t count = 0;

	for (const struct ledger_entry *entry = ledger->entries; entry && count < room;
	     entry = entry->next)
		if (entry->fighting)
			out[count++] = (struct ledger_fight){entry->route.dst, entry->route.table,
			                                     entry->opponent};
	return count;
}

enum ledger_standing route_ledger_standing(const struct route_ledger *ledger,
                                           const struct route *route)
{
	const struct ledger_entry *entry = find_entry(ledger, route);

	if (!entry)
		return LEDGER_QUIET;
	if (entry->fighting)
		return LEDGER_FOUGHT_OVER;
	return entry->delay > 0 ? LEDGER_REFUSED : LEDGER_QUIET;
}
