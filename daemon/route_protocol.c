/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "route_protocol.h"

#include <linux/rtnetlink.h>
#include <stdio.h>

#include "hostgw/route.h"

/* The numbers are those of linux/rtnetlink.h; older copies of it lack some. */
static const char *const names[256] = {
	[RTPROT_REDIRECT] = "redirect",
	[RTPROT_KERNEL] = "kernel",
	[RTPROT_BOOT] = "boot",
	[RTPROT_STATIC] = "static",
	[RTPROT_GATED] = "gated",
	[RTPROT_RA] = "ra",
	[RTPROT_ZEBRA] = "zebra",
	[RTPROT_BIRD] = "bird",
	[RTPROT_XORP] = "xorp",
	[RTPROT_DHCP] = "dhcp",
	[18] = "keepalived",
	[42] = "babel",
	[ROUTE_PROTOCOL_HOSTGW] = "hostgw",
	[186] = "bgp",
	[187] = "isis",
	[188] = "ospf",
	[189] = "rip",
	[192] = "eigrp",
};

const char *route_protocol_format(uint8_t protocol, char text[static ROUTE_PROTOCOL_TEXT_MAX])
{
	if (names[protocol])
		snprintf(text, ROUTE_PROTOCOL_TEXT_MAX, "%s (%u)", names[protocol], protocol);
	else
		snprintf(text, ROUTE_PROTOCOL_TEXT_MAX, "%u", protocol);
	return text;
}
