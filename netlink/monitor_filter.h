/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program for the kernel (bpf(4)'s classic instructions, socket(7) SO_ATTACH_FILTER) that keeps
 * from a monitor's socket what does not concern it: a host with a full BGP table changes routes by
 * the hundred thousand, and each would wake the daemon. Pure. Internal to netlink/.
 */
#ifndef NETLINK_MONITOR_FILTER_H
#define NETLINK_MONITOR_FILTER_H

#include <linux/filter.h>

#include "hostgw/prefix.h"

#define MONITOR_FILTER_MAX 64 /* instructions */

/*
 * Drops messages that port `own` caused, and RTM_NEWROUTE and RTM_DELROUTE of table local or
 * whose destination lies in none of `networks` (family 0: none of that family), default routes
 * excepted. What it cannot judge passes. Returns the number of instructions.
 *
 * It looks at the first message of a buffer. The kernel tells of routes one by one, each in a
 * buffer of its own.
 */
unsigned short monitor_filter_make(uint32_t own, const struct prefix networks[IP_FAMILIES],
                                   struct sock_filter program[static MONITOR_FILTER_MAX]);

#endif
