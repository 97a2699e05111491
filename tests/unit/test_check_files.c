/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is checked of other programs: by the files they leave and the interfaces they make. */
#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "check_world.h"

#define NETIF "/run/systemd/netif/"

static void test_networkd(void **state)
{
	struct check_world *world = *state;

	check_world_expect_nothing(world, check_networkd);
	check_world_put(world, NETIF "state", "OPER_STATE=routable\n");
	check_world_expect(world, check_networkd, FINDING_WARNING,
	                   "without ManageForeignRoutes=no");
	check_world_put(world, NETIF "links/2", "ADMIN_STATE=configured\n");
	check_world_expect(world, check_networkd, FINDING_WARNING,
	                   "without ManageForeignRoutes=no");
	check_world_put(world, NETIF "links/2", "ADMIN_STATE=unmanaged\n");
	check_world_expect(world, check_networkd, FINDING_NOTE, "does not manage this interface");
	check_world_put(world, "/etc/systemd/networkd.conf.d/hostgwd.conf",
	                "[Network]\nManageForeignRoutes=no\n");
	check_world_expect(world, check_networkd, FINDING_NOTE, "ManageForeignNextHops=no");
	check_world_put(world, "/run/systemd/networkd.conf.d/x.conf",
	                "[Network]\nManageForeignNextHops=no\n");
	check_world_expect(world, check_networkd, FINDING_OK, "with ManageForeignRoutes=no");
}

/* Enabled, and not running yet. */
static void test_networkd_of_the_next_boot(void **state)
{
	struct check_world *world = *state;

	check_world_put(world,
	                "/etc/systemd/system/multi-user.target.wants/systemd-networkd.service",
	                "[Unit]\n");
	check_world_expect(world, check_networkd, FINDING_WARNING,
	                   "without ManageForeignRoutes=no");
}

static void test_network_manager(void **state)
{
	struct check_world *world = *state;

	check_world_expect_nothing(world, check_network_manager);
	check_world_put(world, "/run/NetworkManager/devices/2", "[device]\nmanaged=0\n");
	check_world_expect_nothing(world, check_network_manager);
	check_world_put(world, "/run/NetworkManager/devices/2", "[device]\nmanaged=1\n");
	check_world_expect(world, check_network_manager, FINDING_NOTE, "ens192: NetworkManager");
	check_world_add_link(world, 7, "cni0");
	check_world_put(world, "/run/NetworkManager/devices/7", "[device]\nmanaged=1\n");
	check_world_expect(world, check_network_manager, FINDING_WARNING, "unmanaged-devices=");
}

static void test_cni_plugins(void **state)
{
	static const char *const names[] = {"bridge", "loopback", "portmap", "host-local"};
	struct check_world *world = *state;
	char path[64];

	check_world_expect(world, check_cni_plugins, FINDING_NOTE, "no such folder");
	check_world_put(world, "/opt/cni/bin/flannel", "");
	check_world_expect(world, check_cni_plugins, FINDING_WARNING,
	                   "missing: bridge host-local loopback portmap");
	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(path, sizeof(path), "/opt/cni/bin/%s", names[i]);
		check_world_put(world, path, "");
		if (i == 1)
			check_world_expect(world, check_cni_plugins, FINDING_WARNING,
			                   "missing: host-local portmap");
	}
	check_world_expect(world, check_cni_plugins, FINDING_OK, "are there");
}

