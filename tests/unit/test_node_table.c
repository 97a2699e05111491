/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "check.h"
#include "daemon/node_table.h"

static int set_up(void **state)
{
	struct error err;

	return node_table_new((struct node_table **)state, &err);
}

static int tear_down(void **state)
{
	node_table_free(*state);
	return 0;
}

static bool upsert(struct node_table *table, const char *name, const char *cidr)
{
	struct node_record record = {
		.name = name,
		.pod_cidrs = {cidr},
		.pod_cidr_count = cidr ? 1 : 0,
	};
	struct error err;
	bool changed;

	assert_int_equal(node_table_upsert(table, &record, &changed, &err), 0);
	return changed;
}

static void test_upsert_tells_of_changes_only(void **state)
{
	assert_true(upsert(*state, "a", NULL));
	assert_false(upsert(*state, "a", NULL));
	assert_true(upsert(*state, "a", "10.1.0.0/24"));
	assert_false(upsert(*state, "a", "10.1.0.0/24"));
	assert_true(upsert(*state, "a", "10.1.1.0/24"));
	assert_int_equal(node_table_count(*state), 1);
}

static void test_remove(void **state)
{
	upsert(*state, "a", NULL);
	assert_non_null(node_table_find(*state, "a"));
	assert_true(node_table_remove(*state, "a"));
	assert_false(node_table_remove(*state, "a"));
	assert_null(node_table_find(*state, "a"));
	assert_int_equal(node_table_count(*state), 0);
}

static void test_complete_list_removes_the_unnamed(void **state)
{
	upsert(*state, "a", NULL);
	upsert(*state, "b", NULL);
	upsert(*state, "c", NULL);
	node_table_list_begin(*state);
	upsert(*state, "b", NULL);
	assert_int_equal(node_table_list_end(*state), 2);
	assert_null(node_table_find(*state, "a"));
	assert_non_null(node_table_find(*state, "b"));
}

static void test_broken_list_removes_nothing(void **state)
{
	upsert(*state, "a", NULL);
	upsert(*state, "b", NULL);
	node_table_list_begin(*state);
	upsert(*state, "b", NULL); /* ... and here the list breaks off */
	node_table_list_begin(*state);
	upsert(*state, "a", NULL);
	upsert(*state, "b", NULL);
	assert_int_equal(node_table_list_end(*state), 0);
	assert_int_equal(node_table_count(*state), 2);
}

struct seen {
	char last[16];
	size_t count;
};

static void see(const struct node *node, void *ctx)
{
	struct seen *seen = ctx;

	assert_true(strcmp(seen->last, node->name) < 0);
	snprintf(seen->last, sizeof(seen->last), "%s", node->name);
	seen->count++;
}

static void test_each_goes_by_name(void **state)
{
	struct seen seen = {0};

	for (unsigned i = 0; i < 500; i++) {
		char name[16];

		snprintf(name, sizeof(name), "node-%03u", i * 7 % 500);
		upsert(*state, name, NULL);
	}
	node_table_each(*state, see, &seen);
	assert_int_equal(seen.count, 500);
}

/* A peer that has not published yet is reached by its InternalIP, one of each family. */
static void test_next_hops(void **state)
{
	struct node_record record = {
		.name = "a",
		.addresses = {"192.168.2.45", "192.168.2.46", "fd00::45", "nonsense"},
		.address_count = 4,
	};
	const struct node *node;
	struct error err;
	bool changed;

	assert_int_equal(node_table_upsert(*state, &record, &changed, &err), 0);
	node = node_table_find(*state, "a");
	assert_true(
		ip_equal(&node->next_hop[IP_V4], &(struct ip_addr){AF_INET, {192, 168, 2, 45}}));
	assert_int_equal(node->next_hop[IP_V6].family, AF_INET6);
	assert_false(node->other_backend);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_upsert_tells_of_changes_only),
		CASE(test_remove),
		CASE(test_complete_list_removes_the_unnamed),
		CASE(test_broken_list_removes_nothing),
		CASE(test_each_goes_by_name),
		CASE(test_next_hops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
