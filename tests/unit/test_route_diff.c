/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "daemon/route_diff.h"

#define OURS       ROUTE_PROTOCOL_HOSTGW
#define DST        "10.1.4.0/24"
#define OTHER_NODE "192.168.2.46"

static struct route make_route(const char *dst, const char *via, uint8_t protocol)
{
	return (struct route){
		.dst = make_prefix(dst),
		.via = make_ip(via),
		.oif = 2,
		.table = RT_TABLE_MAIN,
		.protocol = protocol,
		.type = RTN_UNICAST,
	};
}

enum outcome { NOTHING, ADD, REPLACE, DELETE, CONFLICT };

/* One key each: what is wanted (next hop, NULL: nothing), what is there, what is due. */
static const struct {
	const char *name;
	const char *wanted;
	struct {
		const char *via;
		uint8_t protocol;
	} there[3];
	bool may_delete;
	enum outcome outcomes[3];
} cases[] = {
	{"new", "192.168.2.45", {{0}}, true, {ADD}},
	{"right already", "192.168.2.45", {{"192.168.2.45", OURS}}, true, {NOTHING}},
	{"next hop changed", "192.168.2.46", {{"192.168.2.45", OURS}}, true, {REPLACE}},
	{"flannel's leftover, same next hop",
         "192.168.2.45",
         {{"192.168.2.45", RTPROT_BOOT}},
         true,
         {REPLACE}},
	{"flannel's leftover by another node's address",
         "192.168.2.45",
         {{OTHER_NODE, RTPROT_BOOT}},
         true,
         {REPLACE}},
	{"made by hand, by the address of no node",
         "192.168.2.45",
         {{"192.168.2.9", RTPROT_BOOT}},
         true,
         {CONFLICT}},
	{"an administrator's", "192.168.2.45", {{"192.168.2.45", RTPROT_STATIC}}, true, {CONFLICT}},
	{"the kernel's own", "192.168.2.45", {{NULL, RTPROT_KERNEL}}, true, {CONFLICT}},
	{"no gateway: not flannel's", "192.168.2.45", {{NULL, RTPROT_BOOT}}, true, {CONFLICT}},
	{"node is gone", NULL, {{"192.168.2.45", OURS}}, true, {DELETE}},
	{"node is gone, list incomplete", NULL, {{"192.168.2.45", OURS}}, false, {NOTHING}},
	{"a foreign route nobody wants", NULL, {{"192.168.2.45", RTPROT_STATIC}}, true, {NOTHING}},
	{"flannel's for a node we do not know",
         NULL,
         {{"192.168.2.45", RTPROT_BOOT}},
         true,
         {NOTHING}},
	{"right one and one of ours too many",
         "192.168.2.45",
         {{"192.168.2.45", OURS}, {"192.168.2.46", OURS}},
         true,
         {DELETE}},
	{"two of ours, both wrong: replace first, delete when the right one was seen",
         "192.168.2.45",
         {{"192.168.2.46", OURS}, {"192.168.2.47", OURS}},
         true,
         {REPLACE}},
	{"ours is wrong and a foreign one shares the key",
         "192.168.2.45",
         {{"192.168.2.46", OURS}, {"192.168.2.47", RTPROT_STATIC}},
         true,
         {DELETE, CONFLICT}},
	{"right one beside a foreign one",
         "192.168.2.45",
         {{"192.168.2.45", OURS}, {"192.168.2.47", RTPROT_STATIC}},
         true,
         {CONFLICT}},
	{"nothing at all", NULL, {{0}}, true, {NOTHING}},
};

static size_t count_outcome(const struct route_diff *diff, enum outcome outcome)
{
	static const enum route_verb verbs[] = {
		[ADD] = ROUTE_ADD, [REPLACE] = ROUTE_REPLACE, [DELETE] = ROUTE_DELETE};
	size_t count = 0;

	if (outcome == CONFLICT)
		return diff->conflict_count;
	for (size_t i = 0; i < diff->change_count; i++)
		count += outcome != NOTHING && diff->changes[i].verb == verbs[outcome];
	return count;
}

static void test_one_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		/* the second is there and right: it only makes its next hop known as a node's */
		struct route wanted[2], there[4];
		struct route_diff_input input = {.protocol = OURS,
		                                 .uplink = 2,
		                                 .may_delete = cases[i].may_delete,
		                                 .desired = wanted,
		                                 .observed = there};
		size_t expected[CONFLICT + 1] = {0};
		struct route_diff diff;
		struct error err;

		print_message("%s\n", cases[i].name);
		if (cases[i].wanted)
			wanted[input.desired_count++] = make_route(DST, cases[i].wanted, OURS);
		wanted[input.desired_count++] = make_route("10.1.9.0/24", OTHER_NODE, OURS);
		while (input.observed_count < 3 && cases[i].there[input.observed_count].protocol) {
			size_t at = input.observed_count++;

			there[at] = make_route(DST, cases[i].there[at].via,
			                       cases[i].there[at].protocol);
		}
		there[input.observed_count++] = make_route("10.1.9.0/24", OTHER_NODE, OURS);
		assert_int_equal(route_diff_make(&input, &diff, &err), 0);
		for (size_t j = 0; j < 3; j++)
			expected[cases[i].outcomes[j]]++;
		for (int outcome = ADD; outcome <= CONFLICT; outcome++)
			assert_int_equal(count_outcome(&diff, (enum outcome)outcome),
			                 expected[outcome]);
		route_diff_free(&diff);
	}
}

