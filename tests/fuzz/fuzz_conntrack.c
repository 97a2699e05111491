/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A datagram of ctnetlink's, as a sweep reads it: nothing is read beyond it, and what is read of an
 * entry makes a request that deletes it and no other.
 */
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <stdalign.h>
#include <stdlib.h>

#include "fuzz.h"
#include "netlink/attributes.h"
#include "netlink/conntrack_codec.h"
#include "tests/unit/made_flow.h"

static void check_delete(const struct conntrack_entry *entry)
{
	alignas(struct nlmsghdr) unsigned char buffer[CONNTRACK_REQUEST_MAX];
	const struct nlmsghdr *message = (const struct nlmsghdr *)buffer;
	const struct nlattr *table[CTA_MAX + 1];

	assert_true(conntrack_encode_delete(entry, buffer, sizeof(buffer)) > 0);
	assert_true(nl_message_attributes(message, sizeof(struct nfgenmsg), table, CTA_MAX));
	assert_non_null(table[CTA_ID]);
	/* Without addresses the kernel takes it for "all of them". */
	assert_non_null(table[CTA_TUPLE_ORIG]);
	assert_true(mnl_attr_get_payload_len(table[CTA_TUPLE_ORIG]) > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nlmsghdr *datagram = malloc(size > 0 ? size : 1);
	const struct nlmsghdr *message = datagram;
	int left = (int)size;

	assert_non_null(datagram);
	if (size > 0)
		memcpy(datagram, data, size);
	for (; nl_message_fits(message, left); message = mnl_nlmsg_next(message, &left)) {
		struct conntrack_entry entry;

		if (conntrack_decode(message, &entry) != 1)
			continue;
		assert_int_equal(entry.source.family, entry.destination.family);
		assert_int_equal(entry.source.family, entry.answered_to.family);
		check_delete(&entry);
	}
	free(datagram);
	return 0;
}

/* Each kind of entry alone, and all of them in one datagram. */
bool fuzz_make_seed(size_t number, struct text *seed)
{
	static const struct made_flow flows[] = {
		{.source = "10.1.0.10", .target = "192.0.2.1", .id = 1},
		{.source = "fd00:1::10", .target = "2001:db8::1", .protocol = IPPROTO_TCP, .id = 2},
		{.source = "10.1.0.10",
	         .target = "10.96.0.10",
	         .destination = "192.0.2.1",
	         .answered_to = "192.168.2.44",
	         .zone = 7,
	         .id = 3},
		{.source = "10.1.0.10",
	         .target = "192.0.2.1",
	         .protocol = IPPROTO_ICMP,
	         .source_zone = 7,
	         .id = 4},
	};

	for (size_t i = 0; i < COUNT(flows); i++) {
		alignas(struct nlmsghdr) unsigned char buffer[MADE_FLOW_MAX] = {0};
		const struct nlmsghdr *message = made_flow_tell(&flows[i], buffer);

		if (i == number || number == COUNT(flows))
			add_bytes(seed, (const char *)buffer, NLMSG_ALIGN(message->nlmsg_len));
	}
	return number <= COUNT(flows);
}
