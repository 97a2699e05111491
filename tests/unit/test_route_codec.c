/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <libmnl/libmnl.h>

#include "netlink/attributes.h"
#include "netlink/route_codec.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static struct ip_addr ip(const char *text)
{
	struct ip_addr addr = {0};

	if (text && !ip_parse(text, &addr))
		fail_msg("the test's own address is wrong: %s", text);
	return addr;
}

static struct route route_to(const char *dst, const char *via, int oif)
{
	struct route route = {.via = ip(via),
	                      .oif = oif,
	                      .table = RT_TABLE_MAIN,
	                      .protocol = ROUTE_PROTOCOL_HOSTGW,
	                      .type = RTN_UNICAST};

	if (!prefix_parse(dst, &route.dst))
		fail_msg("the test's own prefix is wrong: %s", dst);
	return route;
}

static void assert_same_route(const struct route *a, const struct route *b)
{
	assert_true(prefix_equal(&a->dst, &b->dst));
	assert_true(ip_equal(&a->via, &b->via));
	assert_int_equal(a->oif, b->oif);
	assert_int_equal(a->table, b->table);
	assert_int_equal(a->metric, b->metric);
	assert_int_equal(a->protocol, b->protocol);
	assert_int_equal(a->type, b->type);
	assert_int_equal(a->tos, b->tos);
	assert_int_equal(a->nexthop_id, b->nexthop_id);
	assert_int_equal(a->foreign_attributes, b->foreign_attributes);
}

static void what_is_written_reads_the_same(void **state)
{
	struct route cases[] = {
		route_to("10.1.4.0/24", "192.168.2.45", 2),
		route_to("10.1.4.0/24", NULL, 7),
		route_to("0.0.0.0/0", "192.168.2.254", 2),
		route_to("10.1.4.1/32", "255.255.255.254", 0x7fffffff),
		route_to("fd00:4::/64", "fe80::45", 2),
		route_to("::/0", "2001:db8::1", 3),
		route_to("fd00:4::1/128", NULL, 3),
		route_to("10.1.0.0/24", NULL, 0),
		route_to("fd00::/64", NULL, 0),
		route_to("10.1.4.0/24", NULL, 0),
		route_to("10.1.4.0/24", "192.168.2.45", 2),
	};

	(void)state;
	cases[4].metric = ROUTE_METRIC_IPV6;
	cases[7].type = RTN_BLACKHOLE;
	cases[7].metric = ROUTE_METRIC_LAST;
	cases[8].type = RTN_BLACKHOLE;
	cases[8].metric = ROUTE_METRIC_LAST;
	cases[9].nexthop_id = 0x48000001;
	cases[10].table = 0xfffffff0;
	cases[10].tos = 0x10;
	for (size_t i = 0; i < COUNT(cases); i++) {
		alignas(struct nlmsghdr) unsigned char buffer[ROUTE_REQUEST_MAX];
		const struct nlmsghdr *message = (const struct nlmsghdr *)buffer;
		struct route read;
		int length = route_encode(ROUTE_ADD, &cases[i], buffer, sizeof(buffer));

		assert_true(length > 0);
		assert_int_equal(length, message->nlmsg_len);
		assert_int_equal(route_decode(message, &read), 1);
		assert_same_route(&cases[i], &read);
	}
}

static void verbs_have_their_flags(void **state)
{
	static const struct {
		enum route_verb verb;
		uint16_t type, flags;
	} cases[] = {
		{ROUTE_ADD, RTM_NEWROUTE, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL},
		{ROUTE_REPLACE, RTM_NEWROUTE, NLM_F_REQUEST | NLM_F_ACK | NLM_F_REPLACE},
		{ROUTE_DELETE, RTM_DELROUTE, NLM_F_REQUEST | NLM_F_ACK},
	};
	struct route route = route_to("10.1.4.0/24", "192.168.2.45", 2);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		alignas(struct nlmsghdr) unsigned char buffer[ROUTE_REQUEST_MAX];
		const struct nlmsghdr *message = (const struct nlmsghdr *)buffer;

		assert_true(route_encode(cases[i].verb, &route, buffer, sizeof(buffer)) > 0);
		assert_int_equal(message->nlmsg_type, cases[i].type);
		assert_int_equal(message->nlmsg_flags, cases[i].flags);
	}
}

