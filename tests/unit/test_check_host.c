/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is checked of the process, the kernel, the interface and the nodes. */
#include <errno.h>

#include "check.h"
#include "check_world.h"

static void test_rights(void **state)
{
	struct check_world *world = *state;

	check_world_expect(world, check_rights, FINDING_OK, "CAP_NET_ADMIN");
	error_set(&world->facts.rights, EPERM, "CAP_NET_ADMIN is missing; run as root");
	check_world_expect(world, check_rights, FINDING_ERROR, "is missing; run as root");
}

static void test_kernel(void **state)
{
	static const struct {
		const char *release, *text;
		enum nexthop_mode mode;
		enum finding_severity severity;
	} cases[] = {
		{"6.1.0-18-amd64", "6.1", NEXTHOP_AUTO, FINDING_OK},
		{"5.3.0", "5.3", NEXTHOP_ALWAYS, FINDING_OK},
		{"5.2.21", "no nexthop objects", NEXTHOP_AUTO, FINDING_NOTE},
		{"5.2.21", "no nexthop objects", NEXTHOP_ALWAYS, FINDING_ERROR},
		{"5.1.0", "no nat in nftables' family inet", NEXTHOP_AUTO, FINDING_ERROR},
		{"4.19.0-27-amd64", "no nat", NEXTHOP_AUTO, FINDING_ERROR},
		{"10.0", "10.0", NEXTHOP_ALWAYS, FINDING_OK},
		{"strange", "strange", NEXTHOP_AUTO, FINDING_NOTE},
	};
	struct check_world *world = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		world->facts.kernel = cases[i].release;
		world->options.nexthop_objects = cases[i].mode;
		check_world_expect(world, check_kernel, cases[i].severity, cases[i].text);
	}
}

static void test_clock(void **state)
{
	struct check_world *world = *state;

	check_world_expect(world, check_clock, FINDING_OK, "synchronized");
	world->facts.clock_unsynchronized = true;
	check_world_expect(world, check_clock, FINDING_NOTE, "timedatectl");
}

static void test_forwarding(void **state)
{
	struct check_world *world = *state;

	check_world_expect(world, check_forwarding, FINDING_OK, "IPv4 forwarding is on");
	check_world_put(world, "/proc/sys/net/ipv4/ip_forward", "0\n");
	check_world_expect(world, check_forwarding, FINDING_ERROR, "net.ipv4.ip_forward = 1");
	world->options.enable_forwarding = true;
	check_world_expect(world, check_forwarding, FINDING_NOTE, "--enable-forwarding");
	world->conf.network[IP_V6] = make_prefix("fd00::/48");
	world->options.enable_forwarding = false;
	check_world_put(world, "/proc/sys/net/ipv4/ip_forward", "1\n");
	check_world_put(world, "/proc/sys/net/ipv6/conf/all/forwarding", "0\n");
	check_world_expect(world, check_forwarding, FINDING_ERROR,
	                   "net.ipv6.conf.all.forwarding = 1");
}

static void test_advertised(void **state)
{
	struct check_world *world = *state;

	check_world_put(world, "/proc/sys/net/ipv6/conf/ens192/accept_ra", "1\n");
	check_world_expect_nothing(world, check_advertised);
	snprintf(world->facts.advertised[world->facts.advertised_count++], IFNAMSIZ, "ens192");
	check_world_expect_nothing(world, check_advertised); /* IPv6 is off */
	world->conf.network[IP_V6] = make_prefix("fd00::/48");
	check_world_expect(world, check_advertised, FINDING_WARNING,
	                   "net.ipv6.conf.ens192.accept_ra = 2");
	world->options.enable_forwarding = true; /* the daemon will */
	check_world_expect(world, check_advertised, FINDING_OK, "stay");
	world->options.enable_forwarding = false;
	check_world_put(world, "/proc/sys/net/ipv6/conf/ens192/accept_ra", "2\n");
	check_world_expect(world, check_advertised, FINDING_OK, "stay");
}

static void test_reverse_path(void **state)
{
	static const struct {
		const char *all, *own, *text;
		uint32_t table;
		int default_link;
		enum finding_severity severity;
	} cases[] = {
		{"0", "0", "not strict", 254, 2, FINDING_OK},
		{"0", "1", "the ways back lead through it", 254, 2, FINDING_OK},
		{"1", "0", "another interface", 254, 3, FINDING_WARNING},
		{"0", "1", "net.ipv4.conf.ens192.rp_filter = 2", 254, 3, FINDING_WARNING},
		{"1", "2", "not strict", 254, 3, FINDING_OK},
		{"2", "1", "not strict", 254, 3, FINDING_OK},
		{"1", "1", "not found in table 100", 100, 2, FINDING_WARNING},
		{"0", "2", "not strict", 100, 2, FINDING_OK},
		{"1", "1", "the ways back", 254, 0, FINDING_OK},
	};
	struct check_world *world = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		check_world_put(world, "/proc/sys/net/ipv4/conf/all/rp_filter", cases[i].all);
		check_world_put(world, "/proc/sys/net/ipv4/conf/ens192/rp_filter", cases[i].own);
		world->options.route_table = cases[i].table;
		world->facts.default_link = cases[i].default_link;
		check_world_expect(world, check_reverse_path, cases[i].severity, cases[i].text);
	}
	world->facts.uplink = NULL;
	check_world_expect_nothing(world, check_reverse_path);
}

