/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "daemon/route_diff.h"
#include "plan_fixture.h"

/* One peer each, on that host; node "elder" has 10.1.7.0/24 already. */
static const struct single {
	const char *cidr, *address;
	enum claim_state state;
	const char *backend; /* the annotation; NULL: none */
	bool ipv6_off;
} singles[] = {
	{"10.1.4.0/24", "192.168.2.45", CLAIM_ROUTED, NULL, false},
	{"fd00:1:4::/64", "fd00::45", CLAIM_ROUTED, NULL, false},
	{"10.1.4.7/24", "192.168.2.45", CLAIM_ROUTED, NULL,
         false}, /* host bits, as Go takes them */
	{NULL, "192.168.2.45", CLAIM_NO_POD_CIDR, NULL, false},
	{"10.1.4.0/33", "192.168.2.45", CLAIM_BAD_POD_CIDR, NULL, false},
	{"nonsense", "192.168.2.45", CLAIM_BAD_POD_CIDR, NULL, false},
	{"10.2.4.0/24", "192.168.2.45", CLAIM_OUTSIDE_NETWORK, NULL, false},
	{"10.0.0.0/8", "192.168.2.45", CLAIM_OUTSIDE_NETWORK, NULL, false},
	{"0.0.0.0/0", "192.168.2.45", CLAIM_OUTSIDE_NETWORK, NULL, false},
	{"fd00:2:4::/64", "fd00::45", CLAIM_OUTSIDE_NETWORK, NULL, false},
	{"10.1.0.0/24", "192.168.2.45", CLAIM_HOST_ADDRESS, NULL, false}, /* cni0 is in it */
	{"10.1.0.0/16", "192.168.2.45", CLAIM_HOST_ADDRESS, NULL, false},
	{"10.1.4.0/24", NULL, CLAIM_NO_NEXT_HOP, NULL, false},
	{"10.1.4.0/24", "fd00::45", CLAIM_NO_NEXT_HOP, NULL, false},
	{"10.1.4.0/24", "not-an-address", CLAIM_NO_NEXT_HOP, NULL, false},
	{"10.1.4.0/24", "127.0.0.1", CLAIM_BAD_NEXT_HOP, NULL, false},
	{"10.1.4.0/24", "224.0.0.5", CLAIM_BAD_NEXT_HOP, NULL, false},
	{"10.1.4.0/24", "255.255.255.255", CLAIM_BAD_NEXT_HOP, NULL, false},
	{"10.1.4.0/24", "192.168.2.255", CLAIM_BAD_NEXT_HOP, NULL,
         false}, /* the subnet's broadcast address */
	{"10.1.4.0/24", "192.168.2.0", CLAIM_BAD_NEXT_HOP, NULL, false},
	{"10.1.4.0/24", "10.1.4.1", CLAIM_BAD_NEXT_HOP, NULL, false}, /* inside its own pod CIDR */
	{"fd00:1:4::/64", "ff02::1", CLAIM_BAD_NEXT_HOP, NULL, false},
	{"10.1.4.0/24", "192.168.2.44", CLAIM_OWN_ADDRESS, NULL, false},
	{"10.1.4.0/24", "10.1.0.1", CLAIM_OWN_ADDRESS, NULL, false},
	{"10.1.4.0/24", "192.168.3.45", CLAIM_OFF_LINK, NULL, false},
	{"10.1.4.0/24", "10.1.0.9", CLAIM_OFF_LINK, NULL,
         false}, /* on cni0, which is not the uplink */
	{"fd00:1:4::/64", "fd01::45", CLAIM_OFF_LINK, NULL, false},
	{"10.1.7.0/24", "192.168.2.45", CLAIM_CONFLICT, NULL, false},
	{"10.1.6.0/23", "192.168.2.45", CLAIM_CONFLICT, NULL, false},
	{"10.1.7.128/25", "192.168.2.45", CLAIM_CONFLICT, NULL, false},
	{"10.1.4.0/24", "192.168.2.45", CLAIM_ROUTED, "host-gw", false},
	{"10.1.4.0/24", "192.168.2.45", CLAIM_OTHER_BACKEND, "vxlan", false},
	{"fd00:1:4::/64", "fd00::45", CLAIM_FAMILY_OFF, NULL, true},
	{"10.1.4.0/24", "192.168.2.45", CLAIM_ROUTED, NULL, true},
};