/* A delete that leaves one of these out may hit another route. */
static void delete_names_all_that_identifies(void **state)
{
	static const uint16_t wanted[] = {RTA_DST, RTA_TABLE, RTA_PRIORITY, RTA_GATEWAY, RTA_OIF};
	alignas(struct nlmsghdr) unsigned char buffer[ROUTE_REQUEST_MAX];
	const struct nlmsghdr *message = (const struct nlmsghdr *)buffer;
	struct route route = route_to("10.1.4.0/24", "192.168.2.45", 2);
	const struct rtmsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *table[RTA_MAX + 1];

	(void)state;
	assert_true(route_encode(ROUTE_DELETE, &route, buffer, sizeof(buffer)) > 0);
	assert_true(nl_message_attributes(message, sizeof(*header), table, RTA_MAX));
	for (size_t i = 0; i < COUNT(wanted); i++)
		assert_non_null(table[wanted[i]]);
	assert_int_equal(header->rtm_protocol, ROUTE_PROTOCOL_HOSTGW);
	assert_int_equal(header->rtm_type, RTN_UNICAST);
	assert_int_equal(header->rtm_scope, RT_SCOPE_UNIVERSE);
}

static void scope_is_link_only_for_connected_ipv4(void **state)
{
	static const struct {
		const char *dst, *via;
		uint8_t type, scope;
	} cases[] = {
		{"10.1.4.0/24", "192.168.2.45", RTN_UNICAST, RT_SCOPE_UNIVERSE},
		{"10.1.4.0/24", NULL, RTN_UNICAST, RT_SCOPE_LINK},
		{"10.1.4.0/24", NULL, RTN_BLACKHOLE, RT_SCOPE_UNIVERSE},
		{"fd00::/64", NULL, RTN_UNICAST, RT_SCOPE_UNIVERSE},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		alignas(struct nlmsghdr) unsigned char buffer[ROUTE_REQUEST_MAX];
		const struct rtmsg *header = mnl_nlmsg_get_payload((const struct nlmsghdr *)buffer);
		struct route route = route_to(cases[i].dst, cases[i].via, 2);

		route.type = cases[i].type;
		assert_true(route_encode(ROUTE_ADD, &route, buffer, sizeof(buffer)) > 0);
		assert_int_equal(header->rtm_scope, cases[i].scope);
	}
}

/* Every room that is too small says so, and nothing is written behind it. */
static void no_room_is_a_result(void **state)
{
	struct route route = route_to("fd00:4::/64", "fe80::45", 2);
	alignas(struct nlmsghdr) unsigned char whole[ROUTE_REQUEST_MAX];
	int length = route_encode(ROUTE_ADD, &route, whole, sizeof(whole));

	(void)state;
	for (int room = 0; room <= length; room++) {
		alignas(struct nlmsghdr) unsigned char buffer[ROUTE_REQUEST_MAX];
		int wanted = room == length ? length : -ENOSPC;

		memset(buffer, 0xee, sizeof(buffer));
		assert_int_equal(route_encode(ROUTE_ADD, &route, buffer, (size_t)room), wanted);
		for (size_t i = (size_t)room; i < sizeof(buffer); i++)
			assert_int_equal(buffer[i], 0xee);
	}
}

static void what_is_no_route_is_refused(void **state)
{
	struct route cases[] = {
		route_to("10.1.4.0/24", "192.168.2.45", 2),
		route_to("10.1.4.0/24", "192.168.2.45", 2),
		route_to("10.1.4.0/24", "fe80::1", 2),
		route_to("fd00::/64", "192.168.2.45", 2),
		route_to("10.1.4.0/24", "192.168.2.45", -1),
	};

	(void)state;
	cases[0].dst.addr.family = 0;
	cases[1].dst.length = 33;
	for (size_t i = 0; i < COUNT(cases); i++) {
		alignas(struct nlmsghdr) unsigned char buffer[ROUTE_REQUEST_MAX];

		assert_int_equal(route_encode(ROUTE_ADD, &cases[i], buffer, sizeof(buffer)),
		                 -EINVAL);
	}
}

/* A message as the kernel sends it, to be spoiled. */
struct sample {
	alignas(struct nlmsghdr) unsigned char bytes[512];
	struct nlmsghdr *message;
	struct rtmsg *header;
};

static void sample_init(struct sample *sample, uint8_t family)
{
	memset(sample->bytes, 0, sizeof(sample->bytes));
	sample->message = mnl_nlmsg_put_header(sample->bytes);
	sample->message->nlmsg_type = RTM_NEWROUTE;
	sample->header = mnl_nlmsg_put_extra_header(sample->message, sizeof(*sample->header));
	sample->header->rtm_family = family;
	sample->header->rtm_dst_len = 24;
	sample->header->rtm_table = RT_TABLE_MAIN;
	sample->header->rtm_type = RTN_UNICAST;
}

