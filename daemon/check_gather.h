/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The facts that `hostgwd check` is about, as they are on this host. Changes nothing, and works
 * without rights and beside a daemon that runs, as far as the kernel lets it.
 */
#ifndef DAEMON_CHECK_GATHER_H
#define DAEMON_CHECK_GATHER_H

#include "check.h"

/* The facts, and what they refer to. */
struct check_host {
	struct check_facts facts;
	struct settings settings;
	struct net_conf conf;
	struct rtnl *rtnl;
	struct link_snapshot links;
	struct uplink uplink;
	char kernel[65];
	char source[300];
	char node_name[NODE_NAME_MAX + 1];
};

/* What cannot be found out is a fact, too. `log` is given to what logs on its way. */
void check_gather(struct check_host *host, const struct options *options, const struct log *log);
void check_release(struct check_host *host);

#endif
