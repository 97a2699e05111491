/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nodes that come, change and go: what the plan after the change says. */
#include <string.h>

#include "plan_fixture.h"

/* The one route of the plan is this. */
static void assert_only_route(const struct plan_fixture *f, const char *cidr, const char *via)
{
	char dst[PREFIX_TEXT_MAX], hop[IP_TEXT_MAX];

	assert_int_equal(f->plan.route_count, 1);
	assert_string_equal(prefix_format(&f->plan.routes[0].dst, dst), cidr);
	assert_string_equal(ip_format(&f->plan.routes[0].via, hop), via);
}

static void test_pod_cidr_added_later(void **state)
{
	struct plan_fixture *f = *state;

	plan_fixture_add(f, "peer", 1, NULL, "192.168.2.45");
	plan_fixture_make(f);
	assert_int_equal(plan_fixture_claim(f, "peer")->state, CLAIM_NO_POD_CIDR);
	assert_int_equal(f->plan.route_count, 0);
	plan_fixture_add(f, "peer", 1, "10.1.4.0/24", "192.168.2.45");
	plan_fixture_make(f);
	assert_only_route(f, "10.1.4.0/24", "192.168.2.45");
}

static void test_pod_cidr_changed(void **state)
{
	struct plan_fixture *f = *state;

	plan_fixture_add(f, "peer", 1, "10.1.4.0/24", "192.168.2.45");
	plan_fixture_add(f, "peer", 1, "10.1.9.0/24", "192.168.2.45");
	plan_fixture_make(f);
	assert_only_route(f, "10.1.9.0/24", "192.168.2.45");
}

/* The blackhole goes with it (rke2 #11170: a stale one swallows another node's pods). */
static void test_own_pod_cidr_changed(void **state)
{
	struct plan_fixture *f = *state;

	f->snapshot.address_count = 2; /* no cni0 */
	f->input.blackhole = true;
	plan_fixture_add(f, OWN, 1, "10.1.0.0/24", "192.168.2.44");
	plan_fixture_add(f, OWN, 1, "10.1.9.0/24", "192.168.2.44");
	plan_fixture_add(f, "peer", 2, "10.1.0.0/24", "192.168.2.45");
	plan_fixture_make(f);
	assert_int_equal(f->plan.route_count, 2);
	assert_int_equal(f->plan.routes[0].type, RTN_UNICAST);
	assert_int_equal(f->plan.routes[0].dst.addr.bytes[2], 0);
	assert_int_equal(f->plan.routes[1].type, RTN_BLACKHOLE);
	assert_int_equal(f->plan.routes[1].dst.addr.bytes[2], 9);
	assert_int_equal(f->plan.own[IP_V4].addr.bytes[2], 9);
}

/* Both names are there for a while: the old one's route stands until it goes. */
static void test_node_renamed_with_the_same_pod_cidr(void **state)
{
	struct plan_fixture *f = *state;

	plan_fixture_add(f, "worker-old", 10, "10.1.4.0/24", "192.168.2.45");
	plan_fixture_add(f, "worker", 20, "10.1.4.0/24", "192.168.2.45");
	plan_fixture_make(f);
	assert_int_equal(plan_fixture_claim(f, "worker")->state, CLAIM_CONFLICT);
	assert_only_route(f, "10.1.4.0/24", "192.168.2.45");
	node_table_remove(f->nodes, "worker-old");
	plan_fixture_make(f);
	assert_int_equal(plan_fixture_claim(f, "worker")->state, CLAIM_ROUTED);
	assert_only_route(f, "10.1.4.0/24", "192.168.2.45");
}

/* A new machine under the old name, or with the old one's pod CIDR. */
static void test_node_created_again_with_the_same_pod_cidr(void **state)
{
	struct plan_fixture *f = *state;

	plan_fixture_add(f, "worker", 10, "10.1.4.0/24", "192.168.2.45");
	node_table_remove(f->nodes, "worker");
	plan_fixture_add(f, "worker", 99, "10.1.4.0/24", "192.168.2.55");
	plan_fixture_make(f);
	assert_only_route(f, "10.1.4.0/24", "192.168.2.55");
	plan_fixture_add(f, "another", 50, "10.1.4.0/24", "192.168.2.56");
	plan_fixture_make(f);
	assert_int_equal(plan_fixture_claim(f, "worker")->state, CLAIM_CONFLICT);
	assert_only_route(f, "10.1.4.0/24", "192.168.2.56");
}

