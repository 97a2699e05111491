/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of the CNI configuration list: by it the container runtime gives pods their addresses
 * from this node's pod CIDRs. Network and bridge are called as under flannel, so that the leases of
 * pods that run stay valid: under a new name host-local would hand their addresses out again.
 */
#ifndef DAEMON_CNI_CONF_H
#define DAEMON_CNI_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "hostgw/error.h"
#include "hostgw/prefix.h"

struct cni_conf {
	struct prefix network[IP_FAMILIES]; /* the cluster's; family 0: not used */
	struct prefix own[IP_FAMILIES];     /* this node's pod CIDR */
	uint32_t mtu;                       /* bytes, of the uplink */
	bool ip_masq;                       /* we masquerade, so the bridge plugin must not */
};

/* The list for the standard plugins bridge, host-local and portmap. NULL: no memory; the caller
 * frees it. */
char *cni_conf_print(const struct cni_conf *conf);

/*
 * `text` (the contents of `path`, which messages name) with its placeholders filled in; a list
 * without any stays as it is.
 *   __POD_CIDR__, __POD_CIDR_V6__  this node's pod CIDRs
 *   __MTU__                        the interface's
 *   __IP_MASQ__                    ipMasq of the bridge plugin: true or false
 *   __RANGES__, __ROUTES__         both of host-local, for each family: JSON lists
 * *out is the caller's to free. -EINVAL: a placeholder that there is not, a pod CIDR of a family
 * that is switched off, or no JSON list of plugins in the end; `err` has the line and column.
 */
int cni_conf_fill(const char *text, const char *path, const struct cni_conf *conf, char **out,
                  struct error *err);

#endif
