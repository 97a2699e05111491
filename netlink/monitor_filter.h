/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The socket filter of the monitor (classic BPF, linux/filter.h): drops, before they are queued,
 * messages that no one here would look at. It only saves work: it lets pass whatever it cannot
 * judge, several messages in one datagram included, and the monitor judges again. Pure.
 * Internal to netlink/.
 */
#ifndef NETLINK_MONITOR_FILTER_H
#define NETLINK_MONITOR_FILTER_H

#include <linux/filter.h>
#include <stdint.h>

#include "hostgw/prefix.h"

/* More than the longest program takes. */
#define MONITOR_FILTER_MAX 96

struct monitor_filter {
	struct sock_filter code[MONITOR_FILTER_MAX];
	unsigned short length; /* instructions */
};

/*
 * Dropped are: the echoes of requests from `own_port_id` (not 0, which is the kernel's), and
 * routes of table local or to a destination that is neither the default nor inside the network
 * of its family (networks[] as in struct rtnl_monitor_config; host bits are clear).
 */
void monitor_filter_make(uint32_t own_port_id, const struct prefix networks[IP_FAMILIES],
                         struct monitor_filter *out);

#endif
