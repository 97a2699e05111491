/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connection tracking entries as ctnetlink messages.
 */
#ifndef TESTS_UNIT_MADE_FLOW_H
#define TESTS_UNIT_MADE_FLOW_H

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>

#define MADE_FLOW_MAX 512

struct made_flow {
	const char *source, *target; /* of its first packet */
	const char *destination;     /* after DNAT; NULL: the target */
	const char *answered_to;     /* after SNAT; NULL: the source */
	uint8_t protocol;            /* 0: UDP */
	uint16_t port;               /* of the source; the number of a ping */
	uint16_t zone;               /* 0: none */
	uint16_t source_zone;        /* of the original direction alone; 0: none */
	uint32_t id;                 /* told, never asked for */
};

/* `buffer` is aligned for struct nlmsghdr. As the kernel tells of it: */
struct nlmsghdr *made_flow_tell(const struct made_flow *flow,
                                unsigned char buffer[static MADE_FLOW_MAX]);
/* As one asks the kernel to enter it, with NAT by the kernel's own hand: */
struct nlmsghdr *made_flow_ask(const struct made_flow *flow,
                               unsigned char buffer[static MADE_FLOW_MAX]);

#endif
