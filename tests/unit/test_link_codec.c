/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "netlink/link_codec.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

struct sample {
	alignas(struct nlmsghdr) unsigned char bytes[1024];
	struct nlmsghdr *message;
	struct ifaddrmsg *address;
};

static void link_init(struct sample *sample, unsigned flags)
{
	struct ifinfomsg *header;

	memset(sample->bytes, 0, sizeof(sample->bytes));
	sample->message = mnl_nlmsg_put_header(sample->bytes);
	sample->message->nlmsg_type = RTM_NEWLINK;
	header = mnl_nlmsg_put_extra_header(sample->message, sizeof(*header));
	header->ifi_index = 7;
	header->ifi_flags = flags;
}

static void address_init(struct sample *sample, uint8_t family, uint8_t length)
{
	memset(sample->bytes, 0, sizeof(sample->bytes));
	sample->message = mnl_nlmsg_put_header(sample->bytes);
	sample->message->nlmsg_type = RTM_NEWADDR;
	sample->address = mnl_nlmsg_put_extra_header(sample->message, sizeof(*sample->address));
	sample->address->ifa_family = family;
	sample->address->ifa_prefixlen = length;
	sample->address->ifa_index = 7;
}

static void put_ip(struct sample *sample, uint16_t type, const char *text)
{
	struct ip_addr addr;

	assert_true(ip_parse(text, &addr));
	mnl_attr_put(sample->message, type, ip_bits(addr.family) / 8U, addr.bytes);
}

static void slaves_of_a_vrf_are_known(void **state)
{
	static const struct {
		const char *kind;
		bool vrf;
	} cases[] = {{"vrf", true}, {"bridge", false}, {"vrf2", false}, {NULL, false}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct sample sample;
		struct nlattr *info;
		struct link link;

		link_init(&sample, IFF_UP | IFF_RUNNING);
		mnl_attr_put_strz(sample.message, IFLA_IFNAME, "eth0");
		mnl_attr_put_u32(sample.message, IFLA_MASTER, 9);
		info = mnl_attr_nest_start(sample.message, IFLA_LINKINFO);
		mnl_attr_put_strz(sample.message, IFLA_INFO_KIND, "veth");
		if (cases[i].kind)
			mnl_attr_put_strz(sample.message, IFLA_INFO_SLAVE_KIND, cases[i].kind);
		mnl_attr_nest_end(sample.message, info);
		assert_int_equal(link_decode(sample.message, &link), 1);
		assert_int_equal(link.vrf_slave, cases[i].vrf);
		assert_int_equal(link.master, 9);
		assert_int_equal(link.index, 7);
		assert_true(link.up && link.running && !link.loopback);
	}
}

static void bad_links_are_malformed(void **state)
{
	struct sample sample;
	struct link link;

	(void)state;
	link_init(&sample, 0);
	assert_int_equal(link_decode(sample.message, &link), -EBADMSG); /* no name */
	mnl_attr_put_str(sample.message, IFLA_IFNAME, "eth0");          /* no NUL */
	assert_int_equal(link_decode(sample.message, &link), -EBADMSG);
	mnl_attr_put_strz(sample.message, IFLA_IFNAME, "sixteen-letters-");
	assert_int_equal(link_decode(sample.message, &link), -EBADMSG);
	mnl_attr_put_strz(sample.message, IFLA_IFNAME, "fifteen-letters");
	assert_int_equal(link_decode(sample.message, &link), 1);
	mnl_attr_put_u16(sample.message, IFLA_MTU, 1500);
	assert_int_equal(link_decode(sample.message, &link), -EBADMSG);
	sample.message->nlmsg_len = (uint32_t)mnl_nlmsg_size(sizeof(struct ifinfomsg) - 4);
	assert_int_equal(link_decode(sample.message, &link), -EBADMSG);
}

