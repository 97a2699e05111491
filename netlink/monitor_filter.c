/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "monitor_filter.h"

#include <arpa/inet.h>
#include <endian.h>
#include <linux/rtnetlink.h>
#include <stddef.h>

#define DROP 0U
#define PASS UINT32_MAX /* as many bytes of it */

/* Offsets in a route's message. */
#define ROUTE_FIELD(field) ((uint32_t)(NLMSG_HDRLEN + offsetof(struct rtmsg, field)))
#define ROUTE_ATTRIBUTES   ((uint32_t)NLMSG_SPACE(sizeof(struct rtmsg)))

/*
 * Loads of a half or a whole word take the bytes as network order, while netlink has them in the
 * host's: constants to compare with are turned by htons(3) or htonl(3). An address in an attribute
 * is in network order already. A load beyond the end would end the program with DROP, so what is
 * loaded is known to be there.
 */
static void add(struct monitor_filter *filter, uint16_t code, uint32_t k)
{
	filter->code[filter->length++] = (struct sock_filter)BPF_STMT(code, k);
}

static void return_if(struct monitor_filter *filter, uint16_t test, uint32_t k, uint32_t verdict)
{
	filter->code[filter->length++] = (struct sock_filter)BPF_JUMP((uint16_t)(BPF_JMP | test), k,
	                                                              0, 1);
	add(filter, BPF_RET | BPF_K, verdict);
}

static void return_unless(struct monitor_filter *filter, uint16_t test, uint32_t k,
                          uint32_t verdict)
{
	filter->code[filter->length++] = (struct sock_filter)BPF_JUMP((uint16_t)(BPF_JMP | test), k,
	                                                              1, 0);
	add(filter, BPF_RET | BPF_K, verdict);
}

/* Passes what is not one whole message with room for a route's header. */
static void judge_length(struct monitor_filter *filter)
{
	bool little = __BYTE_ORDER == __LITTLE_ENDIAN;

	add(filter, BPF_LD | BPF_W | BPF_LEN, 0);
	return_unless(filter, BPF_JGE | BPF_K, ROUTE_ATTRIBUTES, PASS);
	/* The length as a number, for what no constant is to be compared with: its lower half from
	 * two bytes; none of these messages needs the upper one. */
	add(filter, BPF_LD | BPF_H | BPF_ABS, little ? 2 : 0);
	return_unless(filter, BPF_JEQ | BPF_K, 0, PASS);
	add(filter, BPF_LD | BPF_B | BPF_ABS, little ? 1 : 2);
	add(filter, BPF_ALU | BPF_LSH | BPF_K, 8);
	add(filter, BPF_MISC | BPF_TAX, 0);
	add(filter, BPF_LD | BPF_B | BPF_ABS, little ? 0 : 3);
	add(filter, BPF_ALU | BPF_ADD | BPF_X, 0);
	add(filter, BPF_MISC | BPF_TAX, 0);
	add(filter, BPF_LD | BPF_W | BPF_LEN, 0);
	return_unless(filter, BPF_JEQ | BPF_X, 0, PASS);
}

static void judge_sender(struct monitor_filter *filter, uint32_t own_port_id)
{
	add(filter, BPF_LD | BPF_W | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_pid));
	return_if(filter, BPF_JEQ | BPF_K, htonl(own_port_id), DROP);
}

static void judge_route_header(struct monitor_filter *filter)
{
	add(filter, BPF_LD | BPF_H | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_type));
	filter->code[filter->length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
	                                                              htons(RTM_NEWROUTE), 2, 0);
	return_unless(filter, BPF_JEQ | BPF_K, htons(RTM_DELROUTE), PASS);
	/* Tables beyond a byte are RT_TABLE_COMPAT here. */
	add(filter, BPF_LD | BPF_B | BPF_ABS, ROUTE_FIELD(rtm_table));
	return_if(filter, BPF_JEQ | BPF_K, RT_TABLE_LOCAL, DROP);
	add(filter, BPF_LD | BPF_B | BPF_ABS, ROUTE_FIELD(rtm_dst_len));
	return_if(filter, BPF_JEQ | BPF_K, 0, PASS);
}

/* Leaves the offset of RTA_DST, which is whole, in X. */
static void find_destination(struct monitor_filter *filter, uint8_t family)
{
	add(filter, BPF_LD | BPF_IMM, ROUTE_ATTRIBUTES);
	add(filter, BPF_LDX | BPF_IMM, RTA_DST);
	add(filter, BPF_LD | BPF_W | BPF_ABS, (uint32_t)SKF_AD_OFF + SKF_AD_NLATTR);
	return_if(filter, BPF_JEQ | BPF_K, 0, PASS);
	add(filter, BPF_MISC | BPF_TAX, 0);
	add(filter, BPF_LD | BPF_H | BPF_IND, offsetof(struct rtattr, rta_len));
	return_unless(filter, BPF_JEQ | BPF_K, htons((uint16_t)RTA_LENGTH(ip_bits(family) / 8)),
	              PASS);
}

/* Compares the network's bits of the address in the attribute at X, a word at a time. */
static void judge_destination(struct monitor_filter *filter, const struct prefix *network)
{
	for (uint32_t bit = 0; bit < network->length; bit += 32) {
		const uint8_t *bytes = &network->addr.bytes[bit / 8];
		uint32_t word = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
		                (uint32_t)bytes[2] << 8 | bytes[3];
		uint32_t wanted = network->length - bit; /* bits of this word */

		add(filter, BPF_LD | BPF_W | BPF_IND, (uint32_t)RTA_LENGTH(0) + bit / 8);
		if (wanted < 32)
			add(filter, BPF_ALU | BPF_AND | BPF_K, UINT32_MAX << (32 - wanted));
		return_unless(filter, BPF_JEQ | BPF_K, word, DROP);
	}
	add(filter, BPF_RET | BPF_K, PASS);
}

static void judge_family(struct monitor_filter *filter, uint8_t family,
                         const struct prefix *network)
{
	unsigned short skip;

	add(filter, BPF_LD | BPF_B | BPF_ABS, ROUTE_FIELD(rtm_family));
	skip = filter->length;
	add(filter, BPF_JMP | BPF_JEQ | BPF_K, family);
	if (network->addr.family == 0) {
		add(filter, BPF_RET | BPF_K, DROP);
	} else {
		/* A destination that covers the network leads to others too: not our concern. */
		add(filter, BPF_LD | BPF_B | BPF_ABS, ROUTE_FIELD(rtm_dst_len));
		return_unless(filter, BPF_JGE | BPF_K, network->length, DROP);
		find_destination(filter, family);
		judge_destination(filter, network);
	}
	filter->code[skip].jf = (uint8_t)(filter->length - skip - 1);
}

void monitor_filter_make(uint32_t own_port_id, const struct prefix networks[IP_FAMILIES],
                         struct monitor_filter *out)
{
	out->length = 0;
	judge_length(out);
	judge_sender(out, own_port_id);
	judge_route_header(out);
	for (enum ip_family_index i = 0; i < IP_FAMILIES; i++)
		judge_family(out, ip_family(i), &networks[i]);
	add(out, BPF_RET | BPF_K, PASS);
}
