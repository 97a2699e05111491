/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "monitor_filter.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <string.h>

/* Where things are in a buffer: struct nlmsghdr, struct rtmsg, then attributes. */
#define AT_TYPE    offsetof(struct nlmsghdr, nlmsg_type)
#define AT_PORT    offsetof(struct nlmsghdr, nlmsg_pid)
#define AT_FAMILY  (NLMSG_HDRLEN + offsetof(struct rtmsg, rtm_family))
#define AT_LENGTH  (NLMSG_HDRLEN + offsetof(struct rtmsg, rtm_dst_len))
#define AT_TABLE   (NLMSG_HDRLEN + offsetof(struct rtmsg, rtm_table))
#define ATTRIBUTES (NLMSG_HDRLEN + sizeof(struct rtmsg)) /* 12 bytes, which is aligned */

#define PASS UINT32_MAX /* bytes of it */
#define DROP 0

/* Instructions are appended; jumps within a test lead to what follows it. */
struct assembly {
	struct sock_filter *program;
	unsigned short count;
};

static void put(struct assembly *to, uint16_t code, uint32_t operand, uint8_t if_true,
                uint8_t if_false)
{
	to->program[to->count++] = (struct sock_filter){
		.code = code, .jt = if_true, .jf = if_false, .k = operand};
}

static void load(struct assembly *to, uint16_t size, size_t offset)
{
	put(to, BPF_LD | BPF_ABS | size, (uint32_t)offset, 0, 0);
}

static void decide(struct assembly *to, uint32_t verdict)
{
	put(to, BPF_RET | BPF_K, verdict, 0, 0);
}

/* The verdict if the accumulator is, or is not, the value; else what follows. */
static void decide_if(struct assembly *to, uint32_t value, uint32_t verdict)
{
	put(to, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
	decide(to, verdict);
}

static void decide_unless(struct assembly *to, uint32_t value, uint32_t verdict)
{
	put(to, BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0);
	decide(to, verdict);
}

/* Loads read network order; the headers are in the host's. */
static void drop_own(struct assembly *to, uint32_t own)
{
	load(to, BPF_W, AT_PORT);
	decide_if(to, htonl(own), DROP);
}

static void pass_unless_route(struct assembly *to)
{
	load(to, BPF_H, AT_TYPE);
	put(to, BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWROUTE), 2, 0);
	put(to, BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELROUTE), 1, 0);
	decide(to, PASS);
}

/* One 32-bit word of the destination, whose place is in the index register. */
static void drop_unless_word(struct assembly *to, uint32_t word, uint32_t bits, size_t offset)
{
	uint32_t mask = bits >= 32 ? UINT32_MAX : ~(UINT32_MAX >> bits);

	put(to, BPF_LD | BPF_IND | BPF_W, (uint32_t)offset, 0, 0);
	put(to, BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
	decide_unless(to, word & mask, DROP);
}

/* The accumulator holds the length of the destination; a shorter one leads to more than us. */
static void judge_destination(struct assembly *to, const struct prefix *network)
{
	put(to, BPF_JMP | BPF_JGE | BPF_K, network->length, 1, 0);
	decide(to, DROP);
	/* The kernel finds an attribute: from the offset in A, of the type in X; 0: there is none.
	 */
	put(to, BPF_LDX | BPF_W | BPF_IMM, RTA_DST, 0, 0);
	put(to, BPF_LD | BPF_W | BPF_IMM, ATTRIBUTES, 0, 0);
	put(to, BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_NLATTR), 0, 0);
	decide_if(to, 0, PASS);
	put(to, BPF_MISC | BPF_TAX, 0, 0, 0);
	for (unsigned bit = 0; bit < network->length; bit += 32) {
		uint32_t word;

		memcpy(&word, network->addr.bytes + bit / 8, sizeof(word));
		drop_unless_word(to, ntohl(word), network->length - bit,
		                 sizeof(struct nlattr) + bit / 8);
	}
	decide(to, PASS);
}

unsigned short monitor_filter_make(uint32_t own, const struct prefix networks[IP_FAMILIES],
                                   struct sock_filter program[static MONITOR_FILTER_MAX])
{
	struct assembly to = {.program = program};

	drop_own(&to, own);
	pass_unless_route(&to);
	load(&to, BPF_B, AT_TABLE);
	decide_if(&to, RT_TABLE_LOCAL, DROP);
	load(&to, BPF_B, AT_LENGTH);
	decide_if(&to, 0, PASS);
	for (int i = 0; i < IP_FAMILIES; i++) {
		struct sock_filter *skip;
		unsigned short start;

		if (networks[i].addr.family == 0)
			continue;
		load(&to, BPF_B, AT_FAMILY);
		skip = &program[to.count];
		put(&to, BPF_JMP | BPF_JEQ | BPF_K, ip_family((enum ip_family_index)i), 0, 0);
		start = to.count;
		load(&to, BPF_B, AT_LENGTH);
		judge_destination(&to, &networks[i]);
		skip->jf = (uint8_t)(to.count - start);
	}
	decide(&to, DROP);
	return to.count;
}