static void test_neighbours(void **state)
{
	struct check_world *world = *state;

	check_world_expect(world, check_neighbours, FINDING_OK, "holds 1024, there are 4");
	world->facts.node_count = 600;
	check_world_expect(world, check_neighbours, FINDING_WARNING, "gc_thresh3 = 4096");
	world->facts.node_count = 0;
	check_world_expect_nothing(world, check_neighbours);
}

static void test_interface(void **state)
{
	struct check_world *world = *state;

	check_world_expect(world, check_interface, FINDING_OK,
	                   "ens192: the interface to the other nodes, address 192.168.2.44, "
	                   "MTU 1500");
	world->conf.network[IP_V6] = make_prefix("fd00::/48");
	check_world_expect(world, check_interface, FINDING_ERROR, "no global IPv6 address");
	world->uplink.address[IP_V6] = make_ip("fd00:2::44");
	check_world_expect(world, check_interface, FINDING_OK, "address fd00:2::44");
	world->uplink.mtu = 1200;
	check_world_expect(world, check_interface, FINDING_ERROR, "MTU is 1200");
	world->uplink.mtu = 1500;
	world->links[1].running = false;
	check_world_expect(world, check_interface, FINDING_ERROR, "no carrier");
	world->links[1].up = false;
	check_world_expect(world, check_interface, FINDING_ERROR, "is down");
	error_set(&world->facts.uplink_error, ENODEV, "no default route; give --iface");
	check_world_expect(world, check_interface, FINDING_ERROR, "no default route; give --iface");
}

static void test_forward_rules(void **state)
{
	struct check_world *world = *state;

	check_world_expect(world, check_forward_rules, FINDING_OK, "no firewall drops");
	error_set(&world->facts.obstacles[world->facts.obstacle_count++], EPERM,
	          "chain FORWARD drops; accept them");
	check_world_expect(world, check_forward_rules, FINDING_ERROR, "drops; accept them");
	world->facts.obstacle_count = 0;
	error_set(&world->facts.obstacles_error, EPERM, "the rules cannot be read; run as root");
	check_world_expect(world, check_forward_rules, FINDING_NOTE, "cannot be read; run as root");
	world->facts.obstacles_error.code = 0;
	world->facts.obstacles_known = false;
	check_world_expect_nothing(world, check_forward_rules);
}

static void test_configuration(void **state)
{
	struct check_world *world = *state;

	check_world_expect(world, check_configuration, FINDING_OK,
	                   "/etc/kube-flannel/net-conf.json: network 10.244.0.0/16");
	error_set(&world->facts.conf_warnings[world->facts.conf_warning_count++], EINVAL,
	          "unknown key; remove it");
	check_world_expect(world, check_configuration, FINDING_WARNING, "unknown key; remove it");
	world->facts.conf = NULL;
	error_set(&world->facts.settings, EINVAL, "net-conf.json: broken; mend it");
	check_world_expect(world, check_configuration, FINDING_ERROR, "broken; mend it");
}

static void test_nodes(void **state)
{
	struct check_world *world = *state;
	struct check_facts *facts = &world->facts;

	check_world_expect(world, check_nodes, FINDING_OK, "5 nodes can be read");
	check_world_expect(world, check_nodes, FINDING_OK, "kubworker1, this host, has a pod CIDR");
	facts->own_cidr_there = false;
	check_world_expect(world, check_nodes, FINDING_ERROR, "--allocate-node-cidrs");
	facts->own_node_there = false;
	check_world_expect(world, check_nodes, FINDING_ERROR, "there is no node kubworker1");
	facts->own_node_known = false;
	facts->node_count = 0;
	error_set(&facts->source_error, ETIMEDOUT, "no answer; is it reachable");
	check_world_expect(world, check_nodes, FINDING_ERROR, "no answer; is it reachable");
	facts->source_given = false;
	check_world_expect(world, check_nodes, FINDING_NOTE, "the flags that the daemon has");
}

static void test_permissions(void **state)
{
	struct check_world *world = *state;
	struct check_permission *permission = &world->facts.permissions[0];

	check_world_expect_nothing(world, check_permissions);
	*permission = (struct check_permission){.verb = "watch",
	                                        .resource = "nodes",
	                                        .reason = "following the nodes",
	                                        .state = PERMISSION_GRANTED};
	world->facts.permission_count = 1;
	check_world_expect(world, check_permissions, FINDING_OK, "watch nodes is allowed");
	permission->state = PERMISSION_UNKNOWN;
	check_world_expect(world, check_permissions, FINDING_NOTE, "could not be asked");
	permission->state = PERMISSION_DENIED;
	check_world_expect(world, check_permissions, FINDING_ERROR,
	                   "resources: [nodes], verbs: [watch]");
	permission->without = "--nothing";
	check_world_expect(world, check_permissions, FINDING_WARNING, "or start with --nothing");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_CASE(test_rights),        WORLD_CASE(test_kernel),
		WORLD_CASE(test_clock),         WORLD_CASE(test_forwarding),
		WORLD_CASE(test_advertised),    WORLD_CASE(test_reverse_path),
		WORLD_CASE(test_neighbours),    WORLD_CASE(test_interface),
		WORLD_CASE(test_forward_rules), WORLD_CASE(test_configuration),
		WORLD_CASE(test_nodes),         WORLD_CASE(test_permissions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