/* flanneld routes over the interface to the nodes; what leads elsewhere is somebody's own. */
static void test_leftover_on_another_interface(void **state)
{
	struct route wanted = make_route(DST, "192.168.2.45", OURS);
	struct route there = make_route(DST, "192.168.2.45", RTPROT_BOOT);
	struct route_diff_input input = {
		.desired = &wanted,
		.desired_count = 1,
		.observed = &there,
		.observed_count = 1,
		.protocol = OURS,
		.uplink = 3,
		.may_delete = true,
	};
	struct route_diff diff;
	struct error err;

	(void)state;
	assert_int_equal(route_diff_make(&input, &diff, &err), 0);
	assert_int_equal(diff.change_count, 0);
	assert_int_equal(diff.conflict_count, 1);
	route_diff_free(&diff);
}

/* What we never set makes a route somebody's making, even with our mark: it is put right. */
static void test_attributes_not_ours(void **state)
{
	struct route wanted = make_route(DST, "192.168.2.45", OURS);
	struct route there[4] = {wanted, wanted, wanted, wanted};

	(void)state;
	there[0].foreign_attributes = true;
	there[1].nexthop_id = 7;
	there[2].oif = 3;
	there[3].type = RTN_BLACKHOLE;
	for (size_t i = 0; i < COUNT(there); i++)
		assert_false(route_satisfies(&wanted, &there[i]));
	assert_true(route_satisfies(&wanted, &wanted));
}

/* The kernel puts the loopback interface on an IPv6 blackhole. */
static void test_blackhole_ignores_interface(void **state)
{
	struct route wanted = make_route("fd00:1::/64", NULL, OURS), there;

	(void)state;
	wanted.type = RTN_BLACKHOLE;
	wanted.oif = 0;
	there = wanted;
	there.oif = 1;
	assert_true(route_satisfies(&wanted, &there));
}

/* Another table, metric or TOS is another route: neither replaced nor in the way. */
static void test_keys(void **state)
{
	struct route wanted = make_route(DST, "192.168.2.45", OURS);
	struct route others[3] = {wanted, wanted, wanted};

	(void)state;
	others[0].table = 100;
	others[1].metric = 5;
	others[2].tos = 8;
	for (size_t i = 0; i < COUNT(others); i++) {
		struct route_diff_input input = {
			.desired = &wanted,
			.desired_count = 1,
			.observed = &others[i],
			.observed_count = 1,
			.protocol = OURS,
			.may_delete = true,
		};
		struct route_diff diff;
		struct error err;

		assert_int_equal(route_diff_make(&input, &diff, &err), 0);
		assert_int_equal(diff.change_count, 2);
		assert_int_equal(diff.changes[0].verb, ROUTE_ADD);
		assert_int_equal(diff.changes[1].verb, ROUTE_DELETE);
		assert_memory_equal(&diff.changes[1].route, &others[i], sizeof(others[i]));
		route_diff_free(&diff);
	}
}

/* Many keys at once: half right, a quarter to change, a quarter new; some to delete. */
static void test_merge(void **state)
{
	enum { MANY = 200 };
	struct route wanted[MANY], there[MANY];
	size_t there_count = 0, adds = 0, replaces = 0, deletes = 0;
	struct route_diff diff;
	struct error err;

	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		char dst[32], old[32];

		snprintf(dst, sizeof(dst), "10.%u.%u.0/24", i / 100 + 1, i % 100);
		snprintf(old, sizeof(old), "10.200.%u.0/24", i);
		wanted[i] = make_route(dst, "192.168.2.45", OURS);
		if (i % 4 < 2)
			there[there_count++] = wanted[i];
		else if (i % 4 == 2)
			there[there_count++] = make_route(dst, "192.168.2.99", OURS);
		else
			there[there_count++] = make_route(old, "192.168.2.99", OURS);
	}
	qsort(wanted, MANY, sizeof(wanted[0]), route_compare_key);
	qsort(there, there_count, sizeof(there[0]), route_compare_key);
	struct route_diff_input input = {
		.desired = wanted,
		.desired_count = MANY,
		.observed = there,
		.observed_count = there_count,
		.protocol = OURS,
		.uplink = 2,
		.may_delete = true,
	};

	assert_int_equal(route_diff_make(&input, &diff, &err), 0);
	for (size_t i = 0; i < diff.change_count; i++) {
		adds += diff.changes[i].verb == ROUTE_ADD;
		replaces += diff.changes[i].verb == ROUTE_REPLACE;
		deletes += diff.changes[i].verb == ROUTE_DELETE;
		/* deletes come last, so that no destination is without a route meanwhile */
		assert_true(deletes == 0 || diff.changes[i].verb == ROUTE_DELETE);
	}
	assert_int_equal(adds, MANY / 4);
	assert_int_equal(replaces, MANY / 4);
	assert_int_equal(deletes, MANY / 4);
	route_diff_free(&diff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_key),
		cmocka_unit_test(test_leftover_on_another_interface),
		cmocka_unit_test(test_attributes_not_ours),
		cmocka_unit_test(test_blackhole_ignores_interface),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_merge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
