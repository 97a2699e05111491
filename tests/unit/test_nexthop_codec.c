/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdalign.h>
#include <string.h>

#include "check.h"

#include <libmnl/libmnl.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>

#include "netlink/nexthop_codec.h"

static struct nexthop nexthop_via(uint32_t id, const char *via, int oif)
{
	return (struct nexthop){.id = id, .via = make_ip(via), .oif = oif, .protocol = 72};
}

static void what_is_written_reads_the_same(void **state)
{
	const struct nexthop cases[] = {
		nexthop_via(NEXTHOP_ID_FIRST, "192.168.2.45", 2),
		nexthop_via(NEXTHOP_ID_LAST, "fd00:2::45", 0x7fffffff),
		nexthop_via(1, "fe80::1", 1),
		nexthop_via(UINT32_MAX, "255.255.255.254", 3),
	};
	static const enum nexthop_verb verbs[] = {NEXTHOP_ADD, NEXTHOP_REPLACE};

	(void)state;
	for (size_t i = 0; i < COUNT(cases) * COUNT(verbs); i++) {
		const struct nexthop *wanted = &cases[i / COUNT(verbs)];
		alignas(struct nlmsghdr) unsigned char buffer[NEXTHOP_REQUEST_MAX];
		const struct nlmsghdr *message = (const struct nlmsghdr *)buffer;
		struct nexthop read;
		int length = nexthop_encode(verbs[i % COUNT(verbs)], wanted, buffer,
		                            sizeof(buffer));

		assert_true(length > 0);
		assert_int_equal(length, message->nlmsg_len);
		assert_int_equal(nexthop_decode(message, &read), 0);
		assert_int_equal(read.id, wanted->id);
		assert_int_equal(read.oif, wanted->oif);
		assert_int_equal(read.protocol, wanted->protocol);
		assert_true(ip_equal(&read.via, &wanted->via));
		assert_false(read.foreign_attributes);
	}
}

static void verbs_have_their_flags(void **state)
{
	static const struct {
		enum nexthop_verb verb;
		uint16_t type, flags;
	} cases[] = {
		{NEXTHOP_ADD, RTM_NEWNEXTHOP,
	         NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL},
		{NEXTHOP_REPLACE, RTM_NEWNEXTHOP, NLM_F_REQUEST | NLM_F_ACK | NLM_F_REPLACE},
		{NEXTHOP_DELETE, RTM_DELNEXTHOP, NLM_F_REQUEST | NLM_F_ACK},
	};
	struct nexthop nexthop = nexthop_via(7, "192.168.2.45", 2);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		alignas(struct nlmsghdr) unsigned char buffer[NEXTHOP_REQUEST_MAX];
		const struct nlmsghdr *message = (const struct nlmsghdr *)buffer;

		assert_true(nexthop_encode(cases[i].verb, &nexthop, buffer, sizeof(buffer)) > 0);
		assert_int_equal(message->nlmsg_type, cases[i].type);
		assert_int_equal(message->nlmsg_flags, cases[i].flags);
	}
}

/* The kernel refuses a delete whose header says anything. */
static void a_delete_names_the_number_alone(void **state)
{
	alignas(struct nlmsghdr) unsigned char buffer[NEXTHOP_REQUEST_MAX];
	const struct nlmsghdr *message = (const struct nlmsghdr *)buffer;
	const struct nexthop nexthop = nexthop_via(7, "192.168.2.45", 2);
	const struct nexthop number_alone = {.id = 7};
	const struct nhmsg empty = {0};
	int length = nexthop_encode(NEXTHOP_DELETE, &nexthop, buffer, sizeof(buffer));

	(void)state;
	assert_int_equal(length, NLMSG_SPACE(sizeof(empty)) + RTA_SPACE(4));
	assert_memory_equal(mnl_nlmsg_get_payload(message), &empty, sizeof(empty));
	assert_int_equal(nexthop_encode(NEXTHOP_DELETE, &number_alone, buffer, sizeof(buffer)),
	                 length);
}

static void no_room_is_a_result(void **state)
{
	struct nexthop nexthop = nexthop_via(7, "fd00:2::45", 2);
	alignas(struct nlmsghdr) unsigned char whole[NEXTHOP_REQUEST_MAX];
	int length = nexthop_encode(NEXTHOP_ADD, &nexthop, whole, sizeof(whole));

	(void)state;
	for (int room = 0; room <= length; room++) {
		alignas(struct nlmsghdr) unsigned char buffer[NEXTHOP_REQUEST_MAX];
		int wanted = room == length ? length : -ENOSPC;

		memset(buffer, 0xee, sizeof(buffer));
		assert_int_equal(nexthop_encode(NEXTHOP_ADD, &nexthop, buffer, (size_t)room),
		                 wanted);
		for (size_t i = (size_t)room; i < sizeof(buffer); i++)
			assert_int_equal(buffer[i], 0xee);
	}
}

