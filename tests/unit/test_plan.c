/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "check.h"
#include "daemon/plan.h"
#include "daemon/route_diff.h"

#define OWN "kubworker1"

/* The host of the walk-through: ens192 with 192.168.2.44/24 and fd00::44/64, cni0 with the first
 * address of the own pod CIDR. */
struct fixture {
	struct node_table *nodes;
	struct link links[2];
	struct link_address addresses[3];
	struct link_snapshot snapshot;
	struct uplink uplink;
	struct net_conf conf;
	struct plan_input input;
	struct plan plan;
};

static struct link_address make_address(int index, const char *address, uint8_t length)
{
	return (struct link_address){
		.index = index, .prefix = {make_ip(address), length}, .global = true};
}

static int set_up(void **state)
{
	static struct fixture f;
	struct error err;

	memset(&f, 0, sizeof(f));
	f.links[0] = (struct link){.index = 2, .mtu = 1500, .up = true, .name = "ens192"};
	f.links[1] = (struct link){.index = 5, .mtu = 1500, .up = true, .name = "cni0"};
	f.addresses[0] = make_address(2, "192.168.2.44", 24);
	f.addresses[1] = make_address(2, "fd00::44", 64);
	f.addresses[2] = make_address(5, "10.1.0.1", 24);
	f.snapshot = (struct link_snapshot){f.links, 2, f.addresses, 3};
	f.uplink = (struct uplink){
		.index = 2,
		.mtu = 1500,
		.name = "ens192",
		.address = {make_ip("192.168.2.44"), make_ip("fd00::44")},
	};
	f.conf.network[IP_V4] = make_prefix("10.1.0.0/16");
	f.conf.network[IP_V6] = make_prefix("fd00:1::/32");
	f.input = (struct plan_input){
		.own_name = OWN,
		.conf = &f.conf,
		.links = &f.snapshot,
		.uplink = &f.uplink,
		.table = RT_TABLE_MAIN,
		.protocol = ROUTE_PROTOCOL_HOSTGW,
	};
	*state = &f;
	if (node_table_new(&f.nodes, &err) < 0)
		return -1;
	f.input.nodes = f.nodes;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	plan_free(&f->plan);
	node_table_free(f->nodes);
	return 0;
}

static void add_node(struct fixture *f, const char *name, int64_t created, const char *cidr,
                     const char *address)
{
	struct node_record record = {.name = name, .created = created};
	struct error err;
	bool changed;

	if (cidr)
		record.pod_cidrs[record.pod_cidr_count++] = cidr;
	if (address)
		record.addresses[record.address_count++] = address;
	assert_int_equal(node_table_upsert(f->nodes, &record, &changed, &err), 0);
}

static void make(struct fixture *f)
{
	struct error err;

	plan_free(&f->plan);
	assert_int_equal(plan_make(&f->input, &f->plan, &err), 0);
}

static const struct claim *claim_of(const struct fixture *f, const char *name)
{
	for (size_t i = 0; i < f->plan.claim_count; i++)
		if (strcmp(f->plan.claims[i].node->name, name) == 0)
			return &f->plan.claims[i];
	fail_msg("no claim of %s", name);
	return NULL;
}