static void wrong_lengths_are_malformed(void **state)
{
	static const struct {
		uint16_t type;
		uint8_t family;
		size_t length;
		int result;
	} cases[] = {
		{RTA_DST, AF_INET, 4, 1},
		{RTA_DST, AF_INET, 3, -EBADMSG},
		{RTA_DST, AF_INET, 5, -EBADMSG},
		{RTA_DST, AF_INET, 16, -EBADMSG},
		{RTA_DST, AF_INET6, 16, 1},
		{RTA_DST, AF_INET6, 4, -EBADMSG},
		{RTA_DST, AF_INET, 0, -EBADMSG},
		{RTA_GATEWAY, AF_INET, 4, 1},
		{RTA_GATEWAY, AF_INET, 2, -EBADMSG},
		{RTA_GATEWAY, AF_INET6, 4, -EBADMSG},
		{RTA_OIF, AF_INET, 4, 1},
		{RTA_OIF, AF_INET, 2, -EBADMSG},
		{RTA_TABLE, AF_INET, 1, -EBADMSG},
		{RTA_PRIORITY, AF_INET, 8, -EBADMSG},
		{RTA_NH_ID, AF_INET, 0, -EBADMSG},
		{RTA_MAX + 1, AF_INET, 3, 1},
	};
	static const unsigned char zero[16] = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct sample sample;
		struct route route;

		sample_init(&sample, cases[i].family);
		mnl_attr_put(sample.message, cases[i].type, cases[i].length, zero);
		if (route_decode(sample.message, &route) != cases[i].result)
			fail_msg("attribute %u of %zu bytes", cases[i].type, cases[i].length);
	}
}

static void truncated_messages_are_malformed(void **state)
{
	struct route route = route_to("10.1.4.0/24", "192.168.2.45", 2);
	alignas(struct nlmsghdr) unsigned char buffer[ROUTE_REQUEST_MAX];
	struct nlmsghdr *message = (struct nlmsghdr *)buffer;
	uint32_t header = (uint32_t)mnl_nlmsg_size(sizeof(struct rtmsg));
	uint32_t length = (uint32_t)route_encode(ROUTE_ADD, &route, buffer, sizeof(buffer));

	(void)state;
	for (uint32_t cut = (uint32_t)mnl_nlmsg_size(0); cut < length; cut++) {
		/* Cut between two attributes it is whole, though less than was sent. */
		bool between = cut >= header && (cut - header) % 8 == 0;
		alignas(struct nlmsghdr) unsigned char copy[ROUTE_REQUEST_MAX];

		memcpy(copy, buffer, sizeof(copy));
		((struct nlmsghdr *)copy)->nlmsg_len = cut;
		if (route_decode((struct nlmsghdr *)copy, &route) != (between ? 1 : -EBADMSG))
			fail_msg("cut at %u of %u", cut, length);
	}
	message->nlmsg_len = length;
	((struct nlattr *)(buffer + header))->nla_len = 3; /* shorter than its own header */
	assert_int_equal(route_decode(message, &route), -EBADMSG);
	((struct nlattr *)(buffer + header))->nla_len = 0xffff;
	assert_int_equal(route_decode(message, &route), -EBADMSG);
}

static void impossible_values_are_malformed(void **state)
{
	struct sample sample;
	struct route route;

	(void)state;
	sample_init(&sample, AF_INET);
	sample.header->rtm_dst_len = 33;
	assert_int_equal(route_decode(sample.message, &route), -EBADMSG);
	sample_init(&sample, AF_INET);
	mnl_attr_put_u32(sample.message, RTA_OIF, 0x80000000);
	assert_int_equal(route_decode(sample.message, &route), -EBADMSG);
}

static void clones_and_other_families_are_passed_over(void **state)
{
	struct sample sample;
	struct route route;

	(void)state;
	sample_init(&sample, AF_INET6);
	sample.header->rtm_flags = RTM_F_CLONED;
	assert_int_equal(route_decode(sample.message, &route), 0);
	sample_init(&sample, AF_MPLS);
	assert_int_equal(route_decode(sample.message, &route), 0);
}

static void foreign_attributes_are_noticed(void **state)
{
	static const struct {
		uint16_t type;
		bool foreign;
	} cases[] = {
		{RTA_MULTIPATH, true}, {RTA_ENCAP, true}, {RTA_METRICS, true}, {RTA_PREFSRC, true},
		{RTA_VIA, true},       {RTA_SRC, true},   {RTA_FLOW, true},    {RTA_NEWDST, true},
		{RTA_PREF, false},     {RTA_IIF, false},
	};
	static const unsigned char some[4] = {1, 2, 3, 4};
	struct rta_cacheinfo info = {.rta_expires = 0};
	struct sample sample;
	struct route route;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		sample_init(&sample, AF_INET);
		mnl_attr_put(sample.message, cases[i].type, sizeof(some), some);
		assert_int_equal(route_decode(sample.message, &route), 1);
		if (route.foreign_attributes != cases[i].foreign)
			fail_msg("attribute %u", cases[i].type);
	}
	for (int expires = 0; expires < 2; expires++) {
		sample_init(&sample, AF_INET6);
		info.rta_expires = expires;
		mnl_attr_put(sample.message, RTA_CACHEINFO, sizeof(info), &info);
		assert_int_equal(route_decode(sample.message, &route), 1);
		assert_int_equal(route.foreign_attributes, expires != 0);
	}
}

