/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor's filter, run by the kernel itself: a pair of local datagram sockets takes the place
 * of the netlink socket, as a filter sees nothing but bytes.
 */
#include <errno.h>
#include <stdalign.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "netlink/monitor_filter.h"
#include "netlink/route_codec.h"

#define OWN_PORT 0x12345678U

/* A message, or several one after another. */
struct sample {
	alignas(struct nlmsghdr) unsigned char bytes[1024];
	size_t used;
};

static struct nlmsghdr *add_route(struct sample *sample, const char *dst)
{
	struct nlmsghdr *message = (struct nlmsghdr *)(sample->bytes + sample->used);
	struct route route = {.dst = make_prefix(dst),
	                      .oif = 2,
	                      .table = RT_TABLE_MAIN,
	                      .protocol = RTPROT_STATIC,
	                      .type = RTN_UNICAST};
	int length = route_encode(ROUTE_ADD, &route, message, sizeof(sample->bytes) - sample->used);

	assert_true(length > 0);
	message->nlmsg_pid = 4711;
	sample->used += (size_t)length;
	return message;
}

static struct sample route_sample(const char *dst)
{
	struct sample sample = {0};

	add_route(&sample, dst);
	return sample;
}

static struct rtmsg *header_of(struct sample *sample)
{
	return mnl_nlmsg_get_payload((struct nlmsghdr *)sample->bytes);
}

/* Does the filter for these networks let it through? NULL: none of that family. */
static bool passes(const struct sample *sample, const char *ipv4, const char *ipv6)
{
	const struct prefix networks[IP_FAMILIES] = {make_prefix(ipv4), make_prefix(ipv6)};
	unsigned char received[sizeof(sample->bytes)];
	struct monitor_filter filter;
	struct sock_fprog program = {.filter = filter.code};
	ssize_t length;
	int pair[2];

	monitor_filter_make(OWN_PORT, networks, &filter);
	assert_in_range(filter.length, 1, MONITOR_FILTER_MAX);
	program.len = filter.length;
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair), 0);
	assert_int_equal(
		setsockopt(pair[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)), 0);
	assert_int_equal(send(pair[0], sample->bytes, sample->used, 0), sample->used);
	length = recv(pair[1], received, sizeof(received), 0);
	if (length < 0)
		assert_int_equal(errno, EAGAIN);
	else /* whole */
		assert_int_equal(length, sample->used);
	close(pair[0]);
	close(pair[1]);
	return length >= 0;
}