/* One peer each, on the host above. */
static const struct {
	const char *cidr, *address;
	enum claim_state state;
} single[] = {
	{"10.1.4.0/24", "192.168.2.45", CLAIM_ROUTED},
	{"fd00:1:4::/64", "fd00::45", CLAIM_ROUTED},
	{"10.1.4.7/24", "192.168.2.45", CLAIM_ROUTED}, /* host bits, as Go takes them */
	{NULL, "192.168.2.45", CLAIM_NO_POD_CIDR},
	{"10.1.4.0/33", "192.168.2.45", CLAIM_BAD_POD_CIDR},
	{"nonsense", "192.168.2.45", CLAIM_BAD_POD_CIDR},
	{"10.2.4.0/24", "192.168.2.45", CLAIM_OUTSIDE_NETWORK},
	{"10.0.0.0/8", "192.168.2.45", CLAIM_OUTSIDE_NETWORK},
	{"0.0.0.0/0", "192.168.2.45", CLAIM_OUTSIDE_NETWORK},
	{"fd00:2:4::/64", "fd00::45", CLAIM_OUTSIDE_NETWORK},
	{"10.1.0.0/24", "192.168.2.45", CLAIM_HOST_ADDRESS}, /* cni0 is in it */
	{"10.1.0.0/16", "192.168.2.45", CLAIM_HOST_ADDRESS},
	{"10.1.4.0/24", NULL, CLAIM_NO_NEXT_HOP},
	{"10.1.4.0/24", "fd00::45", CLAIM_NO_NEXT_HOP},
	{"10.1.4.0/24", "not-an-address", CLAIM_NO_NEXT_HOP},
	{"10.1.4.0/24", "127.0.0.1", CLAIM_BAD_NEXT_HOP},
	{"10.1.4.0/24", "224.0.0.5", CLAIM_BAD_NEXT_HOP},
	{"10.1.4.0/24", "255.255.255.255", CLAIM_BAD_NEXT_HOP},
	{"10.1.4.0/24", "192.168.2.255", CLAIM_BAD_NEXT_HOP}, /* the subnet's broadcast address */
	{"10.1.4.0/24", "192.168.2.0", CLAIM_BAD_NEXT_HOP},
	{"10.1.4.0/24", "10.1.4.1", CLAIM_BAD_NEXT_HOP}, /* inside its own pod CIDR */
	{"fd00:1:4::/64", "ff02::1", CLAIM_BAD_NEXT_HOP},
	{"10.1.4.0/24", "192.168.2.44", CLAIM_OWN_ADDRESS},
	{"10.1.4.0/24", "10.1.0.1", CLAIM_OWN_ADDRESS},
	{"10.1.4.0/24", "192.168.3.45", CLAIM_OFF_LINK},
	{"10.1.4.0/24", "10.1.0.9", CLAIM_OFF_LINK}, /* on cni0, which is not the uplink */
	{"fd00:1:4::/64", "fd01::45", CLAIM_OFF_LINK},
};

static void test_single_claims(void **state)
{
	for (size_t i = 0; i < COUNT(single); i++) {
		struct fixture *f = *state;
		const struct claim *claim;

		print_message("%s via %s\n", single[i].cidr ? single[i].cidr : "-",
		              single[i].address ? single[i].address : "-");
		add_node(f, "peer", 1, single[i].cidr, single[i].address);
		make(f);
		claim = claim_of(f, "peer");
		assert_string_equal(claim_state_word(claim->state),
		                    claim_state_word(single[i].state));
		assert_int_equal(f->plan.route_count, single[i].state == CLAIM_ROUTED);
		node_table_remove(f->nodes, "peer");
	}
}

static void test_route_of_a_claim(void **state)
{
	struct fixture *f = *state;
	const struct route *routes;

	add_node(f, "b", 1, "10.1.4.0/24", "192.168.2.45");
	add_node(f, "a", 1, "fd00:1:4::/64", "fd00::45");
	make(f);
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
	struct fixture *f = *state;

	f->input.metric = 50;
	f->input.table = 100;
	add_node(f, "peer", 1, "10.1.4.0/24", "192.168.2.45");
	make(f);
	assert_int_equal(f->plan.routes[0].metric, 50);
	assert_int_equal(f->plan.routes[0].table, 100);
}

