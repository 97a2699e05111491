/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include <stdlib.h>

#include "k8s/node_seen.h"
#include "node_maker.h"

#define NODES 5000

static struct node_seen *make_seen(void)
{
	struct node_seen *seen;
	struct error err;

	assert_int_equal(node_seen_new(&seen, &err), 0);
	return seen;
}

static struct node_record base_record(void)
{
	struct node_record record = {.name = "a", .created = 1, .pod_cidr_count = 1};

	record.pod_cidrs[0] = "10.1.0.0/24";
	record.address_count = 1;
	record.addresses[0] = "192.0.2.1";
	return record;
}

static void test_every_member_counts(void **state)
{
	struct node_record base = base_record();
	struct node_record changed[12];
	struct node_seen *seen = make_seen();

	(void)state;
	for (size_t i = 0; i < COUNT(changed); i++)
		changed[i] = base;
	changed[0].created = 2;
	changed[1].pod_cidrs[0] = "10.1.1.0/24";
	changed[2].pod_cidr_count = 0;
	changed[3].pod_cidrs[changed[3].pod_cidr_count++] = "fd00::/64";
	changed[4].addresses[0] = "192.0.2.2";
	changed[5].address_count = 0;
	changed[6].annotations[0] = "";
	changed[7].annotations[NODE_ANNOTATIONS - 1] = "x";
	changed[8].annotations[NODE_ANNOTATIONS - 2] = "x";
	changed[9].network_available = true;
	changed[10].pod_cidrs[changed[10].pod_cidr_count++] = "192.0.2.1";
	changed[10].address_count = 0;
	changed[11].pod_cidrs[0] = "";
	for (size_t i = 0; i < COUNT(changed); i++) {
		node_seen_change(seen, &base);
		assert_false(node_seen_change(seen, &base));
		assert_true(node_seen_change(seen, &changed[i]));
		assert_false(node_seen_change(seen, &changed[i]));
		assert_true(node_seen_change(seen, &base));
	}
	node_seen_free(seen);
}

static void name_record(struct node_record *record, char name[static 32], size_t number)
{
	*record = base_record();
	snprintf(name, 32, "node-%zu", number);
	record->name = name;
}

/* Against a plain array: which record was the last one told of each node. */
static void test_agrees_with_an_array(void **state)
{
	static int64_t told[NODES]; /* 0: nothing was */
	struct chance chance = {.state = 88172645463325252u};
	struct node_seen *seen = make_seen();
	size_t present = 0;

	(void)state;
	for (size_t step = 0; step < 40 * NODES; step++) {
		/* Fewer and fewer nodes are left in the second half. */
		bool shrink = step > 20 * NODES;
		size_t number = chance_below(&chance, NODES);
		struct node_record record;
		char name[32];

		name_record(&record, name, number);
		record.created = 1 + (int64_t)chance_below(&chance, 2);
		if (chance_below(&chance, 10) < (shrink ? 7 : 2)) {
			node_seen_remove(seen, name);
			present -= told[number] != 0;
			told[number] = 0;
			continue;
		}
		assert_int_equal(node_seen_change(seen, &record), told[number] != record.created);
		present += told[number] == 0;
		told[number] = record.created;
	}
	assert_in_range(present, 100, NODES);
	node_seen_free(seen);
}

static void test_clear_and_size(void **state)
{
	struct node_seen *seen = make_seen();
	struct node_record record;
	char name[32];

	(void)state;
	node_seen_remove(seen, "nobody");
	for (size_t i = 0; i < NODES; i++) {
		name_record(&record, name, i);
		assert_true(node_seen_change(seen, &record));
		if (i > 100)
			assert_in_range(node_seen_size(seen), 1, 32 * (i + 1));
	}
	node_seen_clear(seen);
	assert_int_equal(node_seen_size(seen), 0);
	assert_true(node_seen_change(seen, &record));
	node_seen_free(seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_member_counts),
		cmocka_unit_test(test_agrees_with_an_array),
		cmocka_unit_test(test_clear_and_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