static void test_cni_order(void **state)
{
	static const struct {
		const char *name, *text, *expected;
		enum finding_severity severity;
	} cases[] = {
		/* each comes before the one in front of it */
		{"README", "", "no CNI configuration", FINDING_NOTE},
		{"90-x.conf", "{\"type\":\"bridge\"}", "90-x.conf: comes first by name; pods get",
	         FINDING_OK},
		{"80-y.conflist", "{\"plugins\":[{\"type\":\"flannel\"},{\"type\":\"portmap\"}]}",
	         "interfaces from flannel", FINDING_OK},
		{"70-calico.conflist", "{\"plugins\":[{\"type\":\"calico\"}]}",
	         "70-calico.conflist: comes first by name: pods get their interfaces from calico",
	         FINDING_WARNING},
		{"60.json", "{\"plugins\":[]}", "no CNI configuration that can be read",
	         FINDING_WARNING},
		{"50.json", "{\"type\":7}", "50.json: comes first by name, and is no",
	         FINDING_WARNING},
		{"40.json", "{", "40.json: comes first by name, and is no", FINDING_WARNING},
		{"30.conf.bak", "{\"type\":\"bridge\"}", "40.json: comes", FINDING_WARNING},
		{"20.conf", "{\"type\":\"cilium-cni\x1b[2J\"}", "cilium-cni?[2J", FINDING_WARNING},
	};
	struct check_world *world = *state;
	char path[64];

	check_world_expect_nothing(world, check_cni_order);
	for (size_t i = 0; i < COUNT(cases); i++) {
		snprintf(path, sizeof(path), "/etc/cni/net.d/%s", cases[i].name);
		check_world_put(world, path, cases[i].text);
		check_world_expect(world, check_cni_order, cases[i].severity, cases[i].expected);
	}
}

/* The file that the daemon writes. */
static void test_own_cni_file(void **state)
{
	struct check_world *world = *state;

	world->options.cni_conf_file = "/etc/cni/net.d/10-flannel.conflist";
	check_world_put(world, "/etc/cni/net.d/20-calico.conflist",
	                "{\"plugins\":[{\"type\":\"calico\"}]}");
	check_world_expect(world, check_cni_order, FINDING_OK, "no other file comes before it");
	check_world_put(world, "/etc/cni/net.d/05-bridge.conf", "{\"type\":\"bridge\"}");
	check_world_expect(world, check_cni_order, FINDING_WARNING,
	                   "05-bridge.conf comes before 10-flannel.conflist by name");
	world->facts.by_daemon = true;
	check_world_expect_nothing(world, check_cni_order);
}

static void put_link(struct check_world *world, const char *path, const char *target)
{
	char text[PATH_MAX];

	snprintf(text, sizeof(text), "%s%s", world->root, path);
	assert_int_equal(symlink(target, text), 0);
}

static void test_daemons(void **state)
{
	struct check_world *world = *state;

	check_world_put(world, "/proc/1/comm", "systemd\n");
	check_world_put(world, "/proc/20/comm", "flanneld\n");
	put_link(world, "/proc/20/exe", "/usr/sbin/hostgwd");
	check_world_expect(world, check_daemons, FINDING_OK, "no other program");
	error_set(&world->facts.claimed, EADDRINUSE, "another hostgwd");
	check_world_expect(world, check_daemons, FINDING_NOTE, "a hostgwd looks after");
	check_world_put(world, "/proc/21/comm", "flanneld\n");
	put_link(world, "/proc/21/exe", "/opt/bin/flanneld");
	check_world_expect(world, check_daemons, FINDING_WARNING, "flanneld runs as process 21");
	check_world_put(world, "/proc/22/comm", "kube-router\n");
	check_world_expect(world, check_daemons, FINDING_WARNING, "kube-router runs as process 22");
}

static void test_leftovers(void **state)
{
	struct check_world *world = *state;

	check_world_expect(world, check_leftovers, FINDING_OK, "no interface of another");
	check_world_add_link(world, 9, "flannel.1");
	check_world_expect(world, check_leftovers, FINDING_WARNING, "ip link delete flannel.1");
}

static void test_files(void **state)
{
	struct check_world *world = *state;

	world->options.kube_subnet_mgr = true;
	check_world_expect(world, check_files, FINDING_OK, "/run/flannel: the folder can be");
	check_world_expect(world, check_files, FINDING_OK, "/run/hostgw: the folder can be");
	check_world_put(world, "/run/hostgw", "a file\n");
	check_world_expect(world, check_files, FINDING_WARNING,
	                   "Not a directory; make it writable");
	world->options.subnet_file = "/run/hostgw/flannel/subnet.env";
	check_world_expect(world, check_files, FINDING_ERROR, "or name another with --subnet-file");
	world->options.subnet_file = "/run/flannel/subnet.env";
	world->options.state_dir = "";
	check_world_expect(world, check_files, FINDING_OK, "/run/flannel");
}