/* The own pod CIDR is never routed, whoever claims it and however old (flannel #254). */
static void test_own(void **state)
{
	struct fixture *f = *state;

	f->snapshot.address_count = 2; /* no cni0 yet */
	add_node(f, OWN, 900, "10.1.0.0/24", "192.168.2.44");
	add_node(f, "older", 1, "10.1.0.0/24", "192.168.2.45");
	add_node(f, "within", 2, "10.1.0.128/25", "192.168.2.46");
	make(f);
	assert_int_equal(claim_of(f, OWN)->state, CLAIM_OWN);
	assert_int_equal(claim_of(f, "older")->state, CLAIM_CONFLICT);
	assert_string_equal(claim_of(f, "older")->other->name, OWN);
	assert_int_equal(claim_of(f, "within")->state, CLAIM_CONFLICT);
	assert_int_equal(f->plan.route_count, 0);
	assert_int_equal(f->plan.own[IP_V4].length, 24);
	assert_int_equal(f->plan.own[IP_V6].addr.family, 0);
}

static void test_own_outside_network(void **state)
{
	struct fixture *f = *state;

	add_node(f, OWN, 1, "10.9.0.0/24", "192.168.2.44");
	make(f);
	assert_int_equal(claim_of(f, OWN)->state, CLAIM_OUTSIDE_NETWORK);
	assert_int_equal(f->plan.own[IP_V4].addr.family, 0);
}

/* Older wins; of the same age, the name that sorts first. */
static void test_conflicts(void **state)
{
	struct fixture *f = *state;

	add_node(f, "a-young", 30, "10.1.4.0/24", "192.168.2.45");
	add_node(f, "z-old", 10, "10.1.4.0/24", "192.168.2.46");
	add_node(f, "wide", 20, "10.1.4.0/22", "192.168.2.47");
	add_node(f, "twin-1", 5, "10.1.9.0/24", "192.168.2.48");
	add_node(f, "twin-2", 5, "10.1.9.0/24", "192.168.2.49");
	make(f);
	assert_int_equal(claim_of(f, "z-old")->state, CLAIM_ROUTED);
	assert_int_equal(claim_of(f, "a-young")->state, CLAIM_CONFLICT);
	assert_string_equal(claim_of(f, "a-young")->other->name, "z-old");
	assert_int_equal(claim_of(f, "wide")->state, CLAIM_CONFLICT);
	assert_int_equal(claim_of(f, "twin-1")->state, CLAIM_ROUTED);
	assert_int_equal(claim_of(f, "twin-2")->state, CLAIM_CONFLICT);
	assert_int_equal(f->plan.route_count, 2);
}

/* A claim that is not honoured for another reason takes nothing from anybody. */
static void test_skipped_claims_do_not_conflict(void **state)
{
	struct fixture *f = *state;

	add_node(f, "off-link", 1, "10.1.4.0/24", "192.168.9.9");
	add_node(f, "good", 2, "10.1.4.0/24", "192.168.2.45");
	make(f);
	assert_int_equal(claim_of(f, "good")->state, CLAIM_ROUTED);
}

/* Thousands of nodes, one of them claiming a block of all others' CIDRs, youngest and oldest. */
static void test_wide_claim_among_many(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < 2000; i++) {
		char name[32], cidr[32];

		snprintf(name, sizeof(name), "node-%u", i);
		snprintf(cidr, sizeof(cidr), "10.1.%u.%u/29", 64 + i / 32, i % 32 * 8);
		add_node(f, name, 100, cidr, "192.168.2.45");
	}
	add_node(f, "greedy", 101, "10.1.64.0/18", "192.168.2.46");
	make(f);
	assert_int_equal(claim_of(f, "greedy")->state, CLAIM_CONFLICT);
	assert_int_equal(f->plan.route_count, 2000);
	add_node(f, "greedy", 99, "10.1.64.0/18", "192.168.2.46");
	make(f);
	assert_int_equal(claim_of(f, "greedy")->state, CLAIM_ROUTED);
	assert_int_equal(f->plan.route_count, 1);
}

