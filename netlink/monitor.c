/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hostgw/monitor.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "attributes.h"
#include "link_codec.h"
#include "monitor_filter.h"
#include "nexthop_codec.h"
#include "route_codec.h"
#include "watch.h"

/* What the shortest datagram takes of the receive space at least: the kernel counts its socket
 * buffer too. */
#define DATAGRAM_SPACE 256

struct rtnl_monitor {
	struct nl_watch watch; /* first */
	uint32_t own_port_id;
	struct prefix networks[IP_FAMILIES];
	struct rtnl_monitor_events events;
	bool overrun; /* seen in this turn, told at its end */
};

/* What the filter in the kernel asks too; here for what that lets pass unjudged. */
static bool route_concerns(const struct rtnl_monitor *monitor, const struct route *route)
{
	const struct prefix *network = &monitor->networks[ip_family_index(route->dst.addr.family)];

	return route->table != RT_TABLE_LOCAL &&
	       (route->dst.length == 0 || prefix_contains(network, &route->dst));
}

static enum route_event event_of(const struct nlmsghdr *message)
{
	if (message->nlmsg_type == RTM_DELROUTE)
		return ROUTE_WENT;
	return message->nlmsg_flags & NLM_F_REPLACE ? ROUTE_REPLACED : ROUTE_CAME;
}

static void take_route(struct rtnl_monitor *monitor, const struct nlmsghdr *message)
{
	struct route route;
	int result = route_decode(message, &route);

	if (result < 0)
		monitor->overrun = true; /* unreadable is as good as lost */
	if (result > 0 && route_concerns(monitor, &route))
		monitor->events.route_changed(monitor->events.ctx, &route, event_of(message));
}

static void take_nexthop(struct rtnl_monitor *monitor, const struct nlmsghdr *message)
{
	struct nexthop nexthop;

	if (nexthop_decode(message, &nexthop) < 0)
		monitor->overrun = true;
	else
		monitor->events.nexthop_changed(monitor->events.ctx, &nexthop,
		                                message->nlmsg_type == RTM_DELNEXTHOP);
}

/* Not a bridge's news of its ports, nor a wireless card's of its scans. */
static void take_link(struct rtnl_monitor *monitor, const struct nlmsghdr *message)
{
	const struct ifinfomsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *table[IFLA_MAX + 1];

	if (!nl_message_attributes(message, sizeof(*header), table, IFLA_MAX))
		monitor->overrun = true;
	else if (header->ifi_family != AF_BRIDGE && !table[IFLA_WIRELESS])
		monitor->events.link_changed(
			monitor->events.ctx, header->ifi_index,
			message->nlmsg_type == RTM_DELLINK || !(header->ifi_flags & IFF_UP), NULL);
}

static void take_address(struct rtnl_monitor *monitor, const struct nlmsghdr *message)
{
	struct link_address address;
	int result = link_address_decode(message, &address);

	if (result < 0)
		monitor->overrun = true;
	if (result > 0)
		monitor->events.link_changed(monitor->events.ctx, address.index,
		                             message->nlmsg_type == RTM_DELADDR, &address);
}

static void take_message(struct rtnl_monitor *monitor, const struct nlmsghdr *message)
{
	if (message->nlmsg_pid == monitor->own_port_id)
		return;
	switch (message->nlmsg_type) {
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		take_route(monitor, message);
		break;
	case RTM_NEWNEXTHOP:
	case RTM_DELNEXTHOP:
		take_nexthop(monitor, message);
		break;
	case RTM_NEWLINK:
	case RTM_DELLINK:
		take_link(monitor, message);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		take_address(monitor, message);
		break;
	default: /* nothing of these groups */
		break;
	}
}

static void take_datagram(struct rtnl_monitor *monitor, ssize_t length)
{
	const struct nlmsghdr *message = (const struct nlmsghdr *)monitor->watch.nl.buffer;
	int left = (int)length;

	while (!monitor->watch.stopped && nl_message_fits(message, left)) {
		take_message(monitor, message);
		message = mnl_nlmsg_next(message, &left);
	}
}

static void read_events(struct rtnl_monitor *monitor, uint32_t limit)
{
	for (uint32_t i = 0; i < limit; i++) {
		ssize_t length = nl_socket_receive(&monitor->watch.nl);

		if (length == -EAGAIN)
			return;
		if (length > 0)
			take_datagram(monitor, length);
		else
			monitor->overrun = true; /* ENOBUFS, or a datagram cut short */
	}
}

static void tell_overrun(struct rtnl_monitor *monitor)
{
	bool overrun = monitor->overrun;

	monitor->overrun = false;
	if (overrun && !monitor->watch.stopped)
		monitor->events.overrun(monitor->events.ctx);
}

static void on_readable(struct nl_watch *watch)
{
	struct rtnl_monitor *monitor = (struct rtnl_monitor *)watch;

	read_events(monitor, NL_WATCH_TURN);
	tell_overrun(monitor);
}

static int join_groups(struct nl_socket *nl, struct error *err)
{
	static const unsigned groups[] = {
		RTNLGRP_LINK,       RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
		RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,  RTNLGRP_NEXTHOP,
	};

	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++) {
		int result = nl_socket_join(nl, groups[i], err);

		/* Before Linux 5.3 there are no nexthop objects, nor news of them. */
		if (result < 0 && !(groups[i] == RTNLGRP_NEXTHOP && result == -EINVAL))
			return result;
	}
	return 0;
}

static int start(struct rtnl_monitor *monitor, uv_loop_t *loop, struct error *err)
{
	struct monitor_filter filter;
	struct nl_watch_config config = {
		.loop = loop,
		.protocol = NETLINK_ROUTE,
		.filter.filter = filter.code,
		.join = join_groups,
		.readable = on_readable,
		.what = "watching routes, links and addresses",
	};

	monitor_filter_make(monitor->own_port_id, monitor->networks, &filter);
	config.filter.len = filter.length;
	return nl_watch_start(&monitor->watch, &config, err);
}

int rtnl_monitor_start(const struct rtnl_monitor_config *config, struct rtnl_monitor **out,
                       struct error *err)
{
	struct rtnl_monitor *monitor = calloc(1, sizeof(*monitor));
	int result;

	if (!monitor)
		return error_set(err, ENOMEM, "no memory for the route monitor");
	monitor->own_port_id = config->own->requests.port_id;
	memcpy(monitor->networks, config->networks, sizeof(monitor->networks));
	monitor->events = config->events;
	result = start(monitor, config->loop, err);
	if (result == 0)
		*out = monitor;
	return result;
}

void rtnl_monitor_drain(struct rtnl_monitor *monitor)
{
	if (!monitor)
		return;
	/* No more than can be waiting now: a flood must not keep us here. */
	read_events(monitor, monitor->watch.nl.receive_space / DATAGRAM_SPACE);
	tell_overrun(monitor);
}

void rtnl_monitor_stop(struct rtnl_monitor *monitor)
{
	if (monitor)
		nl_watch_stop(&monitor->watch);
}