static void routes_are_judged_by_destination(void **state)
{
	static const struct {
		const char *ipv4, *ipv6, *dst;
		bool pass;
	} cases[] = {
		{"10.1.0.0/16", NULL, "10.1.4.0/24", true},
		{"10.1.0.0/16", NULL, "10.1.0.0/16", true},
		{"10.1.0.0/16", NULL, "10.1.255.255/32", true},
		{"10.1.0.0/16", NULL, "10.0.255.255/32", false},
		{"10.1.0.0/16", NULL, "10.2.0.0/24", false},
		{"10.1.0.0/16", NULL, "11.1.4.0/24", false},
		/* It covers the network, or shares its address. */
		{"10.1.0.0/16", NULL, "10.0.0.0/8", false},
		{"10.0.0.0/16", NULL, "10.0.0.0/15", false},
		{"10.1.0.0/16", NULL, "0.0.0.0/0", true},
		{"10.1.0.0/16", NULL, "0.0.0.0/1", false},
		/* Lengths that end within a byte. */
		{"10.64.0.0/10", NULL, "10.127.255.0/24", true},
		{"10.64.0.0/10", NULL, "10.128.0.0/24", false},
		{"128.0.0.0/1", NULL, "255.0.0.0/8", true},
		{"128.0.0.0/1", NULL, "127.0.0.0/8", false},
		{"10.1.2.3/32", NULL, "10.1.2.3/32", true},
		{"10.1.2.3/32", NULL, "10.1.2.2/32", false},
		{"0.0.0.0/0", NULL, "203.0.113.0/24", true},
		/* The other family. */
		{"10.1.0.0/16", NULL, "fd00:1::/64", false},
		{"10.1.0.0/16", NULL, "::/0", true},
		{NULL, "fd00::/48", "10.1.0.0/24", false},
		{NULL, "fd00::/48", "0.0.0.0/0", true},
		{"10.1.0.0/16", "fd00::/48", "10.1.4.0/24", true},
		{"10.1.0.0/16", "fd00::/48", "10.2.4.0/24", false},
		{"10.1.0.0/16", "fd00::/48", "fd00::/64", true},
		{NULL, "fd00::/48", "fd00:0:0:ffff::/64", true},
		{NULL, "fd00::/48", "fd00:0:1::/64", false},
		{NULL, "fd00::/48", "fd00::/32", false},
		{NULL, "fd00::/48", "fe00::/64", false},
		{NULL, "fd00:0:0:40::/58", "fd00:0:0:7f::/64", true},
		{NULL, "fd00:0:0:40::/58", "fd00:0:0:80::/64", false},
		{NULL, "fd00::a:0:0/96", "fd00::a:1:0/112", true},
		{NULL, "fd00::a:0:0/96", "fd00::b:1:0/112", false},
		{NULL, "fd00::a:b:c/128", "fd00::a:b:c/128", true},
		{NULL, "fd00::a:b:c/128", "fd00::a:b:d/128", false},
		{NULL, "::/0", "2001:db8::/32", true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct sample sample = route_sample(cases[i].dst);
		struct nlmsghdr *message = (struct nlmsghdr *)sample.bytes;

		if (passes(&sample, cases[i].ipv4, cases[i].ipv6) != cases[i].pass)
			fail_msg("case %zu: %s", i, cases[i].dst);
		message->nlmsg_type = RTM_DELROUTE;
		if (passes(&sample, cases[i].ipv4, cases[i].ipv6) != cases[i].pass)
			fail_msg("case %zu: %s, deleted", i, cases[i].dst);
	}
}

static void own_echoes_are_dropped(void **state)
{
	static const struct {
		uint32_t sender;
		bool pass;
	} cases[] = {
		{OWN_PORT, false},
		{0, true},
		{OWN_PORT + 1, true},
		{0x78563412U, true},
	};
	static const uint16_t types[] = {RTM_NEWROUTE,   RTM_DELROUTE, RTM_NEWNEXTHOP,
	                                 RTM_DELNEXTHOP, RTM_NEWLINK,  RTM_NEWADDR};

	(void)state;
	for (size_t i = 0; i < COUNT(cases) * COUNT(types); i++) {
		struct sample sample = route_sample("10.1.4.0/24");
		struct nlmsghdr *message = (struct nlmsghdr *)sample.bytes;

		message->nlmsg_pid = cases[i % COUNT(cases)].sender;
		message->nlmsg_type = types[i / COUNT(cases)];
		if (passes(&sample, "10.1.0.0/16", NULL) != cases[i % COUNT(cases)].pass)
			fail_msg("type %u from %#x", message->nlmsg_type, message->nlmsg_pid);
	}
}

static void table_local_is_dropped(void **state)
{
	static const struct {
		uint8_t table;
		bool pass;
	} cases[] = {
		{RT_TABLE_LOCAL, false},
		{RT_TABLE_MAIN, true},
		{RT_TABLE_COMPAT, true},
		{0, true},
	};
	static const char *const destinations[] = {"10.1.4.0/24", "0.0.0.0/0"};

	(void)state;
	for (size_t i = 0; i < COUNT(cases) * 2; i++) {
		struct sample sample = route_sample(destinations[i / COUNT(cases)]);

		header_of(&sample)->rtm_table = cases[i % COUNT(cases)].table;
		if (passes(&sample, "10.1.0.0/16", NULL) != cases[i % COUNT(cases)].pass)
			fail_msg("table %u", cases[i % COUNT(cases)].table);
	}
}

/* Everything else passes, though it has the bytes of a route that would not. */
static void other_messages_pass(void **state)
{
	static const uint16_t types[] = {RTM_NEWLINK, RTM_DELLINK, RTM_NEWADDR, RTM_DELADDR,
	                                 RTM_NEWNEXTHOP, RTM_DELNEXTHOP, NLMSG_ERROR,
	                                 /* what RTM_NEWROUTE is the other way round */
	                                 RTM_NEWROUTE << 8};

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++) {
		struct sample sample = route_sample("10.2.0.0/24");

		((struct nlmsghdr *)sample.bytes)->nlmsg_type = types[i];
		if (!passes(&sample, "10.1.0.0/16", "fd00::/48"))
			fail_msg("type %u", types[i]);
	}
}

