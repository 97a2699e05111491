/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * subnet.env: what flannel's CNI plugin and its users' scripts read.
 */
#ifndef DAEMON_SUBNET_FILE_H
#define DAEMON_SUBNET_FILE_H

#include <stdbool.h>

#include "hostgw/prefix.h"

struct subnet_file {
	struct prefix network[IP_FAMILIES]; /* Network, IPv6Network; family 0: not used */
	struct prefix own[IP_FAMILIES];     /* this node's pod CIDR */
	uint32_t mtu;                       /* bytes, of the uplink */
	bool ip_masq;
};

#define SUBNET_FILE_TEXT_MAX 512

/* Writes the file's text into `text` and returns it. */
const char *subnet_file_print(const struct subnet_file *file,
                              char text[static SUBNET_FILE_TEXT_MAX]);

#endif
