/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "route_text.h"

#include <stdio.h>

#include "route_protocol.h"

#define ROUTE_TEXT_MAX 128

const char *route_describe(const struct route *route, char *text, size_t size)
{
	char dst[PREFIX_TEXT_MAX], via[IP_TEXT_MAX];

	prefix_format(&route->dst, dst);
	if (route->type == RTN_BLACKHOLE)
		snprintf(text, size, "blackhole %s", dst);
	else
		snprintf(text, size, "%s via %s", dst, ip_format(&route->via, via));
	return text;
}

const char *route_describe_conflict(const struct route_conflict *conflict, char *text, size_t size)
{
	char desired[ROUTE_TEXT_MAX], observed[ROUTE_TEXT_MAX], name[ROUTE_PROTOCOL_TEXT_MAX];

	snprintf(text, size,
	         "Route %s is in the way of %s: it belongs to another program (protocol %s) and is "
	         "left alone; remove it and ours takes its place",
	         route_describe(&conflict->observed, observed, sizeof(observed)),
	         route_describe(&conflict->desired, desired, sizeof(desired)),
	         route_protocol_format(conflict->observed.protocol, name));
	return text;
}

const char *route_describe_stranger(const struct route *route, char *text, size_t size)
{
	char print[ROUTE_TEXT_MAX], name[ROUTE_PROTOCOL_TEXT_MAX];

	snprintf(text, size,
	         "Route %s leads into the Network, and no node claims it: it belongs to another "
	         "program (protocol %s) and is left alone; remove it if it is a leftover: ip route "
	         "del %s",
	         route_describe(route, print, sizeof(print)),
	         route_protocol_format(route->protocol, name), print);
	return text;
}
