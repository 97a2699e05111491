/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which routes and nexthop objects cleanup takes away. */
#include "check.h"
#include "daemon/cleanup_routes.h"

#define OURS 72

struct route_case {
	const char *dst, *via;
	uint8_t protocol;
	uint32_t table;
	bool odd;           /* has attributes that we never set */
	bool goes, flannel; /* without and with --flannel */
};

static const struct route_case route_cases[] = {
	/* ours, wherever */
	{"10.244.1.0/24", "192.0.2.1", OURS, RT_TABLE_MAIN, false, true, true},
	{"10.244.1.0/24", "192.0.2.1", OURS, 100, false, true, true},
	{"10.244.1.0/24", "192.0.2.1", OURS, RT_TABLE_MAIN, true, true, true},
	{"203.0.113.0/24", NULL, OURS, RT_TABLE_MAIN, false, true, true},
	{"fd00:10:244:1::/64", "fe80::1", OURS, RT_TABLE_MAIN, false, true, true},
	/* flannel's */
	{"10.244.1.0/24", "192.0.2.1", RTPROT_BOOT, RT_TABLE_MAIN, false, false, true},
	{"fd00:10:244:1::/64", "2001:db8::1", RTPROT_BOOT, RT_TABLE_MAIN, false, false, true},
	/* others' */
	{"10.244.1.0/24", "192.0.2.1", RTPROT_STATIC, RT_TABLE_MAIN, false, false, false},
	{"10.244.1.0/24", "192.0.2.1", 73, RT_TABLE_MAIN, false, false, false},
	{"10.244.1.0/24", "192.0.2.1", RTPROT_BOOT, 100, false, false, false},
	{"10.244.1.0/24", "192.0.2.1", RTPROT_BOOT, RT_TABLE_MAIN, true, false, false},
	{"10.244.1.0/24", NULL, RTPROT_BOOT, RT_TABLE_MAIN, false, false, false},
	{"10.244.0.0/16", "192.0.2.1", RTPROT_BOOT, RT_TABLE_MAIN, false, false, false},
	{"10.0.0.0/8", "192.0.2.1", RTPROT_BOOT, RT_TABLE_MAIN, false, false, false},
	{"172.16.0.0/16", "192.0.2.1", RTPROT_BOOT, RT_TABLE_MAIN, false, false, false},
	{"10.244.1.0/25", "10.244.1.200", RTPROT_BOOT, RT_TABLE_MAIN, false, false, false},
};

static struct cleanup_scope make_scope(bool flannel)
{
	struct cleanup_scope scope = {.protocol = OURS, .flannel = flannel};

	assert_true(prefix_parse("10.244.0.0/16", &scope.network[IP_V4]));
	assert_true(prefix_parse("fd00:10:244::/48", &scope.network[IP_V6]));
	return scope;
}

static struct route make_route(const struct route_case *from)
{
	struct route route = {.table = from->table,
	                      .protocol = from->protocol,
	                      .type = RTN_UNICAST,
	                      .foreign_attributes = from->odd};

	assert_true(prefix_parse(from->dst, &route.dst));
	if (from->via)
		assert_true(ip_parse(from->via, &route.via));
	return route;
}

static void test_routes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(route_cases) * 2; i++) {
		const struct route_case *one = &route_cases[i / 2];
		const struct cleanup_scope scope = make_scope(i % 2 == 1);
		const struct route route = make_route(one);
		struct cleanup_finds all = {0}, gone, kept;

		print_message("%s via %s, protocol %u, flannel %d\n", one->dst,
		              one->via ? one->via : "-", one->protocol, scope.flannel);
		cleanup_add_route(&all, &route);
		cleanup_choose(&all, &scope, &gone, &kept);
		assert_int_equal(gone.route_count, scope.flannel ? one->flannel : one->goes);
		assert_int_equal(kept.route_count, 0);
		cleanup_finds_release(&all);
		cleanup_finds_release(&gone);
		cleanup_finds_release(&kept);
	}
}

static void add_nexthop(struct cleanup_finds *finds, uint32_t id, uint8_t protocol, uint32_t member)
{
	const struct nexthop nexthop = {.id = id, .protocol = protocol, .member = member};

	cleanup_add_nexthop(finds, &nexthop);
}

static void test_objects(void **state)
{
	const struct route_case mine = {"10.244.1.0/24", NULL, OURS, RT_TABLE_MAIN, false, 1, 1};
	const struct route_case theirs = {"10.9.0.0/24", NULL, 4, RT_TABLE_MAIN, false, 0, 0};
	const struct cleanup_scope scope = make_scope(false);
	struct cleanup_finds all = {0}, gone, kept;
	struct route route = make_route(&mine);

	(void)state;
	route.nexthop_id = NEXTHOP_ID_FIRST;
	cleanup_add_route(&all, &route);
	route = make_route(&theirs);
	route.nexthop_id = NEXTHOP_ID_FIRST + 1;
	cleanup_add_route(&all, &route);
	add_nexthop(&all, NEXTHOP_ID_FIRST, OURS, 0);
	add_nexthop(&all, NEXTHOP_ID_FIRST + 1, OURS, 0); /* another's route leads through it */
	add_nexthop(&all, NEXTHOP_ID_FIRST + 2, OURS, 0); /* it is in another's group */
	add_nexthop(&all, NEXTHOP_ID_FIRST + 3, 4, 0);    /* another's, in our range */
	add_nexthop(&all, 7, OURS, 0);                    /* not in our range */
	add_nexthop(&all, 8, 4, NEXTHOP_ID_FIRST + 2);
	add_nexthop(&all, NEXTHOP_ID_LAST, OURS, 0);
	cleanup_choose(&all, &scope, &gone, &kept);
	assert_int_equal(gone.route_count, 1);
	assert_int_equal(gone.nexthop_count, 2);
	assert_int_equal(gone.nexthops[0].id, NEXTHOP_ID_FIRST);
	assert_int_equal(gone.nexthops[1].id, NEXTHOP_ID_LAST);
	assert_int_equal(kept.nexthop_count, 2);
	assert_int_equal(kept.nexthops[0].id, NEXTHOP_ID_FIRST + 1);
	assert_int_equal(kept.nexthops[1].id, NEXTHOP_ID_FIRST + 2);
	cleanup_finds_release(&all);
	cleanup_finds_release(&gone);
	cleanup_finds_release(&kept);
}

/* More than the first room. */
static void test_many(void **state)
{
	const struct route route = make_route(&route_cases[0]);
	const struct cleanup_scope scope = make_scope(false);
	struct cleanup_finds all = {0}, gone, kept;

	(void)state;
	for (size_t i = 0; i < 1000; i++)
		cleanup_add_route(&all, &route);
	cleanup_choose(&all, &scope, &gone, &kept);
	assert_int_equal(gone.route_count, 1000);
	assert_false(gone.no_memory);
	cleanup_finds_release(&all);
	cleanup_finds_release(&gone);
	cleanup_finds_release(&kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_objects),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
