/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A datagram of the kernel's, walked as the sockets here walk it, each message through every
 * decoder: nothing is read beyond it, and a route that is read is written such that it reads the
 * same.
 */
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdalign.h>
#include <stdlib.h>

#include "fuzz.h"
#include "netlink/answer.h"
#include "netlink/attributes.h"
#include "netlink/filter_decode.h"
#include "netlink/forward_encode.h"
#include "netlink/link_codec.h"
#include "netlink/route_codec.h"

#define SEED_MESSAGE_MAX 1024 /* a rule is the longest */

static void check_route(const struct nlmsghdr *message)
{
	alignas(struct nlmsghdr) unsigned char buffer[ROUTE_REQUEST_MAX];
	struct route route = {0}, again = {0};

	if (route_decode(message, &route) != 1)
		return;
	route.foreign_attributes = false; /* which nobody writes */
	assert_true(route_encode(ROUTE_ADD, &route, buffer, sizeof(buffer)) > 0);
	assert_int_equal(route_decode((struct nlmsghdr *)buffer, &again), 1);
	if (route.nexthop_id != 0) { /* it stands for both */
		route.via = (struct ip_addr){0};
		route.oif = 0;
	}
	assert_true(prefix_equal(&again.dst, &route.dst) && ip_equal(&again.via, &route.via));
	assert_int_equal(again.oif, route.oif);
	assert_int_equal(again.table, route.table);
	assert_int_equal(again.metric, route.metric);
	assert_int_equal(again.nexthop_id, route.nexthop_id);
}

static void check_links(const struct nlmsghdr *message)
{
	struct link link;
	struct link_address address;

	if (link_decode(message, &link) == 1)
		assert_non_null(memchr(link.name, '\0', sizeof(link.name)));
	if (link_address_decode(message, &address) == 1) {
		assert_int_not_equal(address.prefix.addr.family, 0);
		assert_true(address.prefix.length <= ip_bits(address.prefix.addr.family));
	}
}

static void check_answer(const struct nlmsghdr *message)
{
	struct nl_answer answer = nl_answer_read(message);
	struct error err = {0};

	assert_true(answer.result <= 0);
	assert_non_null(memchr(answer.detail, '\0', sizeof(answer.detail)));
	if (answer.result < 0)
		fuzz_check_result(nl_answer_error(&answer, &err), &err);
}

static void check_filter(const struct nlmsghdr *message)
{
	struct filter_chain_info chain;
	struct filter_place place;
	struct filter_rule rule;
	bool dormant;

	if (filter_rule_decode(message, &place, &rule) == 1) {
		assert_true(!rule.target || strlen(rule.target) < message->nlmsg_len);
		assert_non_null(memchr(rule.comment, '\0', sizeof(rule.comment)));
		assert_true(rule.source.length <= ip_bits(rule.source.addr.family));
		assert_true(rule.destination.length <= ip_bits(rule.destination.addr.family));
	}
	if (filter_chain_decode(message, &chain) == 1)
		assert_non_null(memchr(chain.place.chain, '\0', sizeof(chain.place.chain)));
	(void)filter_table_decode(message, &dormant);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nlmsghdr *datagram = malloc(size > 0 ? size : 1);
	const struct nlmsghdr *message = datagram;
	int left = (int)size;

	assert_non_null(datagram);
	if (size > 0)
		memcpy(datagram, data, size);
	while (nl_message_fits(message, left)) {
		check_route(message);
		(void)route_decode_oif(message);
		check_links(message);
		check_answer(message);
		check_filter(message);
		message = mnl_nlmsg_next(message, &left);
	}
	free(datagram);
	return 0;
}

/* ---- seeds: what a kernel sends ---- */

static struct nlmsghdr *begin(void *buffer, uint16_t type, size_t header)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

	message->nlmsg_type = type;
	memset(mnl_nlmsg_put_extra_header(message, header), 0, header);
	return message;
}

static void put_ip(struct nlmsghdr *message, uint16_t type, const char *text)
{
	struct ip_addr addr = make_ip(text);

	mnl_attr_put(message, type, ip_bits(addr.family) / 8U, addr.bytes);
}

static void make_route(struct nlmsghdr *message, const char *dst, const char *via)
{
	struct route route = {.dst = make_prefix(dst),
	                      .via = make_ip(via),
	                      .oif = via ? 2 : 0,
	                      .table = RT_TABLE_MAIN,
	                      .metric = 1024,
	                      .protocol = ROUTE_PROTOCOL_HOSTGW,
	                      .type = via ? RTN_UNICAST : RTN_BLACKHOLE};

	assert_true(route_encode(ROUTE_ADD, &route, message, ROUTE_REQUEST_MAX) > 0);
}

static void make_multipath(struct nlmsghdr *message)
{
	struct rta_cacheinfo expiry = {.rta_expires = 5};

	make_route(message, "2001:db8::/64", "fe80::1");
	mnl_attr_put_u32(message, RTA_MULTIPATH, 0x00010010);
	mnl_attr_put(message, RTA_CACHEINFO, sizeof(expiry), &expiry);
	mnl_attr_put_u32(message, RTA_NH_ID, 7);
}

