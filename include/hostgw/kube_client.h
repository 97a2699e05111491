/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Kubernetes side as the daemon sees it: one client (connections,
 * credentials) on the daemon's loop, a watch of all Nodes on it, and patches
 * of one Node's status. Everything is asynchronous; callbacks run on the loop.
 * The program must ignore SIGPIPE (OpenSSL writes to sockets that may be closed).
 * Implemented in k8s/client.c, k8s/reflector.c and k8s/node_patch.c.
 */
#ifndef HOSTGW_KUBE_CLIENT_H
#define HOSTGW_KUBE_CLIENT_H

#include <uv.h>

#include "hostgw/kube_config.h"
#include "hostgw/node.h"

struct kube_client;

/* Takes ownership of `config` on success only. `user_agent`: "hostgwd/1.0". Does no I/O yet. */
int kube_client_new(uv_loop_t *loop, struct kube_config *config, const char *user_agent,
                    struct kube_client **out, struct error *err);

/* Ends the watch and every request without further callbacks; handles close on the
 * loop's next turns, then the memory goes. NULL is fine. */
void kube_client_close(struct kube_client *client);

/*
 * Lists all Nodes, then watches them, for ever; failures are retried with
 * backoff and reported through sink->trouble. `sink` is copied. Once a client.
 * `annotation_prefix` is copied.
 */
int kube_watch_start(struct kube_client *client, const char *annotation_prefix,
                     const struct node_sink *sink, struct error *err);

/* What to put on the own Node's status; NULL annotations are left as they are. */
struct kube_node_patch {
	const char *annotations[NODE_ANNOTATIONS];
	bool network_available; /* set condition NetworkUnavailable=False, FlannelIsUp */
};

/* result: 0, or a negative errno with `err` filled (403 says which RBAC rule is missing). */
typedef void (*kube_patch_done_fn)(void *ctx, int result, const struct error *err);

/* One PATCH of nodes/NAME/status; `done` is called once, later. Retrying is the caller's. */
int kube_node_patch_send(struct kube_client *client, const char *node_name,
                         const char *annotation_prefix, const struct kube_node_patch *patch,
                         kube_patch_done_fn done, void *ctx, struct error *err);

#endif
