/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdalign.h>
#include <string.h>

#include "check.h"
#include "made_flow.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include "netlink/attributes.h"
#include "netlink/conntrack_codec.h"

static const struct made_flow samples[] = {
	{.source = "10.1.0.10", .target = "192.0.2.1", .port = 1000, .id = 1},
	{.source = "fd00:1::10", .target = "2001:db8::1", .port = 1000, .id = UINT32_MAX},
	{.source = "10.1.0.10",
         .target = "10.96.0.10",
         .destination = "10.1.4.10",
         .answered_to = "192.168.2.44",
         .protocol = IPPROTO_TCP,
         .zone = 0x0102,
         .id = 0x01020304},
	{.source = "10.1.0.10",
         .target = "192.0.2.1",
         .protocol = IPPROTO_ICMP,
         .source_zone = 7,
         .id = 2},
};

static void addresses_are_those_of_both_directions(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(samples); i++) {
		const struct made_flow *flow = &samples[i];
		alignas(struct nlmsghdr) unsigned char buffer[MADE_FLOW_MAX];
		struct ip_addr source = make_ip(flow->source);
		struct ip_addr destination = make_ip(flow->destination ? flow->destination
		                                                       : flow->target);
		struct ip_addr answered_to = make_ip(flow->answered_to ? flow->answered_to
		                                                       : flow->source);
		struct conntrack_entry entry;

		assert_int_equal(conntrack_decode(made_flow_tell(flow, buffer), &entry), 1);
		assert_true(ip_equal(&entry.source, &source));
		assert_true(ip_equal(&entry.destination, &destination));
		assert_true(ip_equal(&entry.answered_to, &answered_to));
		assert_int_equal(ntohl(entry.id), flow->id);
		assert_int_equal(entry.has_zone, flow->zone != 0);
		assert_int_equal(ntohs(entry.zone), flow->zone);
	}
}

static void a_delete_names_what_was_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(samples); i++) {
		alignas(struct nlmsghdr) unsigned char told[MADE_FLOW_MAX];
		alignas(struct nlmsghdr) unsigned char request[CONNTRACK_REQUEST_MAX] = {0};
		const struct nlmsghdr *message = (const struct nlmsghdr *)request;
		const struct nfgenmsg *header = mnl_nlmsg_get_payload(message);
		const struct nlattr *wanted[CTA_MAX + 1], *seen[CTA_MAX + 1];
		struct conntrack_entry entry;
		int length;

		made_flow_tell(&samples[i], told);
		assert_int_equal(conntrack_decode((struct nlmsghdr *)told, &entry), 1);
		length = conntrack_encode_delete(&entry, request, sizeof(request));
		assert_int_equal(length, message->nlmsg_len);
		assert_int_equal(message->nlmsg_type,
		                 NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE);
		assert_int_equal(header->nfgen_family, make_ip(samples[i].source).family);
		assert_true(nl_message_attributes((struct nlmsghdr *)told, sizeof(*header), wanted,
		                                  CTA_MAX));
		assert_true(nl_message_attributes(message, sizeof(*header), seen, CTA_MAX));
		for (uint16_t type = 0; type <= CTA_MAX; type++) {
			bool names = type == CTA_TUPLE_ORIG || type == CTA_ID || type == CTA_ZONE;

			assert_int_equal(seen[type] != NULL, names && wanted[type] != NULL);
			if (seen[type])
				assert_memory_equal(seen[type], wanted[type],
				                    wanted[type]->nla_len);
		}
	}
}

static void no_room_is_a_result(void **state)
{
	alignas(struct nlmsghdr) unsigned char whole[MADE_FLOW_MAX];
	struct conntrack_entry entry;
	int length;

	(void)state;
	assert_int_equal(conntrack_decode(made_flow_tell(&samples[2], whole), &entry), 1);
	length = conntrack_encode_delete(&entry, whole, sizeof(whole));
	for (int room = 0; room <= length; room++) {
		alignas(struct nlmsghdr) unsigned char buffer[CONNTRACK_REQUEST_MAX];
		int wanted = room == length ? length : -ENOSPC;

		memset(buffer, 0xee, sizeof(buffer));
		assert_int_equal(conntrack_encode_delete(&entry, buffer, (size_t)room), wanted);
		for (size_t i = (size_t)room; i < sizeof(buffer); i++)
			assert_int_equal(buffer[i], 0xee);
	}
}

