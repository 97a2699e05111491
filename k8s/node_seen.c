/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node_seen.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#define CAPACITY_FIRST 64u

struct entry {
	uint64_t name; /* hash; 0: the slot is free */
	uint64_t record;
};

/* Open addressing, linear probing. Grown by half when seven eighths full, so it is never less
 * than 7/12 full afterwards: 27 bytes a node. */
struct node_seen {
	uint64_t seed;
	struct entry *slots; /* NULL while there are none */
	size_t capacity;
	size_t count;
};

/* FNV-1a, begun with the seed; the length of each text is in its terminating NUL. */
static uint64_t add_bytes(uint64_t hash, const void *data, size_t length)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3u;
	return hash;
}

static uint64_t add_text(uint64_t hash, const char *text)
{
	/* No text is not the same as an empty one. */
	return text ? add_bytes(hash, text, strlen(text) + 1) : add_bytes(hash, "\xff", 1);
}

/* Spreads what the last bytes changed over all bits (the finalizer of MurmurHash3); never 0. */
static uint64_t finish(uint64_t hash)
{
	hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccdu;
	hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53u;
	hash ^= hash >> 33;
	return hash ? hash : 1;
}

static uint64_t hash_name(const struct node_seen *seen, const char *name)
{
	return finish(add_text(seen->seed, name));
}

static uint64_t hash_record(const struct node_seen *seen, const struct node_record *record)
{
	uint64_t hash = add_text(seen->seed, record->name);

	hash = add_bytes(hash, &record->created, sizeof(record->created));
	hash = add_bytes(hash, &record->pod_cidr_count, sizeof(record->pod_cidr_count));
	for (size_t i = 0; i < record->pod_cidr_count; i++)
		hash = add_text(hash, record->pod_cidrs[i]);
	for (size_t i = 0; i < record->address_count; i++)
		hash = add_text(hash, record->addresses[i]);
	hash = add_text(hash, NULL);
	for (size_t i = 0; i < NODE_ANNOTATIONS; i++)
		hash = add_text(hash, record->annotations[i]);
	return finish(
		add_bytes(hash, &record->network_available, sizeof(record->network_available)));
}

/* The slot where the probing for a hash begins: hashes in order fill the table in order, and the
 * capacity need not be a power of two. */
static size_t home(const struct node_seen *seen, uint64_t name)
{
	return (size_t)(((unsigned __int128)name * seen->capacity) >> 64);
}

/* The slot of `name`, or the free one where it belongs. There always is a free one. */
static struct entry *find(const struct node_seen *seen, uint64_t name)
{
	size_t at = home(seen, name);

	while (seen->slots[at].name != 0 && seen->slots[at].name != name)
		at = at + 1 < seen->capacity ? at + 1 : 0;
	return &seen->slots[at];
}

static bool grow(struct node_seen *seen)
{
	struct node_seen larger = *seen;

	larger.capacity = seen->capacity ? seen->capacity + seen->capacity / 2 : CAPACITY_FIRST;
	larger.slots = calloc(larger.capacity, sizeof(*larger.slots));
	if (!larger.slots)
		return false;
	for (size_t i = 0; i < seen->capacity; i++)
		if (seen->slots[i].name != 0)
			*find(&larger, seen->slots[i].name) = seen->slots[i];
	free(seen->slots);
	*seen = larger;
	return true;
}

/* The slots behind a freed one move up, until one stands where it was sought first: no search
 * must meet a gap before it meets its entry. */
static void close_gap(struct node_seen *seen, size_t gap)
{
	size_t at = gap;

	for (;;) {
		size_t from, first;

		at = at + 1 < seen->capacity ? at + 1 : 0;
		if (seen->slots[at].name == 0)
			break;
		first = home(seen, seen->slots[at].name);
		from = (at + seen->capacity - first) % seen->capacity;
		if (from < (at + seen->capacity - gap) % seen->capacity)
			continue; /* its search begins behind the gap */
		seen->slots[gap] = seen->slots[at];
		gap = at;
	}
	seen->slots[gap] = (struct entry){0};
}

int node_seen_new(struct node_seen **out, struct error *err)
{
	struct node_seen *seen = calloc(1, sizeof(*seen));

	if (!seen)
		return error_set(err, ENOMEM, "out of memory");
	/* Early at boot there may be no randomness yet: a fixed seed then does no harm that
	 * waiting for it would be worth. */
	if (getrandom(&seen->seed, sizeof(seen->seed), GRND_NONBLOCK) < 0)
		seen->seed = 0xcbf29ce484222325u;
	*out = seen;
	return 0;
}

void node_seen_free(struct node_seen *seen)
{
	if (!seen)
		return;
	free(seen->slots);
	free(seen);
}

void node_seen_clear(struct node_seen *seen)
{
	free(seen->slots);
	seen->slots = NULL;
	seen->capacity = 0;
	seen->count = 0;
}

bool node_seen_change(struct node_seen *seen, const struct node_record *record)
{
	uint64_t name = hash_name(seen, record->name);
	uint64_t hash = hash_record(seen, record);
	struct entry *entry = seen->capacity > 0 ? find(seen, name) : NULL;

	if (entry && entry->name == name) {
		bool changed = entry->record != hash;

		entry->record = hash;
		return changed;
	}
	if (seen->count >= seen->capacity - seen->capacity / 8) {
		/* Without memory it is not remembered, and so passed on each time. */
		if (!grow(seen))
			return true;
		entry = find(seen, name);
	}
	*entry = (struct entry){name, hash};
	seen->count++;
	return true;
}

void node_seen_remove(struct node_seen *seen, const char *name)
{
	uint64_t hash = hash_name(seen, name);
	struct entry *entry;

	if (seen->capacity == 0)
		return;
	entry = find(seen, hash);
	if (entry->name == 0)
		return;
	seen->count--;
	close_gap(seen, (size_t)(entry - seen->slots));
}

size_t node_seen_size(const struct node_seen *seen)
{
	return seen->capacity * sizeof(*seen->slots);
}