static void own_end_and_peer(void **state)
{
	static const struct {
		uint8_t family;
		const char *local, *address; /* attributes; NULL: missing */
		const char *own, *peer;      /* NULL: none */
	} cases[] = {
		{AF_INET, "192.168.2.44", "192.168.2.44", "192.168.2.44", NULL},
		{AF_INET, "192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.2"},
		{AF_INET, "192.0.2.1", NULL, "192.0.2.1", NULL},
		{AF_INET6, NULL, "fd00::44", "fd00::44", NULL},
		{AF_INET6, "fd00::1", "fd00::2", "fd00::1", "fd00::2"},
		{AF_INET, NULL, NULL, NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct link_address address;
		char text[IP_TEXT_MAX];
		struct sample sample;

		address_init(&sample, cases[i].family, 24);
		if (cases[i].local)
			put_ip(&sample, IFA_LOCAL, cases[i].local);
		if (cases[i].address)
			put_ip(&sample, IFA_ADDRESS, cases[i].address);
		assert_int_equal(link_address_decode(sample.message, &address),
		                 cases[i].own ? 1 : 0);
		if (!cases[i].own)
			continue;
		assert_string_equal(ip_format(&address.prefix.addr, text), cases[i].own);
		assert_string_equal(ip_format(&address.peer, text),
		                    cases[i].peer ? cases[i].peer : "-");
		assert_int_equal(address.prefix.length, 24);
	}
}

static void flags_are_read(void **state)
{
	static const struct {
		uint8_t family;
		uint32_t flags;
		bool secondary, temporary;
	} cases[] = {
		{AF_INET, 0, false, false},
		{AF_INET, IFA_F_PERMANENT, false, false},
		{AF_INET, IFA_F_SECONDARY, true, false},
		{AF_INET6, IFA_F_PERMANENT | IFA_F_MANAGETEMPADDR, false, false},
		{AF_INET6, IFA_F_TEMPORARY, false, true},
		{AF_INET6, IFA_F_DEPRECATED, false, true},
		{AF_INET6, IFA_F_TENTATIVE, false, true},
		{AF_INET6, IFA_F_DADFAILED, false, true},
	};

	(void)state;
	/* Once in the header's 8 bits, once in the attribute that overrules them. */
	for (size_t i = 0; i < 2 * COUNT(cases); i++) {
		const bool wide = i % 2 == 1;
		uint8_t family = cases[i / 2].family;
		struct link_address address;
		struct sample sample;

		address_init(&sample, family, 24);
		put_ip(&sample, IFA_ADDRESS, family == AF_INET ? "192.0.2.1" : "fd00::1");
		sample.address->ifa_flags = (uint8_t)(wide ? 0xff : cases[i / 2].flags);
		if (wide)
			mnl_attr_put_u32(sample.message, IFA_FLAGS, cases[i / 2].flags);
		assert_int_equal(link_address_decode(sample.message, &address), 1);
		assert_int_equal(address.secondary, cases[i / 2].secondary);
		assert_int_equal(address.temporary, cases[i / 2].temporary);
	}
}

static void bad_addresses_are_malformed(void **state)
{
	struct link_address address;
	struct sample sample;

	(void)state;
	address_init(&sample, AF_INET, 33);
	put_ip(&sample, IFA_LOCAL, "192.0.2.1");
	assert_int_equal(link_address_decode(sample.message, &address), -EBADMSG);
	address_init(&sample, AF_INET, 24);
	put_ip(&sample, IFA_LOCAL, "fd00::1");
	assert_int_equal(link_address_decode(sample.message, &address), -EBADMSG);
	address_init(&sample, AF_INET6, 64);
	put_ip(&sample, IFA_ADDRESS, "192.0.2.1");
	assert_int_equal(link_address_decode(sample.message, &address), -EBADMSG);
	address_init(&sample, AF_INET, 24);
	sample.message->nlmsg_len -= 4;
	assert_int_equal(link_address_decode(sample.message, &address), -EBADMSG);
	address_init(&sample, AF_MPLS, 24);
	assert_int_equal(link_address_decode(sample.message, &address), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slaves_of_a_vrf_are_known),
		cmocka_unit_test(bad_links_are_malformed),
		cmocka_unit_test(own_end_and_peer),
		cmocka_unit_test(flags_are_read),
		cmocka_unit_test(bad_addresses_are_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
