/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What networkd.conf(5) says of routes of others: systemd-networkd removes them when it restarts or
 * a link comes up, unless it is told not to.
 */
#ifndef DAEMON_NETWORKD_CONF_H
#define DAEMON_NETWORKD_CONF_H

#include <stdbool.h>
#include <stddef.h>

struct networkd_conf {
	bool manages_routes;   /* ManageForeignRoutes; yes unless a file says no */
	bool manages_nexthops; /* ManageForeignNextHops, from systemd 256 on */
};

/* Takes over into *conf what one file says. */
void networkd_conf_parse(const char *text, struct networkd_conf *conf);

/* Reads networkd.conf and its drop-ins below `root`, in the order in which they count: the first
 * main file of /etc, /run, /usr/local/lib and /usr/lib, then the drop-ins of all folders by name,
 * of one name the one in the first of these folders. */
void networkd_conf_read(const char *root, struct networkd_conf *conf);

#endif
