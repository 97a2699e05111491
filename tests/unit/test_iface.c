/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The choice of an interface on a made host; with default routes: tests/integration. */
#include <errno.h>
#include <string.h>

#include "check.h"
#include "daemon/iface.h"

/* eth0 (192.168.2.44/24, fd00::44/64) and eth1 (192.168.3.44/24), eth1 in VRF "blue". */
struct fixture {
	struct options options;
	struct net_conf conf;
	struct log log;
	struct link links[4];
	struct link_address addresses[4];
	struct link_snapshot snapshot;
	struct uplink uplink;
};

static struct link_address make_address(int index, const char *address, uint8_t length)
{
	return (struct link_address){
		.index = index, .prefix = {make_ip(address), length}, .global = true};
}

static int set_up(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	f.options.public_ip = f.options.public_ipv6 = f.options.iface_can_reach = "";
	f.options.route_table = RT_TABLE_MAIN;
	f.conf.network[IP_V4] = make_prefix("10.1.0.0/16");
	f.links[0] = (struct link){.index = 1, .mtu = 65536, .loopback = true, .name = "lo"};
	f.links[1] = (struct link){.index = 2, .mtu = 1500, .name = "eth0"};
	f.links[2] = (struct link){
		.index = 3, .mtu = 1500, .master = 4, .vrf_slave = true, .name = "eth1"};
	f.links[3] = (struct link){.index = 4, .mtu = 65575, .name = "blue"};
	f.addresses[0] = make_address(1, "127.0.0.1", 8);
	f.addresses[1] = make_address(2, "192.168.2.44", 24);
	f.addresses[2] = make_address(2, "fd00::44", 64);
	f.addresses[3] = make_address(3, "192.168.3.44", 24);
	f.snapshot = (struct link_snapshot){f.links, COUNT(f.links), f.addresses,
	                                    COUNT(f.addresses)};
	*state = &f;
	return 0;
}

static int choose(struct fixture *f, const char *iface, struct error *err)
{
	f->options.iface = (struct option_list){{iface}, 1};
	return iface_choose(&f->options, &f->conf, NULL, &f->snapshot, &f->log, &f->uplink, err);
}

static void test_slave_of_a_vrf_needs_a_table(void **state)
{
	static const char *const names[] = {"eth1", "192.168.3.44"};
	struct fixture *f = *state;
	struct error err;

	for (size_t i = 0; i < COUNT(names); i++) {
		f->options.route_table = RT_TABLE_MAIN;
		assert_int_equal(choose(f, names[i], &err), -EINVAL);
		assert_non_null(strstr(err.text, "interface eth1 is enslaved to VRF blue"));
		assert_non_null(strstr(err.text, "--route-table"));
		f->options.route_table = 100;
		assert_int_equal(choose(f, names[i], &err), 0);
		assert_string_equal(f->uplink.name, "eth1");
	}
}

/* A port of a bridge or bond has a master too. */
static void test_other_masters_are_fine(void **state)
{
	struct fixture *f = *state;
	struct error err;

	f->links[2].vrf_slave = false;
	assert_int_equal(choose(f, "eth1", &err), 0);
}

static void test_enslaved_to_a_vrf_while_running(void **state)
{
	struct fixture *f = *state;
	struct uplink before;
	struct error err;

	assert_int_equal(choose(f, "eth0", &err), 0);
	before = f->uplink;
	f->links[1].master = 4;
	f->links[1].vrf_slave = true;
	assert_int_equal(iface_refresh(&f->snapshot, RT_TABLE_MAIN, &f->uplink, &err), -EINVAL);
	assert_memory_equal(&f->uplink, &before, sizeof(before));
	assert_int_equal(iface_refresh(&f->snapshot, 100, &f->uplink, &err), 0);
}

static void test_interface_is_followed(void **state)
{
	struct fixture *f = *state;
	struct error err;

	assert_int_equal(choose(f, "eth0", &err), 0);
	strcpy(f->links[1].name, "eth9"); /* renamed, and another MTU */
	f->links[1].mtu = 1400;
	assert_int_equal(iface_refresh(&f->snapshot, RT_TABLE_MAIN, &f->uplink, &err), 0);
	assert_string_equal(f->uplink.name, "eth9");
	assert_int_equal(f->uplink.mtu, 1400);

	f->links[1].index = 12; /* made anew under its name */
	assert_int_equal(iface_refresh(&f->snapshot, RT_TABLE_MAIN, &f->uplink, &err), 0);
	assert_int_equal(f->uplink.index, 12);
	assert_int_equal(f->uplink.address[IP_V4].family, 0); /* it has none yet */

	strcpy(f->links[1].name, "eth5");
	f->links[1].index = 13;
	assert_int_equal(iface_refresh(&f->snapshot, RT_TABLE_MAIN, &f->uplink, &err), -ENODEV);
	assert_non_null(strstr(err.text, "interface eth9 is gone"));
	assert_int_equal(f->uplink.index, 12);
}

/* An address beside the chosen one changes nothing; when that one goes, another is taken. */
static void test_address_is_kept_while_it_is_there(void **state)
{
	struct fixture *f = *state;
	struct error err;
	char text[IP_TEXT_MAX];

	assert_int_equal(choose(f, "eth0", &err), 0);
	f->addresses[3] = f->addresses[1];
	f->addresses[1] = make_address(2, "192.168.2.60", 24); /* comes first in the dump */
	assert_int_equal(iface_refresh(&f->snapshot, RT_TABLE_MAIN, &f->uplink, &err), 0);
	assert_string_equal(ip_format(&f->uplink.address[IP_V4], text), "192.168.2.44");
	f->snapshot.address_count--;
	assert_int_equal(iface_refresh(&f->snapshot, RT_TABLE_MAIN, &f->uplink, &err), 0);
	assert_string_equal(ip_format(&f->uplink.address[IP_V4], text), "192.168.2.60");
}

static void test_what_names_an_interface(void **state)
{
	struct fixture *f = *state;

	assert_false(iface_is_named(&f->options));
	f->options.public_ip = "192.168.2.44";
	assert_true(iface_is_named(&f->options));
	f->options.public_ip = "";
	f->options.iface_can_reach = "192.168.2.1";
	assert_true(iface_is_named(&f->options));
	f->options.iface_can_reach = "";
	f->options.iface_regex.count = 1;
	assert_true(iface_is_named(&f->options));
}

#define CASE(test) cmocka_unit_test_setup(test, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_slave_of_a_vrf_needs_a_table),      CASE(test_other_masters_are_fine),
		CASE(test_enslaved_to_a_vrf_while_running),   CASE(test_interface_is_followed),
		CASE(test_address_is_kept_while_it_is_there), CASE(test_what_names_an_interface),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