static void the_longest_request_fits(void **state)
{
	alignas(struct nlmsghdr) unsigned char buffer[CONNTRACK_REQUEST_MAX];
	struct conntrack_entry entry = {.has_zone = true, .tuple_length = CONNTRACK_TUPLE_MAX};

	(void)state;
	assert_true(conntrack_encode_delete(&entry, buffer, sizeof(buffer)) > 0);
}

/* Behind which attribute it is cut, or NULL: within one. */
static const struct nlattr *last_whole(const struct nlmsghdr *message, uint32_t length)
{
	const struct nlattr *table[CTA_MAX + 1];

	assert_true(nl_message_attributes(message, sizeof(struct nfgenmsg), table, CTA_MAX));
	for (size_t i = 0; i <= CTA_MAX; i++) {
		if (table[i] && (const char *)table[i] + MNL_ALIGN(table[i]->nla_len) ==
		                        (const char *)message + length)
			return table[i];
	}
	return NULL;
}

static void what_is_cut_short_is_malformed(void **state)
{
	alignas(struct nlmsghdr) unsigned char buffer[MADE_FLOW_MAX], whole[MADE_FLOW_MAX];
	struct nlmsghdr *message = made_flow_tell(&samples[0], buffer);
	const struct nlmsghdr *intact = made_flow_tell(&samples[0], whole);
	struct conntrack_entry entry;

	(void)state;
	for (uint32_t length = message->nlmsg_len; length-- > NLMSG_HDRLEN;) {
		const struct nlattr *last = last_whole(intact, length);
		int wanted = -EBADMSG;

		/* All three names have come with the number. */
		if (last || length == NLMSG_LENGTH(sizeof(struct nfgenmsg)))
			wanted = last && mnl_attr_get_type(last) == CTA_ID;
		message->nlmsg_len = length;
		assert_int_equal(conntrack_decode(message, &entry), wanted);
	}
}

/* A message as the kernel sends it, piece by piece. */
struct piece {
	uint16_t type;
	size_t length;
};

static void put_side(struct nlmsghdr *message, uint16_t type, const struct piece pieces[2])
{
	static const unsigned char zero[16] = {0};
	struct nlattr *tuple = mnl_attr_nest_start(message, type);
	struct nlattr *ip = mnl_attr_nest_start(message, CTA_TUPLE_IP);

	for (size_t i = 0; i < 2; i++) {
		if (pieces[i].type)
			mnl_attr_put(message, pieces[i].type, pieces[i].length, zero);
	}
	mnl_attr_nest_end(message, ip);
	mnl_attr_nest_end(message, tuple);
}

#define V4                               \
	{                                \
		{CTA_IP_V4_SRC, 4},      \
		{                        \
			CTA_IP_V4_DST, 4 \
		}                        \
	}
#define V6                                \
	{                                 \
		{CTA_IP_V6_SRC, 16},      \
		{                         \
			CTA_IP_V6_DST, 16 \
		}                         \
	}

