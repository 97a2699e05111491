/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hostgw/monitor.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <stdlib.h>

#include "attributes.h"
#include "route_codec.h"
#include "socket.h"

/* Datagrams read in one turn of the loop; a flood of events must not starve its other users. */
#define TURN_LIMIT 256

struct rtnl_monitor {
	uv_poll_t poll;
	struct nl_socket nl;
	uint32_t own_port_id;
	struct rtnl_monitor_events events;
	bool links_changed; /* seen in this turn, told at its end */
	bool overrun;
	bool stopped; /* a callback may stop the monitor */
};

static void take_route(struct rtnl_monitor *monitor, const struct nlmsghdr *message)
{
	struct route route;
	int result;

	if (message->nlmsg_pid == monitor->own_port_id)
		return;
	result = route_decode(message, &route);
	if (result < 0)
		monitor->overrun = true; /* unreadable is as good as lost */
	/* The kernel keeps table local itself, in step with the addresses. */
	if (result > 0 && route.table != RT_TABLE_LOCAL)
		monitor->events.route_changed(monitor->events.ctx, &route,
		                              message->nlmsg_type == RTM_DELROUTE);
}

/* False for a bridge's news of its ports and a wireless card's of its scans. */
static bool link_matters(const struct nlmsghdr *message)
{
	const struct ifinfomsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *table[IFLA_MAX + 1];

	if (!nl_message_attributes(message, sizeof(*header), table, IFLA_MAX))
		return true;
	return header->ifi_family != AF_BRIDGE && !table[IFLA_WIRELESS];
}

static void take_message(struct rtnl_monitor *monitor, const struct nlmsghdr *message)
{
	switch (message->nlmsg_type) {
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		take_route(monitor, message);
		break;
	case RTM_NEWLINK:
	case RTM_DELLINK:
		monitor->links_changed |= link_matters(message);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		monitor->links_changed = true;
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

static void read_events(struct rtnl_monitor *monitor)
{
	for (int i = 0; i < TURN_LIMIT; i++) {
		ssize_t length = nl_socket_receive(&monitor->nl);

		if (length == -EAGAIN)
			return;
		if (length > 0)
			take_datagram(monitor, length);
		else
			monitor->overrun = true; /* ENOBUFS, or a datagram cut short */
	}
}

/* Links first told at the end of a turn: one change of an interface is several messages. */
static void tell(struct rtnl_monitor *monitor)
{
	bool links_changed = monitor->links_changed;
	bool overrun = monitor->overrun;

	monitor->links_changed = monitor->overrun = false;
	if (overrun && !monitor->stopped)
		monitor->events.overrun(monitor->events.ctx);
	if (links_changed && !monitor->stopped)
		monitor->events.links_changed(monitor->events.ctx);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct rtnl_monitor *monitor = poll->data;

	(void)events;
	read_events(monitor);
	tell(monitor);
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

	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++) {
		int result = nl_socket_join(&monitor->nl, groups[i], err);

		if (result < 0)
			return result;
	}
	return 0;
}

/* Opens the socket and hangs it on the loop; from uv_poll_init on only uv_close frees it. */
static int start(uv_loop_t *loop, struct rtnl_monitor *monitor, struct error *err)
{
	int result = nl_socket_open(&monitor->nl, NETLINK_ROUTE, err);

	if (result == 0)
		result = join_groups(monitor, err);
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

int rtnl_monitor_start(uv_loop_t *loop, const struct rtnl *own,
                       const struct rtnl_monitor_events *events, struct rtnl_monitor **out,
                       struct error *err)
{
	struct rtnl_monitor *monitor = calloc(1, sizeof(*monitor));
	int result;

	if (!monitor)
		return error_set(err, ENOMEM, "no memory for the route monitor");
	monitor->own_port_id = own->requests.port_id;
	monitor->events = *events;
	result = start(loop, monitor, err);
	if (result == 0)
		*out = monitor;
	return result;
}

void rtnl_monitor_stop(struct rtnl_monitor *monitor)
{
	if (!monitor)
		return;
	monitor->stopped = true;
	uv_close((uv_handle_t *)&monitor->poll, on_closed);
}
