/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connection tracking entries as ctnetlink messages: what the kernel tells of one, which is also
 * what makes it enter one.
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
	uint32_t id;                 /* 0: none */
};

/* Writes it; `buffer` is aligned for struct nlmsghdr. */
struct nlmsghdr *made_flow_write(const struct made_flow *flow,
                                 unsigned char buffer[static MADE_FLOW_MAX]);

#endif
