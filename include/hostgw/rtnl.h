/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rtnetlink(7) as the daemon uses it: requests and dumps that are answered
 * before the call returns. The kernel works a request off inside sendmsg(2) and fills a
 * dump inside recvmsg(2), so non-blocking sockets never wait and nothing here
 * needs the event loop. Implemented in netlink/socket.c.
 */
#ifndef HOSTGW_RTNL_H
#define HOSTGW_RTNL_H

#include <stdint.h>

#include "hostgw/error.h"

struct rtnl;

/* Opens the request and the dump socket. -EPERM never comes here but with the first change. */
int rtnl_open(struct rtnl **out, struct error *err);
void rtnl_close(struct rtnl *rtnl); /* NULL is fine */

#endif