static void test_single_claim(void **state)
{
	struct plan_fixture *f = *state;
	const struct single *row = f->row;
	struct node_record record = {
		.name = "peer",
		.created = 2,
		.pod_cidrs = {row->cidr},
		.pod_cidr_count = row->cidr != NULL,
		.addresses = {row->address},
		.address_count = row->address != NULL,
	};

	record.annotations[NODE_ANNOTATION_BACKEND_TYPE] = row->backend;
	if (row->ipv6_off)
		f->conf.network[IP_V6].addr.family = 0;
	plan_fixture_add(f, "elder", 1, "10.1.7.0/24", "192.168.2.47");
	plan_fixture_upsert(f, &record);
	plan_fixture_make(f);
	assert_string_equal(claim_state_word(plan_fixture_claim(f, "peer")->state),
	                    claim_state_word(row->state));
	assert_int_equal(plan_fixture_claim(f, "elder")->state, CLAIM_ROUTED);
	assert_int_equal(f->plan.route_count, 1 + (row->state == CLAIM_ROUTED));
}

/* A reason to skip a node that no row above has is a reason without a test. */
static void test_every_skip_reason_has_a_row(void **state)
{
	(void)state;
	for (int i = 0; i < CLAIM_PENDING; i++) { /* what follows is a round's to say */
		bool found = i == CLAIM_OWN;

		for (size_t row = 0; row < COUNT(singles); row++)
			found = found || (int)singles[row].state == i;
		if (!found)
			fail_msg("%s", claim_state_word((enum claim_state)i));
	}
}

static void test_route_of_a_claim(void **state)
{
	struct plan_fixture *f = *state;
	const struct route *routes;

	plan_fixture_add(f, "b", 1, "10.1.4.0/24", "192.168.2.45");
	plan_fixture_add(f, "a", 1, "fd00:1:4::/64", "fd00::45");
	plan_fixture_make(f);
	routes = f->plan.routes;
	assert_int_equal(f->plan.route_count, 2);
	assert_true(prefix_equal(&routes[0].dst, &(struct prefix){make_ip("10.1.4.0"), 24}));
	assert_true(ip_equal(&routes[0].via,
	                     &(struct ip_addr){make_ip("192.168.2.45").family, {192, 168, 2, 45}}));
	assert_int_equal(routes[0].oif, 2);
	assert_int_equal(routes[0].table, RT_TABLE_MAIN);
	assert_int_equal(routes[0].metric, 0);
	assert_int_equal(routes[0].protocol, 72);
	assert_int_equal(routes[0].type, RTN_UNICAST);
	assert_int_equal(routes[1].metric, 1024);
	assert_true(route_compare_key(&routes[0], &routes[1]) < 0);
}

static void test_metric_and_table(void **state)
{
	struct plan_fixture *f = *state;

	f->input.metric = 50;
	f->input.table = 100;
	plan_fixture_add(f, "peer", 1, "10.1.4.0/24", "192.168.2.45");
	plan_fixture_make(f);
	assert_int_equal(f->plan.routes[0].metric, 50);
	assert_int_equal(f->plan.routes[0].table, 100);
}

/* The own pod CIDR is never routed, whoever claims it and however old (flannel #254). */
static void test_flannel_254_own_subnet_claimed_twice(void **state)
{
	struct plan_fixture *f = *state;

	f->snapshot.address_count = 2; /* no cni0 yet */
	plan_fixture_add(f, OWN, 900, "10.1.0.0/24", "192.168.2.44");
	plan_fixture_add(f, "older", 1, "10.1.0.0/24", "192.168.2.45");
	plan_fixture_add(f, "within", 2, "10.1.0.128/25", "192.168.2.46");
	plan_fixture_make(f);
	assert_int_equal(plan_fixture_claim(f, OWN)->state, CLAIM_OWN);
	assert_int_equal(plan_fixture_claim(f, "older")->state, CLAIM_CONFLICT);
	assert_string_equal(plan_fixture_claim(f, "older")->other->name, OWN);
	assert_int_equal(plan_fixture_claim(f, "within")->state, CLAIM_CONFLICT);
	assert_int_equal(f->plan.route_count, 0);
	assert_int_equal(f->plan.own[IP_V4].length, 24);
	assert_int_equal(f->plan.own[IP_V6].addr.family, 0);
}