static void make_link(struct nlmsghdr *buffer, const char *name)
{
	struct nlmsghdr *message = begin(buffer, RTM_NEWLINK, sizeof(struct ifinfomsg));
	struct nlattr *info;

	mnl_attr_put_strz(message, IFLA_IFNAME, name);
	mnl_attr_put_u32(message, IFLA_MTU, 1500);
	mnl_attr_put_u32(message, IFLA_MASTER, 9);
	info = mnl_attr_nest_start(message, IFLA_LINKINFO);
	mnl_attr_put_strz(message, IFLA_INFO_KIND, "veth");
	mnl_attr_put_strz(message, IFLA_INFO_SLAVE_KIND, "vrf");
	mnl_attr_nest_end(message, info);
}

static void make_address(struct nlmsghdr *buffer)
{
	struct nlmsghdr *message = begin(buffer, RTM_NEWADDR, sizeof(struct ifaddrmsg));
	struct ifaddrmsg *header = mnl_nlmsg_get_payload(message);

	header->ifa_family = AF_INET;
	header->ifa_prefixlen = 24;
	put_ip(message, IFA_ADDRESS, "192.168.2.44");
	put_ip(message, IFA_LOCAL, "192.168.2.45");
	mnl_attr_put_u32(message, IFA_FLAGS, IFA_F_SECONDARY);
}

/* A refusal, with the request in it and the kernel's words behind that. */
static void make_refusal(struct nlmsghdr *buffer)
{
	struct nlmsghdr *message = begin(buffer, NLMSG_ERROR,
	                                 sizeof(struct nlmsgerr) + sizeof(struct rtmsg));
	struct nlmsgerr *payload = mnl_nlmsg_get_payload(message);

	payload->error = -22;
	payload->msg.nlmsg_len = NLMSG_LENGTH(sizeof(struct rtmsg));
	message->nlmsg_flags = NLM_F_ACK_TLVS;
	mnl_attr_put_strz(message, NLMSGERR_ATTR_MSG, "Nexthop has invalid gateway");
	mnl_attr_put_u32(message, NLMSGERR_ATTR_OFFS, 36);
}

static void make_done(struct nlmsghdr *buffer)
{
	struct nlmsghdr *message = begin(buffer, NLMSG_DONE, sizeof(int));

	message->nlmsg_flags = NLM_F_MULTI | NLM_F_ACK_TLVS;
	mnl_attr_put_strz(message, NLMSGERR_ATTR_MSG, "Dump was filtered");
}

static void make_rule(struct nlmsghdr *buffer)
{
	const struct forward_plan plan = {.additions[FORWARD_FROM_PODS] = true};
	const struct prefix network = make_prefix("10.244.0.0/16");
	struct nft_batch batch = {0};
	const struct nlmsghdr *message;

	forward_encode(&batch, AF_INET, &network, &plan);
	message = mnl_nlmsg_get_payload_tail((const struct nlmsghdr *)batch.bytes);
	memcpy(buffer, message, message->nlmsg_len);
	mnl_attr_put_u64(buffer, NFTA_RULE_HANDLE, 7);
	nft_batch_release(&batch);
}

static void make_chain(struct nlmsghdr *buffer)
{
	struct nlmsghdr *message = begin(buffer, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWCHAIN,
	                                 sizeof(struct nfgenmsg));
	struct nlattr *hook;

	mnl_attr_put_strz(message, NFTA_CHAIN_TABLE, "filter");
	mnl_attr_put_strz(message, NFTA_CHAIN_NAME, "FORWARD");
	mnl_attr_put_u32(message, NFTA_CHAIN_POLICY, 0);
	mnl_attr_put_u32(message, NFTA_CHAIN_USE, 7);
	hook = mnl_attr_nest_start(message, NFTA_CHAIN_HOOK);
	mnl_attr_put_u32(message, NFTA_HOOK_HOOKNUM, 2);
	mnl_attr_nest_end(message, hook);
}

static void add_message(struct text *seed, size_t kind)
{
	alignas(struct nlmsghdr) unsigned char buffer[SEED_MESSAGE_MAX] = {0};
	struct nlmsghdr *message = (struct nlmsghdr *)buffer;

	switch (kind) {
	case 0:
		make_route(message, "10.1.4.0/24", "192.168.2.45");
		break;
	case 1:
		make_route(message, "fd00::/64", NULL);
		break;
	case 2:
		make_multipath(message);
		break;
	case 3:
		make_link(message, "eth0");
		break;
	case 4:
		make_link(message, "sixteen.letters.");
		break;
	case 5:
		make_address(message);
		break;
	case 6:
		make_refusal(message);
		break;
	case 7:
		make_rule(message);
		break;
	case 8:
		make_chain(message);
		break;
	default:
		make_done(message);
		break;
	}
	add_bytes(seed, (const char *)buffer, NLMSG_ALIGN(message->nlmsg_len));
}

/* Each kind of message alone, and all of them in one datagram. */
bool fuzz_make_seed(size_t number, struct text *seed)
{
	const size_t kinds = 10;

	for (size_t i = 0; i < kinds; i++)
		if (i == number || number == kinds)
			add_message(seed, i);
	return number <= kinds;
}
