/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Netlink sockets (netlink(7)): opening with every check the kernel offers,
 * sending, receiving. Internal to netlink/.
 */
#ifndef NETLINK_SOCKET_H
#define NETLINK_SOCKET_H

#include <stdalign.h>
#include <stddef.h>
#include <sys/types.h>

#include "hostgw/rtnl.h"

/* The kernel fills dumps in parts of up to 32 KiB if the reader has room for them. */
#define NL_BUFFER_SIZE 65536

struct nl_socket {
	int fd;
	int protocol;           /* NETLINK_ROUTE, NETLINK_NETFILTER */
	uint32_t port_id;       /* the kernel's name for this socket */
	uint32_t sequence;      /* of the last request */
	uint32_t receive_space; /* bytes that may wait, as the kernel counts them */
	alignas(8) unsigned char buffer[NL_BUFFER_SIZE]; /* what was received last */
};

struct rtnl {
	struct nl_socket requests; /* its port id marks the echoes of own changes */
	struct nl_socket dumps;
};

int nl_socket_open(struct nl_socket *nl, int protocol, struct error *err);
void nl_socket_close(struct nl_socket *nl); /* one that is not open (fd -1) is fine */

int nl_socket_join(struct nl_socket *nl, unsigned group, struct error *err);

/* The kernel has worked the bytes off when this returns. */
int nl_socket_send(struct nl_socket *nl, const void *bytes, size_t length, struct error *err);

/*
 * Receives one datagram of the kernel into nl->buffer. Its length, or: -EAGAIN nothing
 * is there, -ENOBUFS the kernel had to drop some (later ones can still be read),
 * -EMSGSIZE one was larger than the buffer and is lost, or another errno.
 */
ssize_t nl_socket_receive(struct nl_socket *nl);

#endif
