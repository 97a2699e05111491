/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps this host's Node as it should be in the API: sends the difference that
 * own_node.c finds, one patch at a time, again with backoff when it fails.
 */
#ifndef DAEMON_NODE_STATUS_H
#define DAEMON_NODE_STATUS_H

#include "log.h"
#include "own_node.h"

struct node_status;

struct node_status_config {
	uv_loop_t *loop;
	struct kube_client *client;    /* borrowed; outlives this */
	const struct log *log;         /* borrowed */
	const char *node_name;         /* borrowed */
	const char *annotation_prefix; /* borrowed */
	bool set_condition;            /* --set-node-network-unavailable */
};

int node_status_new(const struct node_status_config *config, struct node_status **out,
                    struct error *err);
/* No callback comes after this; close it before the client. NULL is fine. */
void node_status_close(struct node_status *status);

/*
 * Says what is so now; whatever differs in the API is sent. `own` is borrowed for good and
 * updated when a patch was accepted. `ready`: routes, rules and files are in place.
 */
void node_status_set(struct node_status *status, struct own_node *own,
                     const struct ip_addr public_ip[IP_FAMILIES], bool ready);

#endif
