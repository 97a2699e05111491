/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "socket.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WANTED_SPACE (4 * 1024 * 1024)

/* Older kernels lack some of these; every reader copes with their absence. */
static void set_checks(int fd)
{
	static const int options[] = {NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK};
	int on = 1;

	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		(void)setsockopt(fd, SOL_NETLINK, options[i], &on, sizeof(on));
}

/* The forced form passes net.core.rmem_max and needs CAP_NET_ADMIN of the first user namespace. */
static void set_space(int fd, int forced, int plain)
{
	int wanted = WANTED_SPACE;

	if (setsockopt(fd, SOL_SOCKET, forced, &wanted, sizeof(wanted)) != 0)
		(void)setsockopt(fd, SOL_SOCKET, plain, &wanted, sizeof(wanted));
}

static int bind_socket(struct nl_socket *nl)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK};
	socklen_t length = sizeof(address);

	if (bind(nl->fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    getsockname(nl->fd, (struct sockaddr *)&address, &length) != 0)
		return -errno;
	nl->port_id = address.nl_pid;
	length = sizeof(nl->receive_space);
	if (getsockopt(nl->fd, SOL_SOCKET, SO_RCVBUF, &nl->receive_space, &length) != 0)
		return -errno;
	return 0;
}

int nl_socket_open(struct nl_socket *nl, int protocol, struct error *err)
{
	int result;

	nl->protocol = protocol;
	nl->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
	if (nl->fd < 0)
		return error_set(err, errno, "cannot open a netlink socket (protocol %d): %s",
		                 protocol, strerror(errno));
	set_checks(nl->fd);
	set_space(nl->fd, SO_RCVBUFFORCE, SO_RCVBUF);
	set_space(nl->fd, SO_SNDBUFFORCE, SO_SNDBUF);
	result = bind_socket(nl);
	if (result < 0) {
		nl_socket_close(nl);
		return error_set(err, -result, "cannot bind a netlink socket (protocol %d): %s",
		                 protocol, strerror(-result));
	}
	return 0;
}

void nl_socket_close(struct nl_socket *nl)
{
	if (nl->fd >= 0)
		close(nl->fd);
	nl->fd = -1;
}

int nl_socket_join(struct nl_socket *nl, unsigned group, struct error *err)
{
	if (setsockopt(nl->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) != 0)
		return error_set(err, errno, "cannot join netlink group %u: %s", group,
		                 strerror(errno));
	return 0;
}

int nl_socket_send(struct nl_socket *nl, const void *bytes, size_t length, struct error *err)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	ssize_t sent;

	do {
		sent = sendto(nl->fd, bytes, length, 0, (struct sockaddr *)&kernel, sizeof(kernel));
	} while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return error_set(err, errno, "cannot send %zu bytes to the kernel: %s", length,
		                 strerror(errno));
	return 0; /* a datagram goes whole or not at all */
}

ssize_t nl_socket_receive(struct nl_socket *nl)
{
	struct sockaddr_nl sender;
	struct iovec part = {.iov_base = nl->buffer, .iov_len = sizeof(nl->buffer)};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	ssize_t length;

	for (;;) {
		message.msg_name = &sender;
		message.msg_namelen = sizeof(sender);
		length = recvmsg(nl->fd, &message, 0);
		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return -errno;
		/* Any process may send to our port id; only port 0 is the kernel. */
		if (message.msg_namelen != sizeof(sender) || sender.nl_pid != 0 || length == 0)
			continue;
		return message.msg_flags & MSG_TRUNC ? -EMSGSIZE : length;
	}
}

int rtnl_open(struct rtnl **out, struct error *err)
{
	struct rtnl *rtnl = calloc(1, sizeof(*rtnl));
	int result;

	if (!rtnl)
		return error_set(err, ENOMEM, "no memory for the netlink sockets");
	rtnl->requests.fd = rtnl->dumps.fd = -1;
	result = nl_socket_open(&rtnl->requests, NETLINK_ROUTE, err);
	if (result == 0)
		result = nl_socket_open(&rtnl->dumps, NETLINK_ROUTE, err);
	if (result < 0) {
		rtnl_close(rtnl);
		return result;
	}
	*out = rtnl;
	return 0;
}

void rtnl_close(struct rtnl *rtnl)
{
	if (!rtnl)
		return;
	nl_socket_close(&rtnl->requests);
	nl_socket_close(&rtnl->dumps);
	free(rtnl);
}
