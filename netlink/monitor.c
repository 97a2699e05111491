/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hostgw/monitor.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "attributes.h"
#include "link_codec.h"
#include "monitor_filter.h"
#include "nexthop_codec.h"
#include "route_codec.h"
#include "socket.h"

/* Datagrams read in one turn of the loop; a flood of events must not starve its other users. */
#define TURN_LIMIT 256

/* What the shortest datagram takes of the receive space at least: the kernel counts its socket
 * buffer too. */
#define DATAGRAM_SPACE 256

struct rtnl_monitor {
	uv_poll_t poll;
	struct nl_socket nl;
	uint32_t own_port_id;
	struct prefix networks[IP_FAMILIES];
	struct rtnl_monitor_events events;
	bool overrun; /* seen in this turn, told at its end */
	bool stopped; /* a callback may stop the monitor */
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
	const struct nlmsghdr *message = (const struct nlmsghdr *)monitor->nl.buffer;
	int left = (int)length;

	while (!monitor->stopped && nl_message_fits(message, left)) {
		take_message(monitor, message);
		message = mnl_nlmsg_next(message, &left);
	}
}

static void read_events(struct rtnl_monitor *monitor, uint32_t limit)
{
	for (uint32_t i = 0; i < limit; i++) {
		ssize_t length = nl_socket_receive(&monitor->nl);

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
	if (overrun && !monitor->stopped)
		monitor->events.overrun(monitor->events.ctx);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct rtnl_monitor *monitor = poll->data;

	(void)events;
	read_events(monitor, TURN_LIMIT);
	tell_overrun(monitor);
	/* A netlink socket shows ENOBUFS as POLLERR, upon which libuv calls with UV_EBADF and
	 * stops polling. The error is gone once it was read; starting again cannot fail, as
	 * nobody else polls this descriptor. */
	if (status < 0 && !monitor->stopped)
		(void)uv_poll_start(poll, UV_READABLE, on_readable);
}

static void on_closed(uv_handle_t *handle)
{
	struct rtnl_monitor *monitor = handle->data;

	nl_socket_close(&monitor->nl);
	free(monitor);
}

/* Saves work only, so a kernel that refuses it is none the worse. */
static void attach_filter(struct rtnl_monitor *monitor)
{
	struct monitor_filter filter;
	struct sock_fprog program = {.filter = filter.code};

	monitor_filter_make(monitor->own_port_id, monitor->networks, &filter);
	program.len = filter.length;
	(void)setsockopt(monitor->nl.fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static int join_groups(struct rtnl_monitor *monitor, struct error *err)
{
	static const unsigned groups[] = {
		RTNLGRP_LINK,       RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
		RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,  RTNLGRP_NEXTHOP,
	};

	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++) {
		int result = nl_socket_join(&monitor->nl, groups[i], err);

		/* Before Linux 5.3 there are no nexthop objects, nor news of them. */
		if (result < 0 && !(groups[i] == RTNLGRP_NEXTHOP && result == -EINVAL))
			return result;
	}
	return 0;
}

static int open_socket(struct rtnl_monitor *monitor, struct error *err)
{
	int result = nl_socket_open(&monitor->nl, NETLINK_ROUTE, err);

	if (result < 0)
		return result;
	/* First, so that a flood does not get in by the open door. */
	attach_filter(monitor);
	return join_groups(monitor, err);
}

/* Opens the socket and hangs it on the loop; from uv_poll_init on only uv_close frees it. */
static int start(uv_loop_t *loop, struct rtnl_monitor *monitor, struct error *err)
{
	int result = open_socket(monitor, err);

	if (result == 0) {
		result = uv_poll_init(loop, &monitor->poll, monitor->nl.fd);
		if (result < 0)
			error_set(err, -result, "%s", uv_strerror(result));
	}
	if (result < 0) {
		nl_socket_close(&monitor->nl);
		free(monitor);
		return error_wrap(err, "watching routes, links and addresses");
	}
	monitor->poll.data = monitor;
	result = uv_poll_start(&monitor->poll, UV_READABLE, on_readable);
	if (result < 0) {
		rtnl_monitor_stop(monitor);
		return error_set(err, -result, "watching routes, links and addresses: %s",
		                 uv_strerror(result));
	}
	return 0;
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
	result = start(config->loop, monitor, err);
	if (result == 0)
		*out = monitor;
	return result;
}

void rtnl_monitor_drain(struct rtnl_monitor *monitor)
{
	if (!monitor)
		return;
	/* No more than can be waiting now: a flood must not keep us here. */
	read_events(monitor, monitor->nl.receive_space / DATAGRAM_SPACE);
	tell_overrun(monitor);
}

void rtnl_monitor_stop(struct rtnl_monitor *monitor)
{
	if (!monitor)
		return;
	monitor->stopped = true;
	uv_close((uv_handle_t *)&monitor->poll, on_closed);
}
