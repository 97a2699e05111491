/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which of this host's addresses other nodes are to use as next hop: the own Node's annotations
 * node-public-ip and node-public-ipv6, else --public-ip and --public-ipv6, else the interface's.
 */
#ifndef DAEMON_HOST_ADDRESS_H
#define DAEMON_HOST_ADDRESS_H

#include "host.h"
#include "own_node.h"

/* Takes over what the own Node's annotations ask for. True: it is another address than before, and
 * a round is due. */
bool host_ask_address(struct host *host, const struct own_node *own);

/* The links are known anew. Unless a flag other than --public-ip names it, the interface is the
 * one that holds an address that is asked for. */
void host_choose_by_address(struct host *host);
/* After that, brings host->public_ip up to date; says so of an address that is asked for and is
 * not the interface's. */
void host_update_public_ip(struct host *host);

#endif