static void test_own_outside_network(void **state)
{
	struct plan_fixture *f = *state;

	plan_fixture_add(f, OWN, 1, "10.9.0.0/24", "192.168.2.44");
	plan_fixture_make(f);
	assert_int_equal(plan_fixture_claim(f, OWN)->state, CLAIM_OUTSIDE_NETWORK);
	assert_int_equal(f->plan.own[IP_V4].addr.family, 0);
}

/* Older wins; of the same age, the name that sorts first. */
static void test_conflicts(void **state)
{
	struct plan_fixture *f = *state;

	plan_fixture_add(f, "a-young", 30, "10.1.4.0/24", "192.168.2.45");
	plan_fixture_add(f, "z-old", 10, "10.1.4.0/24", "192.168.2.46");
	plan_fixture_add(f, "wide", 20, "10.1.4.0/22", "192.168.2.47");
	plan_fixture_add(f, "twin-1", 5, "10.1.9.0/24", "192.168.2.48");
	plan_fixture_add(f, "twin-2", 5, "10.1.9.0/24", "192.168.2.49");
	plan_fixture_make(f);
	assert_int_equal(plan_fixture_claim(f, "z-old")->state, CLAIM_ROUTED);
	assert_int_equal(plan_fixture_claim(f, "a-young")->state, CLAIM_CONFLICT);
	assert_string_equal(plan_fixture_claim(f, "a-young")->other->name, "z-old");
	assert_int_equal(plan_fixture_claim(f, "wide")->state, CLAIM_CONFLICT);
	assert_int_equal(plan_fixture_claim(f, "twin-1")->state, CLAIM_ROUTED);
	assert_int_equal(plan_fixture_claim(f, "twin-2")->state, CLAIM_CONFLICT);
	assert_int_equal(f->plan.route_count, 2);
}

/* A claim that is not honoured for another reason takes nothing from anybody. */
static void test_skipped_claims_do_not_conflict(void **state)
{
	struct plan_fixture *f = *state;

	plan_fixture_add(f, "off-link", 1, "10.1.4.0/24", "192.168.9.9");
	plan_fixture_add(f, "good", 2, "10.1.4.0/24", "192.168.2.45");
	plan_fixture_make(f);
	assert_int_equal(plan_fixture_claim(f, "good")->state, CLAIM_ROUTED);
}

/* Thousands of nodes, one of them claiming a block of all others' CIDRs, youngest and oldest. */
static void test_wide_claim_among_many(void **state)
{
	struct plan_fixture *f = *state;

	for (unsigned i = 0; i < 2000; i++) {
		char name[32], cidr[32];

		snprintf(name, sizeof(name), "node-%u", i);
		snprintf(cidr, sizeof(cidr), "10.1.%u.%u/29", 64 + i / 32, i % 32 * 8);
		plan_fixture_add(f, name, 100, cidr, "192.168.2.45");
	}
	plan_fixture_add(f, "greedy", 101, "10.1.64.0/18", "192.168.2.46");
	plan_fixture_make(f);
	assert_int_equal(plan_fixture_claim(f, "greedy")->state, CLAIM_CONFLICT);
	assert_int_equal(f->plan.route_count, 2000);
	plan_fixture_add(f, "greedy", 99, "10.1.64.0/18", "192.168.2.46");
	plan_fixture_make(f);
	assert_int_equal(plan_fixture_claim(f, "greedy")->state, CLAIM_ROUTED);
	assert_int_equal(f->plan.route_count, 1);
}

static void test_annotations_decide_the_next_hop(void **state)
{
	struct plan_fixture *f = *state;
	struct node_record record = {
		.name = "peer",
		.pod_cidrs = {"10.1.4.0/24"},
		.pod_cidr_count = 1,
		.addresses = {"192.168.2.1"},
		.address_count = 1,
	};
	struct error err;
	bool changed;

	record.annotations[NODE_ANNOTATION_PUBLIC_IP] = "192.168.2.45";
	record.annotations[NODE_ANNOTATION_BACKEND_TYPE] = "host-gw";
	assert_int_equal(node_table_upsert(f->nodes, &record, &changed, &err), 0);
	plan_fixture_make(f);
	assert_true(ip_equal(&f->plan.routes[0].via, &plan_fixture_claim(f, "peer")->via));
	assert_int_equal(f->plan.routes[0].via.bytes[3], 45);

	record.annotations[NODE_ANNOTATION_PUBLIC_IP_OVERWRITE] = "192.168.2.99";
	assert_int_equal(node_table_upsert(f->nodes, &record, &changed, &err), 0);
	assert_true(changed);
	plan_fixture_make(f);
	assert_int_equal(f->plan.routes[0].via.bytes[3], 99);

	record.annotations[NODE_ANNOTATION_BACKEND_TYPE] = "vxlan";
	assert_int_equal(node_table_upsert(f->nodes, &record, &changed, &err), 0);
	plan_fixture_make(f);
	assert_int_equal(plan_fixture_claim(f, "peer")->state, CLAIM_OTHER_BACKEND);
}

