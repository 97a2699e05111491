/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "route_ledger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "route_diff.h"

struct entry {
	struct route route; /* its key counts */
	/* refused */
	uint64_t delay; /* 0: it is not */
	uint64_t retry_at;
	/* repaired */
	uint64_t repairs[FIGHT_REPAIRS]; /* times, a ring; the oldest is at `repair_count` modulo */
	uint64_t repair_count;
	bool fighting;
};

struct route_ledger {
	struct entry *entries; /* sorted by route_compare_key */
	size_t count, room;
	uint64_t fights_total;
};

int route_ledger_new(struct route_ledger **out, struct error *err)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : error_set(err, ENOMEM, "out of memory");
}

void route_ledger_free(struct route_ledger *ledger)
{
	if (!ledger)
		return;
	free(ledger->entries);
	free(ledger);
}

/* ---- entries ---- */

/* The entry's place, or the one where it belongs. */
static size_t find_place(const struct route_ledger *ledger, const struct route *route)
{
	size_t low = 0, high = ledger->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (route_compare_key(&ledger->entries[middle].route, route) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct entry *find(const struct route_ledger *ledger, const struct route *route)
{
	size_t place = find_place(ledger, route);

	return place < ledger->count && route_compare_key(&ledger->entries[place].route, route) == 0
	               ? &ledger->entries[place]
	               : NULL;
}

/* NULL: no memory. */
static struct entry *find_or_add(struct route_ledger *ledger, const struct route *route)
{
	size_t place = find_place(ledger, route);
	struct entry *entry = find(ledger, route);

	if (entry)
		return entry;
	if (ledger->count == ledger->room) {
		size_t room = ledger->room ? ledger->room * 2 : 16;
		struct entry *larger = reallocarray(ledger->entries, room, sizeof(*larger));

		if (!larger)
			return NULL;
		ledger->entries = larger;
		ledger->room = room;
	}
	entry = &ledger->entries[place];
	memmove(entry + 1, entry, (ledger->count - place) * sizeof(*entry));
	ledger->count++;
	*entry = (struct entry){.route = *route};
	return entry;
}

/* Keeps those for which it is worth it, in order. */
static void sweep(struct route_ledger *ledger,
                  bool (*keep)(const struct entry *entry, uint64_t now), uint64_t now)
{
	size_t kept = 0;

	for (size_t i = 0; i < ledger->count; i++)
		if (keep(&ledger->entries[i], now))
			ledger->entries[kept++] = ledger->entries[i];
	ledger->count = kept;
}

/* ---- repairs and fights ---- */

/* The time of the repair `back` before the last one. */
static uint64_t repair_time(const struct entry *entry, size_t back)
{
	return entry->repairs[(entry->repair_count - 1 - back) % FIGHT_REPAIRS];
}

static bool is_recent(const struct entry *entry, uint64_t now)
{
	uint64_t memory = entry->fighting ? FIGHT_QUIET_MS : FIGHT_WINDOW_MS;

	return entry->repair_count > 0 && now - repair_time(entry, 0) < memory;
}

bool route_ledger_note_repair(struct route_ledger *ledger, const struct route *route, uint64_t now)
{
	struct entry *entry = find_or_add(ledger, route);

	if (!entry)
		return false;
	entry->delay = 0;
	entry->repairs[entry->repair_count++ % FIGHT_REPAIRS] = now;
	if (entry->fighting || entry->repair_count < FIGHT_REPAIRS ||
	    now - repair_time(entry, FIGHT_REPAIRS - 1) > FIGHT_WINDOW_MS)
		return false;
	entry->fighting = true;
	ledger->fights_total++;
	return true;
}

/* ---- refusals ---- */

void route_ledger_note_failure(struct route_ledger *ledger, const struct route *route, uint64_t now)
{
	struct entry *entry = find_or_add(ledger, route);

	if (!entry)
		return;
	entry->delay = entry->delay ? entry->delay * 2 : LEDGER_RETRY_FIRST_MS;
	if (entry->delay > LEDGER_RETRY_MOST_MS)
		entry->delay = LEDGER_RETRY_MOST_MS;
	entry->retry_at = now + entry->delay;
}

void route_ledger_note_success(struct route_ledger *ledger, const struct route *route)
{
	struct entry *entry = find(ledger, route);

	if (entry)
		entry->delay = 0;
}

void route_ledger_forgive(struct route_ledger *ledger)
{
	for (size_t i = 0; i < ledger->count; i++)
		ledger->entries[i].retry_at = 0;
}

/* ---- what is due ---- */

static uint64_t due_at(const struct entry *entry)
{
	uint64_t paced = entry->fighting ? repair_time(entry, 0) + FIGHT_PACE_MS : 0;
	uint64_t retry = entry->delay ? entry->retry_at : 0;

	return paced > retry ? paced : retry;
}

bool route_ledger_allows(const struct route_ledger *ledger, const struct route *route, uint64_t now)
{
	const struct entry *entry = find(ledger, route);

	return !entry || due_at(entry) <= now;
}

/* A refusal whose time came and that nobody tried again is of a route that nobody wants. */
static bool is_worth_keeping(const struct entry *entry, uint64_t now)
{
	return (entry->delay != 0 && entry->retry_at > now) || is_recent(entry, now);
}

void route_ledger_expire(struct route_ledger *ledger, uint64_t now)
{
	sweep(ledger, is_worth_keeping, now);
}

static uint64_t next_of(const struct entry *entry, uint64_t now)
{
	uint64_t due = due_at(entry);

	if (due > now)
		return due;
	return entry->fighting ? repair_time(entry, 0) + FIGHT_QUIET_MS : UINT64_MAX;
}

uint64_t route_ledger_next(const struct route_ledger *ledger, uint64_t now)
{
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; i < ledger->count; i++) {
		uint64_t due = next_of(&ledger->entries[i], now);

		next = due < next ? due : next;
	}
	return next;
}

size_t route_ledger_fights(const struct route_ledger *ledger)
{
	size_t fights = 0;

	for (size_t i = 0; i < ledger->count; i++)
		fights += ledger->entries[i].fighting;
	return fights;
}

uint64_t route_ledger_fights_total(const struct route_ledger *ledger)
{
	return ledger->fights_total;
}