static void lengths_and_kinds_are_checked(void **state)
{
	static const struct {
		uint8_t family;
		struct piece original[2], reply[2]; /* type 0: none */
		size_t id, zone;                    /* lengths; 0: none */
		int result;
	} cases[] = {
		{AF_INET, V4, V4, 4, 2, 1},
		{AF_INET, V4, V4, 4, 0, 1},
		{AF_INET6, V6, V6, 4, 2, 1},
		{AF_INET, V4, V4, 0, 2, 0},
		{AF_BRIDGE, V4, V4, 4, 2, 0},
		{AF_UNSPEC, V4, V4, 4, 2, 0},
		{AF_INET, V4, V4, 2, 2, -EBADMSG},
		{AF_INET, V4, V4, 4, 4, -EBADMSG},
		{AF_INET, V6, V6, 4, 0, -EBADMSG},
		{AF_INET6, V6, V4, 4, 0, -EBADMSG},
		{AF_INET, {{CTA_IP_V4_SRC, 4}}, V4, 4, 0, -EBADMSG},
		{AF_INET, V4, {{CTA_IP_V4_DST, 4}}, 4, 0, -EBADMSG},
		{AF_INET, V4, {{CTA_IP_V4_SRC, 3}, {CTA_IP_V4_DST, 4}}, 4, 0, -EBADMSG},
		{AF_INET6, {{CTA_IP_V6_SRC, 16}, {CTA_IP_V6_DST, 4}}, V6, 4, 0, -EBADMSG},
	};
	static const unsigned char zero[16] = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		alignas(struct nlmsghdr) unsigned char buffer[MADE_FLOW_MAX];
		struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
		struct nfgenmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
		struct conntrack_entry entry;

		*header = (struct nfgenmsg){.nfgen_family = cases[i].family};
		put_side(message, CTA_TUPLE_ORIG, cases[i].original);
		put_side(message, CTA_TUPLE_REPLY, cases[i].reply);
		if (cases[i].id)
			mnl_attr_put(message, CTA_ID, cases[i].id, zero);
		if (cases[i].zone)
			mnl_attr_put(message, CTA_ZONE, cases[i].zone, zero);
		if (conntrack_decode(message, &entry) != cases[i].result)
			fail_msg("case %zu", i);
	}
}

static void a_tuple_that_is_too_long_to_keep(void **state)
{
	static const unsigned char padding[CONNTRACK_TUPLE_MAX] = {0};
	alignas(struct nlmsghdr) unsigned char buffer[2 * MADE_FLOW_MAX];
	struct conntrack_entry entry;

	(void)state;
	for (size_t length = 0; length <= sizeof(padding); length += 4) {
		struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
		struct nfgenmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
		static const struct piece v4[2] = V4;
		struct nlattr *tuple;
		bool fits;

		*header = (struct nfgenmsg){.nfgen_family = AF_INET};
		put_side(message, CTA_TUPLE_REPLY, v4);
		mnl_attr_put_u32(message, CTA_ID, 0);
		tuple = mnl_nlmsg_get_payload_tail(message);
		put_side(message, CTA_TUPLE_ORIG, v4);
		mnl_attr_put(message, CTA_TUPLE_MAX + 1, length, padding);
		tuple->nla_len = (uint16_t)((unsigned char *)mnl_nlmsg_get_payload_tail(message) -
		                            (unsigned char *)tuple);
		fits = mnl_attr_get_payload_len(tuple) <= CONNTRACK_TUPLE_MAX;
		assert_int_equal(conntrack_decode(message, &entry), fits ? 1 : -EBADMSG);
	}
}

static void the_kernel_is_asked_for_what_lacks_snat(void **state)
{
	alignas(struct nlmsghdr) unsigned char buffer[CONNTRACK_REQUEST_MAX] = {0};
	const struct nlmsghdr *message = (const struct nlmsghdr *)buffer;
	const struct nfgenmsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *table[CTA_MAX + 1];
	uint32_t status, mask;

	(void)state;
	conntrack_encode_dump(AF_INET6, buffer);
	assert_int_equal(message->nlmsg_type, NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET);
	assert_int_equal(header->nfgen_family, AF_INET6);
	assert_true(nl_message_attributes(message, sizeof(*header), table, CTA_MAX));
	assert_true(table[CTA_STATUS] && nl_attribute_u32(table[CTA_STATUS], &status));
	assert_true(table[CTA_STATUS_MASK] && nl_attribute_u32(table[CTA_STATUS_MASK], &mask));
	assert_int_equal(status, 0);
	assert_int_equal(ntohl(mask), 1 << 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_those_of_both_directions),
		cmocka_unit_test(a_delete_names_what_was_told),
		cmocka_unit_test(no_room_is_a_result),
		cmocka_unit_test(the_longest_request_fits),
		cmocka_unit_test(what_is_cut_short_is_malformed),
		cmocka_unit_test(lengths_and_kinds_are_checked),
		cmocka_unit_test(a_tuple_that_is_too_long_to_keep),
		cmocka_unit_test(the_kernel_is_asked_for_what_lacks_snat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
