/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net-conf.json: the cluster's networks, in flannel's format.
 */
#ifndef DAEMON_NET_CONF_H
#define DAEMON_NET_CONF_H

#include <stdbool.h>

#include "hostgw/error.h"
#include "hostgw/prefix.h"

struct net_conf {
	struct prefix network[IP_FAMILIES]; /* family 0: that family is switched off */
};

/* Told of each key that is not known, with its line and column; the file is good all the same. */
typedef void (*net_conf_warn_fn)(void *ctx, const char *text);

/* Checks `text` (the contents of `path`, which messages name). -EINVAL with the line and column
 * of what is wrong, and what must be there. */
int net_conf_parse(const char *text, size_t length, const char *path, struct net_conf *out,
                   net_conf_warn_fn warn, void *ctx, struct error *err);

/* Reads the file and checks it; a missing file's error says what it must hold. */
int net_conf_read(const char *path, struct net_conf *out, net_conf_warn_fn warn, void *ctx,
                  struct error *err);

#endif
