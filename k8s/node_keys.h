/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The full names of the annotations: the prefix that --kube-annotation-prefix
 * gives, and flannel's names.
 */
#ifndef HOSTGW_K8S_NODE_KEYS_H
#define HOSTGW_K8S_NODE_KEYS_H

#include "hostgw/node.h"

/* A DNS subdomain, a slash, a name (Kubernetes' rules for annotation keys), a NUL. */
#define NODE_KEY_MAX (253 + 1 + 63 + 1)

struct node_keys {
	char names[NODE_ANNOTATIONS][NODE_KEY_MAX];
};

/* "p" gives "p/public-ip", "p/q" gives "p/q-public-ip", as flannel does; a prefix that
 * ends in "/" or "-" stands as it is. -EINVAL: no annotation can have such a name. */
int node_keys_init(struct node_keys *keys, const char *prefix, struct error *err);

#endif