static void test_annotations_decide_the_next_hop(void **state)
{
	struct fixture *f = *state;
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
	make(f);
	assert_true(ip_equal(&f->plan.routes[0].via, &claim_of(f, "peer")->via));
	assert_int_equal(f->plan.routes[0].via.bytes[3], 45);

	record.annotations[NODE_ANNOTATION_PUBLIC_IP_OVERWRITE] = "192.168.2.99";
	assert_int_equal(node_table_upsert(f->nodes, &record, &changed, &err), 0);
	assert_true(changed);
	make(f);
	assert_int_equal(f->plan.routes[0].via.bytes[3], 99);

	record.annotations[NODE_ANNOTATION_BACKEND_TYPE] = "vxlan";
	assert_int_equal(node_table_upsert(f->nodes, &record, &changed, &err), 0);
	make(f);
	assert_int_equal(claim_of(f, "peer")->state, CLAIM_OTHER_BACKEND);
}

static void test_dual_stack_and_several_cidrs(void **state)
{
	struct fixture *f = *state;
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
	make(f);
	assert_int_equal(f->plan.route_count, 3);
	f->conf.network[IP_V6].addr.family = 0; /* IPv6 switched off */
	make(f);
	assert_int_equal(f->plan.route_count, 2);
	assert_int_equal(f->plan.claims[1].state, CLAIM_FAMILY_OFF);
}

/* The interface has lost its IPv6 address: IPv4 goes on, IPv6 has no routes to set. */
static void test_family_away(void **state)
{
	struct fixture *f = *state;

	f->uplink.address[IP_V6].family = 0;
	f->addresses[1].prefix.addr.family = 0;
	f->input.blackhole = true;
	add_node(f, OWN, 1, "fd00:1::/64", "fd00::44");
	add_node(f, "v4", 1, "10.1.4.0/24", "192.168.2.45");
	add_node(f, "v6", 1, "fd00:1:4::/64", "fd00::45");
	make(f);
	assert_int_equal(f->plan.route_count, 1);
	assert_int_equal(f->plan.routes[0].dst.addr.family, AF_INET);
	assert_int_equal(claim_of(f, "v6")->state, CLAIM_ROUTED); /* not the node's fault */
	assert_int_equal(f->plan.own[IP_V6].length, 64);
}

static void test_blackhole(void **state)
{
	struct fixture *f = *state;

	f->input.blackhole = true;
	add_node(f, OWN, 1, "10.1.0.0/24", "192.168.2.44");
	make(f);
	assert_int_equal(f->plan.route_count, 1);
	assert_int_equal(f->plan.routes[0].type, RTN_BLACKHOLE);
	assert_int_equal(f->plan.routes[0].metric, UINT32_MAX);
	assert_int_equal(f->plan.routes[0].oif, 0);
}

/* Each state that leaves a node out says why and what helps. */
static void test_every_state_has_words(void **state)
{
	struct fixture *f = *state;
	char text[512];

	add_node(f, "peer", 1, "10.1.4.0/24", "192.168.3.45");
	make(f);
	for (int i = 0; i < CLAIM_STATES; i++) {
		struct claim claim = *claim_of(f, "peer");

		claim.state = (enum claim_state)i;
		assert_non_null(claim_state_word(claim.state));
		claim_describe(&claim, &f->uplink, text, sizeof(text));
		assert_non_null(strstr(text, "node peer"));
		if (i != CLAIM_ROUTED && i != CLAIM_OWN)
			assert_non_null(strstr(text, "; "));
	}
	claim_describe(claim_of(f, "peer"), &f->uplink, text, sizeof(text));
	assert_non_null(strstr(text, "10.1.4.0/24 via 192.168.3.45"));
	assert_non_null(strstr(text, "ens192"));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_single_claims),
		CASE(test_route_of_a_claim),
		CASE(test_metric_and_table),
		CASE(test_own),
		CASE(test_own_outside_network),
		CASE(test_conflicts),
		CASE(test_skipped_claims_do_not_conflict),
		CASE(test_wide_claim_among_many),
		CASE(test_annotations_decide_the_next_hop),
		CASE(test_dual_stack_and_several_cidrs),
		CASE(test_family_away),
		CASE(test_blackhole),
		CASE(test_every_state_has_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