/* A default route over two uplinks: the first is as good a choice as any. */
static void several_next_hops_have_the_first_ones_interface(void **state)
{
	static const uint8_t families[] = {AF_INET, AF_INET6};
	const struct rtnexthop hops[] = {
		{.rtnh_len = sizeof(hops[0]), .rtnh_ifindex = 7},
		{.rtnh_len = sizeof(hops[0]), .rtnh_ifindex = 9},
	};
	struct sample sample;
	struct route route;

	(void)state;
	for (size_t i = 0; i < COUNT(families); i++) {
		sample_init(&sample, families[i]);
		sample.header->rtm_dst_len = 0;
		mnl_attr_put(sample.message, RTA_MULTIPATH, sizeof(hops), hops);
		assert_int_equal(route_decode(sample.message, &route), 1);
		assert_int_equal(route.oif, 7);
		assert_true(route.foreign_attributes);
	}
	sample_init(&sample, AF_INET); /* cut short */
	mnl_attr_put(sample.message, RTA_MULTIPATH, sizeof(hops[0]) - 1, hops);
	assert_int_equal(route_decode(sample.message, &route), 1);
	assert_int_equal(route.oif, 0);
}

/* What net.ipv4.nexthop_compat_mode adds is the nexthop object's, not the route's. */
static void by_nexthop_object_the_number_is_all(void **state)
{
	static const uint16_t repeated[] = {RTA_GATEWAY,   RTA_OIF,        RTA_VIA,
	                                    RTA_MULTIPATH, RTA_ENCAP_TYPE, RTA_ENCAP};
	struct sample sample;
	struct route route;

	(void)state;
	for (size_t i = 0; i < COUNT(repeated); i++) {
		sample_init(&sample, AF_INET);
		mnl_attr_put_u32(sample.message, RTA_NH_ID, 0x48000001);
		mnl_attr_put_u32(sample.message, repeated[i], 0x01020304);
		assert_int_equal(route_decode(sample.message, &route), 1);
		assert_int_equal(route.nexthop_id, 0x48000001);
		assert_int_equal(route.via.family, 0);
		assert_int_equal(route.oif, 0);
		assert_false(route.foreign_attributes);
	}
	mnl_attr_put_u32(sample.message, RTA_PREFSRC, 0x01020304);
	assert_int_equal(route_decode(sample.message, &route), 1);
	assert_true(route.foreign_attributes);
}

static void ipv6_blackhole_has_no_interface(void **state)
{
	struct sample sample;
	struct route route;

	(void)state;
	sample_init(&sample, AF_INET6);
	sample.header->rtm_type = RTN_BLACKHOLE;
	mnl_attr_put_u32(sample.message, RTA_OIF, 1);
	assert_int_equal(route_decode(sample.message, &route), 1);
	assert_int_equal(route.oif, 0);
}

static void table_beyond_a_byte(void **state)
{
	struct sample sample;
	struct route route;

	(void)state;
	sample_init(&sample, AF_INET);
	sample.header->rtm_table = RT_TABLE_COMPAT;
	mnl_attr_put_u32(sample.message, RTA_TABLE, 1000);
	assert_int_equal(route_decode(sample.message, &route), 1);
	assert_int_equal(route.table, 1000);
}

static void lookup_answer_needs_an_interface(void **state)
{
	struct sample sample;

	(void)state;
	sample_init(&sample, AF_INET);
	sample.header->rtm_flags = RTM_F_CLONED; /* as `ip route get` has it */
	assert_int_equal(route_decode_oif(sample.message), -EBADMSG);
	mnl_attr_put_u32(sample.message, RTA_OIF, 3);
	assert_int_equal(route_decode_oif(sample.message), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_reads_the_same),
		cmocka_unit_test(verbs_have_their_flags),
		cmocka_unit_test(delete_names_all_that_identifies),
		cmocka_unit_test(scope_is_link_only_for_connected_ipv4),
		cmocka_unit_test(no_room_is_a_result),
		cmocka_unit_test(what_is_no_route_is_refused),
		cmocka_unit_test(wrong_lengths_are_malformed),
		cmocka_unit_test(truncated_messages_are_malformed),
		cmocka_unit_test(impossible_values_are_malformed),
		cmocka_unit_test(clones_and_other_families_are_passed_over),
		cmocka_unit_test(foreign_attributes_are_noticed),
		cmocka_unit_test(several_next_hops_have_the_first_ones_interface),
		cmocka_unit_test(by_nexthop_object_the_number_is_all),
		cmocka_unit_test(ipv6_blackhole_has_no_interface),
		cmocka_unit_test(table_beyond_a_byte),
		cmocka_unit_test(lookup_answer_needs_an_interface),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
