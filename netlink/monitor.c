/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hostgw/monitor.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "attributes.h"
#include "monitor_filter.h"
#include "nexthop_codec.h"
#include "route_codec.h"
#include "socket.h"

/* Datagrams read in one turn of the loop; a flood of events must not starve its other users. */
#define TURN_LIMIT 256
/* ... and in one drain; more than the receive space holds of whole messages. */
#define DRAIN_LIMIT 16384

struct rtnl_monitor {
	uv_poll_t poll;
	struct nl_socket nl;
	struct rtnl_monitor_events events;
	bool overrun; /* seen in this turn, told at its end */
	bool stopped; /* a callback may stop the monitor */
};

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
	if (result > 0)
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
		monitor->events.link_changed(monitor->events.ctx, header->ifi_index);
}

static void take_address(struct rtnl_monitor *monitor, const struct nlmsghdr *message)
{
	const struct ifaddrmsg *header = mnl_nlmsg_get_payload(message);

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*header))
		monitor->overrun = true;
	else
		monitor->events.link_changed(monitor->events.ctx, (int)header->ifa_index);
}

static void take_message(struct rtnl_monitor *monitor, const struct nlmsghdr *message)
{
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

/* Reads until nothing waits, or so many datagrams. True: nothing waits. */
static bool read_events(struct rtnl_monitor *monitor, size_t limit)
{
	bool drained = false;

	for (size_t i = 0; i < limit && !drained && !monitor->stopped; i++) {
		ssize_t length = nl_socket_receive(&monitor->nl);

		drained = length == -EAGAIN;
		if (length > 0)
			take_datagram(monitor, length);
		else if (!drained)
			monitor->overrun = true; /* ENOBUFS, or a datagram cut short */
	}
	if (monitor->overrun && !monitor->stopped)
		monitor->events.overrun(monitor->events.ctx);
	monitor->overrun = false;
	return drained;
}

void rtnl_monitor_drain(struct rtnl_monitor *monitor)
{
	/* A flood is cut off as if the rest were lost: what it tells of is read anew. */
	if (monitor && !monitor->stopped && !read_events(monitor, DRAIN_LIMIT) && !monitor->stopped)
		monitor->events.overrun(monitor->events.ctx);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct rtnl_monitor *monitor = poll->data;

	(void)events;
	read_events(monitor, TURN_LIMIT);
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

static int join_groups(struct rtnl_monitor *monitor, struct error *err)
{
	static const unsigned groups[] = {
		RTNLGRP_LINK,       RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
		RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,
	};
	struct error ignored;

	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++) {
		int result = nl_socket_join(&monitor->nl, groups[i], err);

		if (result < 0)
			return result;
	}
	/* A kernel without nexthop objects has no news of them. */
	(void)nl_socket_join(&monitor->nl, RTNLGRP_NEXTHOP, &ignored);
	return 0;
}

/* Before any group is joined, so that nothing comes in unfiltered. */
static int attach_filter(struct rtnl_monitor *monitor, const struct rtnl_monitor_config *config,
                         struct error *err)
{
	struct sock_filter instructions[MONITOR_FILTER_MAX];
	struct sock_fprog program = {.filter = instructions};

	program.len = monitor_filter_make(config->own->requests.port_id, config->networks,
	                                  instructions);
	if (setsockopt(monitor->nl.fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) !=
	    0)
		return error_set(err, errno, "attaching a socket filter: %s", strerror(errno));
	return 0;
}

static int open_socket(struct rtnl_monitor *monitor, const struct rtnl_monitor_config *config,
                       struct error *err)
{
	int result = nl_socket_open(&monitor->nl, NETLINK_ROUTE, err);

	if (result == 0)
		result = attach_filter(monitor, config, err);
	if (result == 0)
		result = join_groups(monitor, err);
	if (result == 0) {
		result = uv_poll_init(config->loop, &monitor->poll, monitor->nl.fd);
		if (result < 0)
			error_set(err, -result, "%s", uv_strerror(result));
	}
	return result;
}

int rtnl_monitor_start(const struct rtnl_monitor_config *config, struct rtnl_monitor **out,
                       struct error *err)
{
	struct rtnl_monitor *monitor = calloc(1, sizeof(*monitor));
	int result;

	if (!monitor)
		return error_set(err, ENOMEM, "no memory for the route monitor");
	monitor->events = config->events;
	if (open_socket(monitor, config, err) < 0) {
		nl_socket_close(&monitor->nl);
		free(monitor);
		return error_wrap(err, "watching routes, links and addresses");
	}
	/* From uv_poll_init on only uv_close frees it. */
	monitor->poll.data = monitor;
	result = uv_poll_start(&monitor->poll, UV_READABLE, on_readable);
	if (result < 0) {
		rtnl_monitor_stop(monitor);
		return error_set(err, -result, "watching routes, links and addresses: %s",
		                 uv_strerror(result));
	}
	*out = monitor;
	return 0;
}

void rtnl_monitor_stop(struct rtnl_monitor *monitor)
{
	if (!monitor)
		return;
	monitor->stopped = true;
	uv_close((uv_handle_t *)&monitor->poll, on_closed);
}
