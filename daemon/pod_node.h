/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds the own Node's name where only the Pod's is known (POD_NAME and
 * POD_NAMESPACE, as flannel's manifest sets them): asks the API server until it
 * is known.
 */
#ifndef DAEMON_POD_NODE_H
#define DAEMON_POD_NODE_H

#include "hostgw/kube_request.h"
#include "log.h"

struct pod_node;

struct pod_node_config {
	uv_loop_t *loop;
	struct kube_client *client; /* borrowed; outlives this */
	const struct log *log;      /* borrowed */
	const char *name_space;     /* borrowed */
	const char *pod;            /* borrowed */
	void *ctx;
	void (*found)(void *ctx, const char *node_name); /* once, later; closing is allowed in it */
};

int pod_node_find(const struct pod_node_config *config, struct pod_node **out, struct error *err);
/* No callback comes after this; close it before the client. NULL is fine. */
void pod_node_close(struct pod_node *pod_node);

#endif