/* The whole table: nothing but what is worth a word is said of a host that is well. */
static void test_all(void **state)
{
	struct check_world *world = *state;
	struct findings *findings = &world->findings;

	check_run(&world->facts, findings);
	assert_int_equal(findings_count(findings, FINDING_ERROR), 0);
	assert_int_equal(findings_count(findings, FINDING_WARNING), 0);
	assert_int_equal(findings_count(findings, FINDING_NOTE), 1); /* the plugins' folder */
	for (size_t i = 0; i < findings->count; i++)
		assert_string_not_equal(findings->items[i].check, "");
	findings_free(findings);

	/* At its start the daemon leaves out what its rounds look at. */
	check_world_put(world, "/proc/sys/net/ipv4/ip_forward", "0\n");
	check_world_put(world, NETIF "state", "");
	world->facts.by_daemon = true;
	check_run(&world->facts, findings);
	assert_int_equal(findings_count(findings, FINDING_ERROR), 0);
	assert_int_equal(findings_count(findings, FINDING_WARNING), 1);
}

static void test_bridge(void **state)
{
	struct check_world *world = *state;
	struct link_address addresses[] = {
		{.index = 7, .global = true, .prefix = make_prefix("10.1.4.0/24")},
		{.index = 7, .global = true, .prefix = make_prefix("fd00:1:4::/64")},
	};

	addresses[0].prefix.addr = make_ip("10.1.4.1");
	addresses[1].prefix.addr = make_ip("fd00:1:4::1");
	world->snapshot.addresses = addresses;
	world->snapshot.address_count = 2;
	check_world_expect_nothing(world, check_bridge);
	check_world_add_link(world, 7, "cni0");
	check_world_expect_nothing(world, check_bridge);
	check_world_put(world, "/run/flannel/subnet.env",
	                "FLANNEL_SUBNET=10.1.4.1/24\nFLANNEL_IPV6_SUBNET=fd00:1:4::1/64\n");
	check_world_expect_nothing(world, check_bridge);
	check_world_put(world, "/run/flannel/subnet.env", "FLANNEL_SUBNET=10.1.9.1/24\n");
	check_world_expect(world, check_bridge, FINDING_WARNING,
	                   "cni0: has 10.1.4.1/24, from another pod CIDR; pods cannot start here "
	                   "until it has 10.1.9.1/24");
	check_world_put(world, "/run/flannel/subnet.env",
	                "FLANNEL_SUBNET=10.1.4.1/24\nFLANNEL_IPV6_SUBNET=fd00:1:9::1/64\n");
	check_world_expect(world, check_bridge, FINDING_WARNING, "has fd00:1:4::1/64");
	check_world_put(world, "/run/flannel/subnet.env",
	                "XFLANNEL_SUBNET=10.1.9.1/24\nFLANNEL_IPV6_SUBNET=nothing\n");
	check_world_expect_nothing(world, check_bridge);
	check_world_put(world, "/run/flannel/subnet.env",
	                "#FLANNEL_SUBNET=10.1.4.1/24\nFLANNEL_SUBNET=10.1.9.1/24\n");
	check_world_expect(world, check_bridge, FINDING_WARNING, "until it has 10.1.9.1/24");
	world->snapshot.address_count = 0; /* the next pod gives it one */
	check_world_put(world, "/run/flannel/subnet.env", "FLANNEL_SUBNET=10.1.9.1/24\n");
	check_world_expect_nothing(world, check_bridge);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_CASE(test_networkd),
		WORLD_CASE(test_networkd_of_the_next_boot),
		WORLD_CASE(test_network_manager),
		WORLD_CASE(test_cni_plugins),
		WORLD_CASE(test_cni_order),
		WORLD_CASE(test_own_cni_file),
		WORLD_CASE(test_daemons),
		WORLD_CASE(test_leftovers),
		WORLD_CASE(test_files),
		WORLD_CASE(test_bridge),
		WORLD_CASE(test_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
