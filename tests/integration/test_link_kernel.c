/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interfaces and addresses as the kernel tells them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hostgw/link.h"
#include "sandbox.h"

struct fixture {
	struct rtnl *rtnl;
	struct link_snapshot snapshot;
};

static const struct link *named(const struct fixture *fixture, const char *name)
{
	const struct link *link = link_find_name(&fixture->snapshot, name);

	if (!link)
		fail_msg("no link %s", name);
	return link;
}

static const struct link_address *address(const struct fixture *fixture, const char *text)
{
	struct ip_addr addr = sandbox_ip(text);
	const struct link_address *found = link_find_address(&fixture->snapshot, &addr);

	if (!found)
		fail_msg("no address %s", text);
	return found;
}

static int set_up(void **state)
{
	static struct fixture fixture;
	struct error err;

	sandbox_add_link();
	sandbox_run("ip link add hgt2 type veth peer name hgt3");
	sandbox_run("ip link add hgtbr type bridge && ip link set hgt1 master hgtbr");
	sandbox_run("ip link set hgt0 mtu 1450");
	sandbox_run("ip address add 192.168.2.144/24 dev hgt0");
	sandbox_run("ip address add 198.51.100.1 peer 198.51.100.2/32 dev hgt0");
	sandbox_run("ip address add 169.254.0.1/16 scope link dev hgt0");
	sandbox_run("ip address add fd00:3::1/64 preferred_lft 0 dev hgt0 nodad");
	if (rtnl_open(&fixture.rtnl, &err) != 0 ||
	    link_snapshot_read(fixture.rtnl, &fixture.snapshot, &err) != 0)
		fail_msg("%s", err.text);
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	link_snapshot_free(&fixture->snapshot);
	assert_null(fixture->snapshot.links);
	rtnl_close(fixture->rtnl);
	return 0;
}

static void links_are_read(void **state)
{
	const struct fixture *fixture = *state;

	assert_true(named(fixture, "lo")->loopback);
	assert_true(named(fixture, "hgt0")->up);
	assert_true(named(fixture, "hgt0")->running);
	assert_false(named(fixture, "hgt0")->loopback);
	assert_int_equal(named(fixture, "hgt0")->mtu, 1450);
	assert_int_equal(named(fixture, "hgt0")->master, 0);
	assert_false(named(fixture, "hgt2")->up);
	assert_int_equal(named(fixture, "hgt1")->master, named(fixture, "hgtbr")->index);
	assert_false(named(fixture, "hgt1")->vrf_slave);
}

static void links_are_found(void **state)
{
	const struct fixture *fixture = *state;
	const struct link *link = named(fixture, "hgt0");

	assert_ptr_equal(link_find(&fixture->snapshot, link->index), link);
	assert_null(link_find(&fixture->snapshot, 0));
	assert_null(link_find_name(&fixture->snapshot, "hgt"));
}

static void addresses_are_read(void **state)
{
	const struct fixture *fixture = *state;
	const struct link_address *first = address(fixture, "192.168.2.44");
	const struct link_address *peer = address(fixture, "198.51.100.1");
	struct ip_addr far_end = sandbox_ip("198.51.100.2");
	struct ip_addr stranger = sandbox_ip("192.168.2.45");

	assert_int_equal(first->index, named(fixture, "hgt0")->index);
	assert_int_equal(first->prefix.length, 24);
	assert_true(first->global);
	assert_false(first->secondary);
	assert_false(first->temporary);
	assert_int_equal(first->peer.family, 0);
	assert_true(address(fixture, "192.168.2.144")->secondary);
	assert_false(address(fixture, "169.254.0.1")->global);
	assert_false(address(fixture, "127.0.0.1")->global);
	assert_true(ip_equal(&peer->peer, &far_end));
	assert_int_equal(peer->prefix.length, 32);
	assert_true(address(fixture, "fd00:2::44")->global);
	assert_false(address(fixture, "fd00:2::44")->temporary);
	assert_int_equal(address(fixture, "fd00:2::44")->prefix.length, 64);
	assert_true(address(fixture, "fd00:3::1")->temporary);
	assert_false(address(fixture, "fd00:3::1")->secondary);
	assert_null(link_find_address(&fixture->snapshot, &far_end));
	assert_null(link_find_address(&fixture->snapshot, &stranger));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_are_read),
		cmocka_unit_test(links_are_found),
		cmocka_unit_test(addresses_are_read),
	};

	if (!sandbox_enter())
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