static void what_it_cannot_judge_passes(void **state)
{
	struct sample sample = route_sample("10.2.0.0/24");
	struct nlattr *attribute = mnl_nlmsg_get_payload_offset((struct nlmsghdr *)sample.bytes,
	                                                        sizeof(struct rtmsg));

	(void)state;
	assert_false(passes(&sample, "10.1.0.0/16", NULL));
	header_of(&sample)->rtm_family = AF_MPLS;
	assert_true(passes(&sample, "10.1.0.0/16", NULL));
	header_of(&sample)->rtm_family = AF_INET6; /* and an address of four bytes */
	assert_true(passes(&sample, NULL, "fd00::/16"));
	header_of(&sample)->rtm_family = AF_INET;
	attribute->nla_type = RTA_SRC; /* so there is no RTA_DST */
	assert_true(passes(&sample, "10.1.0.0/16", NULL));
	attribute->nla_type = RTA_DST;
	attribute->nla_len = 6;
	assert_true(passes(&sample, "10.1.0.0/16", NULL));
	attribute->nla_len = 3;
	assert_true(passes(&sample, "10.1.0.0/16", NULL));
}

/* Cut short, it is malformed, which the monitor takes for a loss. */
static void what_is_cut_short_passes(void **state)
{
	struct sample sample = route_sample("10.2.0.0/24");
	size_t whole = sample.used;

	(void)state;
	for (sample.used = 1; sample.used < whole; sample.used++) {
		if (!passes(&sample, "10.1.0.0/16", NULL))
			fail_msg("%zu of %zu bytes", sample.used, whole);
	}
}

/* The kernel sends one a datagram; should it ever send more, none is lost for the first one's sake.
 */
static void several_messages_pass(void **state)
{
	struct sample sample = route_sample("10.2.0.0/24");

	(void)state;
	add_route(&sample, "10.1.4.0/24");
	assert_true(passes(&sample, "10.1.0.0/16", NULL));
	((struct nlmsghdr *)sample.bytes)->nlmsg_pid = OWN_PORT;
	assert_true(passes(&sample, "10.1.0.0/16", NULL));
}

/* Lengths are compared as the numbers they are, not as bytes in some order. */
static void long_messages_are_judged(void **state)
{
	static const unsigned char filler[700] = {0};
	static const size_t lengths[] = {1, 150, 255, 256, 257, 500, 700};

	(void)state;
	for (size_t i = 0; i < COUNT(lengths); i++) {
		struct sample sample = route_sample("10.2.0.0/24");
		struct nlmsghdr *message = (struct nlmsghdr *)sample.bytes;

		mnl_attr_put(message, RTA_METRICS, lengths[i], filler);
		sample.used = message->nlmsg_len;
		assert_false(passes(&sample, "10.1.0.0/16", NULL));
		sample.used +=
			NLMSG_HDRLEN; /* one more message, of which just the header is there */
		assert_true(passes(&sample, "10.1.0.0/16", NULL));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(routes_are_judged_by_destination),
		cmocka_unit_test(own_echoes_are_dropped),
		cmocka_unit_test(table_local_is_dropped),
		cmocka_unit_test(other_messages_pass),
		cmocka_unit_test(what_it_cannot_judge_passes),
		cmocka_unit_test(what_is_cut_short_passes),
		cmocka_unit_test(several_messages_pass),
		cmocka_unit_test(long_messages_are_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
