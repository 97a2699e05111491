/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The body of a patch of a Node's status.
 */
#ifndef HOSTGW_K8S_NODE_PATCH_H
#define HOSTGW_K8S_NODE_PATCH_H

#include "hostgw/kube_request.h"
#include "node_keys.h"

/* JSON of a strategic merge patch, malloc'ed; `now`: seconds since 1970, for the condition. NULL:
 * no memory. */
char *node_patch_json(const struct kube_node_patch *patch, const struct node_keys *keys,
                      int64_t now);

#endif