static void what_is_no_nexthop_is_refused(void **state)
{
	const struct {
		enum nexthop_verb verb;
		struct nexthop nexthop;
	} cases[] = {
		{NEXTHOP_ADD, nexthop_via(0, "192.168.2.45", 2)},
		{NEXTHOP_ADD, nexthop_via(7, NULL, 2)},
		{NEXTHOP_ADD, nexthop_via(7, "192.168.2.45", 0)},
		{NEXTHOP_REPLACE, nexthop_via(7, "192.168.2.45", -1)},
		{NEXTHOP_DELETE, nexthop_via(0, "192.168.2.45", 2)},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		alignas(struct nlmsghdr) unsigned char buffer[NEXTHOP_REQUEST_MAX];

		assert_int_equal(
			nexthop_encode(cases[i].verb, &cases[i].nexthop, buffer, sizeof(buffer)),
			-EINVAL);
	}
}

/* A message as the kernel sends it, to be spoiled. */
static struct nlmsghdr *write_sample(unsigned char *buffer, uint8_t family, uint32_t id)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct nhmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

	message->nlmsg_type = RTM_NEWNEXTHOP;
	header->nh_family = family;
	mnl_attr_put_u32(message, NHA_ID, id);
	return message;
}

static void wrong_lengths_are_malformed(void **state)
{
	static const struct {
		uint16_t type;
		uint8_t family;
		size_t length;
		int result;
	} cases[] = {
		{NHA_GATEWAY, AF_INET, 4, 0},
		{NHA_GATEWAY, AF_INET, 16, -EBADMSG},
		{NHA_GATEWAY, AF_INET, 3, -EBADMSG},
		{NHA_GATEWAY, AF_INET6, 16, 0},
		{NHA_GATEWAY, AF_INET6, 4, -EBADMSG},
		{NHA_GATEWAY, AF_MPLS, 4, 0},
		{NHA_OIF, AF_INET, 4, 0},
		{NHA_OIF, AF_INET, 2, -EBADMSG},
		{NHA_ID, AF_INET, 2, -EBADMSG},
		{NHA_ID, AF_INET, 4, -EBADMSG}, /* 0 is no number */
		{NHA_MAX + 1, AF_INET, 3, 0},
	};
	static const unsigned char zero[16] = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		alignas(struct nlmsghdr) unsigned char buffer[256];
		struct nlmsghdr *message = write_sample(buffer, cases[i].family, 7);
		struct nexthop nexthop;

		mnl_attr_put(message, cases[i].type, cases[i].length, zero);
		if (nexthop_decode(message, &nexthop) != cases[i].result)
			fail_msg("case %zu", i);
	}
}

static void truncated_messages_are_malformed(void **state)
{
	alignas(struct nlmsghdr) unsigned char buffer[256];
	struct nlmsghdr *message = write_sample(buffer, AF_INET, 7);
	struct nexthop nexthop;

	(void)state;
	for (uint32_t length = message->nlmsg_len; length-- > NLMSG_HDRLEN;) {
		message->nlmsg_len = length;
		assert_int_equal(nexthop_decode(message, &nexthop), -EBADMSG);
	}
}

static void foreign_attributes_are_noticed(void **state)
{
	static const struct {
		uint16_t type; /* 0: the gateway alone */
		uint8_t family;
		uint32_t flags;
		bool foreign;
	} cases[] = {
		{0, AF_INET, 0, false},
		{0, AF_INET, RTNH_F_LINKDOWN, false},
		{0, AF_INET, RTNH_F_ONLINK, true},
		{0, AF_MPLS, 0, true},
		{NHA_GROUP, AF_INET, 0, true},
		{NHA_BLACKHOLE, AF_INET, 0, true},
		{NHA_ENCAP, AF_INET, 0, true},
		{NHA_ENCAP_TYPE, AF_INET, 0, true},
		{NHA_FDB, AF_INET, 0, true},
		{NHA_RES_GROUP, AF_INET, 0, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		alignas(struct nlmsghdr) unsigned char buffer[256];
		struct nlmsghdr *message = write_sample(buffer, cases[i].family, 7);
		struct nhmsg *header = mnl_nlmsg_get_payload(message);
		struct nexthop nexthop;

		header->nh_flags = cases[i].flags;
		mnl_attr_put_u32(message, NHA_GATEWAY, 0x01020304);
		if (cases[i].type != 0)
			mnl_attr_put(message, cases[i].type, 0, NULL);
		assert_int_equal(nexthop_decode(message, &nexthop), 0);
		if (nexthop.foreign_attributes != cases[i].foreign)
			fail_msg("case %zu", i);
	}
}

static void without_a_gateway_it_is_foreign(void **state)
{
	alignas(struct nlmsghdr) unsigned char buffer[256];
	struct nlmsghdr *message = write_sample(buffer, AF_INET, 7);
	struct nexthop nexthop;

	(void)state;
	mnl_attr_put_u32(message, NHA_OIF, 2);
	assert_int_equal(nexthop_decode(message, &nexthop), 0);
	assert_int_equal(nexthop.oif, 2);
	assert_int_equal(nexthop.via.family, 0);
	assert_true(nexthop.foreign_attributes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_reads_the_same),
		cmocka_unit_test(verbs_have_their_flags),
		cmocka_unit_test(a_delete_names_the_number_alone),
		cmocka_unit_test(no_room_is_a_result),
		cmocka_unit_test(what_is_no_nexthop_is_refused),
		cmocka_unit_test(wrong_lengths_are_malformed),
		cmocka_unit_test(truncated_messages_are_malformed),
		cmocka_unit_test(foreign_attributes_are_noticed),
		cmocka_unit_test(without_a_gateway_it_is_foreign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
