/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "made_flow.h"

#include "check.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#define TARGET_PORT 53
#define LIFE        600 /* seconds */

static void put_ips(struct nlmsghdr *message, const char *source, const char *destination)
{
	struct ip_addr from = make_ip(source), to = make_ip(destination);
	size_t length = ip_bits(from.family) / 8U;
	struct nlattr *nest = mnl_attr_nest_start(message, CTA_TUPLE_IP);

	mnl_attr_put(message, from.family == AF_INET6 ? CTA_IP_V6_SRC : CTA_IP_V4_SRC, length,
	             from.bytes);
	mnl_attr_put(message, from.family == AF_INET6 ? CTA_IP_V6_DST : CTA_IP_V4_DST, length,
	             to.bytes);
	mnl_attr_nest_end(message, nest);
}

/* A ping and its answer have one number and two types. */
static void put_ping(struct nlmsghdr *message, const struct made_flow *flow, bool answer)
{
	bool six = flow->protocol == IPPROTO_ICMPV6;
	uint8_t asks = six ? 128 : 8, answers = six ? 129 : 0;

	mnl_attr_put_u16(message, six ? CTA_PROTO_ICMPV6_ID : CTA_PROTO_ICMP_ID, htons(flow->port));
	mnl_attr_put_u8(message, six ? CTA_PROTO_ICMPV6_TYPE : CTA_PROTO_ICMP_TYPE,
	                answer ? answers : asks);
	mnl_attr_put_u8(message, six ? CTA_PROTO_ICMPV6_CODE : CTA_PROTO_ICMP_CODE, 0);
}

static void put_protocol(struct nlmsghdr *message, const struct made_flow *flow, bool answer)
{
	struct nlattr *nest = mnl_attr_nest_start(message, CTA_TUPLE_PROTO);
	uint16_t from = answer ? TARGET_PORT : flow->port, to = answer ? flow->port : TARGET_PORT;

	mnl_attr_put_u8(message, CTA_PROTO_NUM, flow->protocol ? flow->protocol : IPPROTO_UDP);
	if (flow->protocol == IPPROTO_ICMP || flow->protocol == IPPROTO_ICMPV6) {
		put_ping(message, flow, answer);
	} else {
		mnl_attr_put_u16(message, CTA_PROTO_SRC_PORT, htons(from));
		mnl_attr_put_u16(message, CTA_PROTO_DST_PORT, htons(to));
	}
	mnl_attr_nest_end(message, nest);
}

static void put_tuples(struct nlmsghdr *message, const struct made_flow *flow,
                       const char *destination, const char *answered_to)
{
	struct nlattr *nest = mnl_attr_nest_start(message, CTA_TUPLE_ORIG);

	put_ips(message, flow->source, flow->target);
	put_protocol(message, flow, false);
	if (flow->source_zone)
		mnl_attr_put_u16(message, CTA_TUPLE_ZONE, htons(flow->source_zone));
	mnl_attr_nest_end(message, nest);
	nest = mnl_attr_nest_start(message, CTA_TUPLE_REPLY);
	put_ips(message, destination, answered_to);
	put_protocol(message, flow, true);
	mnl_attr_nest_end(message, nest);
}

/* NAT to one address; the kernel then sets the bit for it in the entry's status. */
static void put_nat(struct nlmsghdr *message, uint16_t type, const char *text)
{
	struct ip_addr addr = make_ip(text);
	bool six = addr.family == AF_INET6;
	size_t length = ip_bits(addr.family) / 8U;
	struct nlattr *nest = mnl_attr_nest_start(message, type);

	mnl_attr_put(message, six ? CTA_NAT_V6_MINIP : CTA_NAT_V4_MINIP, length, addr.bytes);
	mnl_attr_put(message, six ? CTA_NAT_V6_MAXIP : CTA_NAT_V4_MAXIP, length, addr.bytes);
	mnl_attr_nest_end(message, nest);
}

static struct nlmsghdr *begin(const struct made_flow *flow, unsigned char *buffer)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

	message->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW;
	*header = (struct nfgenmsg){.nfgen_family = make_ip(flow->source).family};
	return message;
}

static void end(struct nlmsghdr *message, const struct made_flow *flow)
{
	mnl_attr_put_u32(message, CTA_TIMEOUT, htonl(LIFE));
	if (flow->zone)
		mnl_attr_put_u16(message, CTA_ZONE, htons(flow->zone));
	assert_true(message->nlmsg_len <= MADE_FLOW_MAX);
}

struct nlmsghdr *made_flow_tell(const struct made_flow *flow,
                                unsigned char buffer[static MADE_FLOW_MAX])
{
	struct nlmsghdr *message = begin(flow, buffer);

	message->nlmsg_flags = NLM_F_MULTI | NLM_F_DUMP_FILTERED;
	put_tuples(message, flow, flow->destination ? flow->destination : flow->target,
	           flow->answered_to ? flow->answered_to : flow->source);
	mnl_attr_put_u32(message, CTA_ID, htonl(flow->id));
	end(message, flow);
	return message;
}

struct nlmsghdr *made_flow_ask(const struct made_flow *flow,
                               unsigned char buffer[static MADE_FLOW_MAX])
{
	struct nlmsghdr *message = begin(flow, buffer);

	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
	put_tuples(message, flow, flow->target, flow->source);
	if (flow->destination)
		put_nat(message, CTA_NAT_DST, flow->destination);
	if (flow->answered_to)
		put_nat(message, CTA_NAT_SRC, flow->answered_to);
	end(message, flow);
	return message;
}