static void test_age_that_is_not_known_comes_last(void **state)
{
	struct plan_fixture *f = *state;

	plan_fixture_add(f, "a-ageless", 0, "10.1.4.0/24", "192.168.2.45");
	plan_fixture_add(f, "b-ageless", 0, "10.1.5.0/24", "192.168.2.46");
	plan_fixture_add(f, "c-ageless", 0, "10.1.5.0/24", "192.168.2.47");
	plan_fixture_add(f, "z-known", 99, "10.1.4.0/24", "192.168.2.48");
	plan_fixture_make(f);
	assert_int_equal(plan_fixture_claim(f, "a-ageless")->state, CLAIM_CONFLICT);
	assert_int_equal(plan_fixture_claim(f, "b-ageless")->state, CLAIM_ROUTED);
	assert_int_equal(plan_fixture_claim(f, "c-ageless")->state, CLAIM_CONFLICT);
	assert_int_equal(plan_fixture_claim(f, "z-known")->state, CLAIM_ROUTED);
}

/* The host's own address would be one of a pod. */
static void test_own_pod_cidr_covers_the_uplink(void **state)
{
	struct plan_fixture *f = *state;

	f->conf.network[IP_V4] = make_prefix("192.168.0.0/16");
	f->input.blackhole = true;
	plan_fixture_add(f, OWN, 1, "192.168.2.0/24", "192.168.2.44");
	plan_fixture_make(f);
	assert_int_equal(plan_fixture_claim(f, OWN)->state, CLAIM_HOST_ADDRESS);
	assert_int_equal(f->plan.own[IP_V4].addr.family, 0);
	assert_int_equal(f->plan.route_count, 0);
}

static void test_own_name_is_compared_whole(void **state)
{
	struct plan_fixture *f = *state;

	plan_fixture_add(f, OWN "0", 1, "10.1.4.0/24", "192.168.2.45");
	plan_fixture_make(f);
	assert_only_route(f, "10.1.4.0/24", "192.168.2.45");
}

static void test_pod_cidr_listed_twice_by_one_node(void **state)
{
	struct plan_fixture *f = *state;
	const struct node_record record = {
		.name = "peer",
		.pod_cidrs = {"10.1.4.0/24", "10.1.4.0/24"},
		.pod_cidr_count = 2,
		.addresses = {"192.168.2.45"},
		.address_count = 1,
	};

	plan_fixture_upsert(f, &record);
	plan_fixture_make(f);
	assert_only_route(f, "10.1.4.0/24", "192.168.2.45");
	assert_int_equal(f->plan.claims[1].state, CLAIM_CONFLICT);
}

/* Where a peer is: the administrator's word, the daemon's there, kubelet's, in this order. */
static void test_next_hop_by_annotation_or_internal_ip(void **state)
{
	static const struct {
		const char *overwrite, *public_ip, *internal, *via;
	} cases[] = {
		{NULL, NULL, "192.168.2.45", "192.168.2.45"},
		{NULL, "192.168.2.46", "192.168.2.45", "192.168.2.46"},
		{"192.168.2.47", "192.168.2.46", "192.168.2.45", "192.168.2.47"},
		{"192.168.2.47", NULL, NULL, "192.168.2.47"},
		{NULL, "192.168.2.46", NULL, "192.168.2.46"},
		{NULL, "nonsense", "192.168.2.45", "192.168.2.45"},
		{"", "", "192.168.2.45", "192.168.2.45"},
	};
	struct plan_fixture *f = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct node_record record = {
			.name = "peer",
			.pod_cidrs = {"10.1.4.0/24"},
			.pod_cidr_count = 1,
			.addresses = {cases[i].internal},
			.address_count = cases[i].internal != NULL,
		};

		record.annotations[NODE_ANNOTATION_PUBLIC_IP_OVERWRITE] = cases[i].overwrite;
		record.annotations[NODE_ANNOTATION_PUBLIC_IP] = cases[i].public_ip;
		plan_fixture_upsert(f, &record);
		plan_fixture_make(f);
		assert_only_route(f, "10.1.4.0/24", cases[i].via);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAN_CASE(test_pod_cidr_added_later),
		PLAN_CASE(test_pod_cidr_changed),
		PLAN_CASE(test_own_pod_cidr_changed),
		PLAN_CASE(test_node_renamed_with_the_same_pod_cidr),
		PLAN_CASE(test_node_created_again_with_the_same_pod_cidr),
		PLAN_CASE(test_age_that_is_not_known_comes_last),
		PLAN_CASE(test_own_pod_cidr_covers_the_uplink),
		PLAN_CASE(test_own_name_is_compared_whole),
		PLAN_CASE(test_pod_cidr_listed_twice_by_one_node),
		PLAN_CASE(test_next_hop_by_annotation_or_internal_ip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