static void test_dual_stack_and_several_cidrs(void **state)
{
	struct plan_fixture *f = *state;
	struct node_record record = {
		.name = "peer",
		.pod_cidrs = {"10.1.4.0/24", "fd00:1:4::/64", "10.1.5.0/24"},
		.pod_cidr_count = 3,
		.addresses = {"192.168.2.45", "fd00::45"},
		.address_count = 2,
	};
	struct error err;
	bool changed;

	assert_int_equal(node_table_upsert(f->nodes, &record, &changed, &err), 0);
	plan_fixture_make(f);
	assert_int_equal(f->plan.route_count, 3);
	f->conf.network[IP_V6].addr.family = 0; /* IPv6 switched off */
	plan_fixture_make(f);
	assert_int_equal(f->plan.route_count, 2);
	assert_int_equal(f->plan.claims[1].state, CLAIM_FAMILY_OFF);
}

/* The interface has lost its IPv6 address: IPv4 goes on, IPv6 has no routes to set. */
static void test_family_away(void **state)
{
	struct plan_fixture *f = *state;

	f->uplink.address[IP_V6].family = 0;
	f->addresses[1].prefix.addr.family = 0;
	f->input.blackhole = true;
	plan_fixture_add(f, OWN, 1, "fd00:1::/64", "fd00::44");
	plan_fixture_add(f, "v4", 1, "10.1.4.0/24", "192.168.2.45");
	plan_fixture_add(f, "v6", 1, "fd00:1:4::/64", "fd00::45");
	plan_fixture_make(f);
	assert_int_equal(f->plan.route_count, 1);
	assert_int_equal(f->plan.routes[0].dst.addr.family, AF_INET);
	assert_int_equal(plan_fixture_claim(f, "v6")->state,
	                 CLAIM_ROUTED); /* not the node's fault */
	assert_int_equal(f->plan.own[IP_V6].length, 64);
}

static void test_blackhole(void **state)
{
	struct plan_fixture *f = *state;

	f->input.blackhole = true;
	plan_fixture_add(f, OWN, 1, "10.1.0.0/24", "192.168.2.44");
	plan_fixture_make(f);
	assert_int_equal(f->plan.route_count, 1);
	assert_int_equal(f->plan.routes[0].type, RTN_BLACKHOLE);
	assert_int_equal(f->plan.routes[0].metric, UINT32_MAX);
	assert_int_equal(f->plan.routes[0].oif, 0);
}

/* Rows of the table as tests of their own: a report names the reason. */
static int run_singles(void)
{
	static char names[COUNT(singles)][96];
	struct CMUnitTest tests[COUNT(singles)];

	for (size_t i = 0; i < COUNT(singles); i++) {
		snprintf(names[i], sizeof(names[i]), "%s: %s via %s",
		         claim_state_word(singles[i].state),
		         singles[i].cidr ? singles[i].cidr : "-",
		         singles[i].address ? singles[i].address : "-");
		tests[i] = (struct CMUnitTest)PLAN_CASE(test_single_claim);
		tests[i].name = names[i];
		tests[i].initial_state = (void *)&singles[i];
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAN_CASE(test_every_skip_reason_has_a_row),
		PLAN_CASE(test_route_of_a_claim),
		PLAN_CASE(test_metric_and_table),
		PLAN_CASE(test_flannel_254_own_subnet_claimed_twice),
		PLAN_CASE(test_own_outside_network),
		PLAN_CASE(test_conflicts),
		PLAN_CASE(test_skipped_claims_do_not_conflict),
		PLAN_CASE(test_wide_claim_among_many),
		PLAN_CASE(test_annotations_decide_the_next_hop),
		PLAN_CASE(test_dual_stack_and_several_cidrs),
		PLAN_CASE(test_family_away),
		PLAN_CASE(test_blackhole),
	};

	return run_singles() + cmocka_run_group_tests(tests, NULL, NULL);
}
