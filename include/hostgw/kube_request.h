/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Single requests to the API server, besides the watch: the status of a Node, Events about it,
 * and which Node a Pod runs on. Trying again is the caller's business. Implemented in
 * k8s/node_patch.c, k8s/kube_event.c, k8s/access.c and k8s/pod_node.c.
 */
#ifndef HOSTGW_KUBE_REQUEST_H
#define HOSTGW_KUBE_REQUEST_H

#include <stdint.h>

#include "hostgw/kube_client.h"

struct kube_answer {
	/* 0, or a negative errno with `err` filled: -EACCES it is forbidden (err says which RBAC
	 * rule is missing), -ENOENT there is no such object, -EAGAIN it is there already, or
	 * somebody else changed it meanwhile; others may pass. */
	int result;
	struct error err;
	int status;           /* of HTTP; 0: there was no answer */
	unsigned retry_after; /* seconds for which the server wants to be left alone; 0: not said */
	const char *text; /* what was asked for, borrowed; NULL: nothing was, or it is not there */
};

/* Called once, later. */
typedef void (*kube_answer_fn)(void *ctx, const struct kube_answer *answer);

/* What to put on the own Node's status; NULL annotations are left as they are. */
struct kube_node_patch {
	const char *annotations[NODE_ANNOTATIONS];
	/* Take away the annotations that hostgwd writes; those that tell it something stay. */
	bool forget;
	bool network_available; /* set condition NetworkUnavailable=False, FlannelIsUp */
};

/* One PATCH of nodes/NAME/status. */
int kube_node_patch_send(struct kube_client *client, const char *node_name,
                         const char *annotation_prefix, const struct kube_node_patch *patch,
                         kube_answer_fn done, void *ctx, struct error *err);

/* Nodes have no namespace; Events about them are kept here (kubelet's, too). */
#define KUBE_EVENT_NAMESPACE "default"

/* A warning about a Node, as `kubectl describe node` shows it. The texts are copied. */
struct kube_event {
	const char *name; /* of the Event itself: a DNS subdomain, the same for the same news */
	const char *node_name; /* whom it is about */
	const char *reporter;  /* the node that tells it */
	const char *reason;    /* one word in CamelCase */
	const char *message;
	int64_t first, last; /* seconds since 1970 */
	unsigned count;      /* how often it was seen */
	bool known;          /* the Event is there: it only gets another count and time */
};

int kube_event_send(struct kube_client *client, const struct kube_event *event, kube_answer_fn done,
                    void *ctx, struct error *err);

/* What RBAC decides about; texts are copied, NULL is "all" or "none". */
struct kube_access {
	const char *verb;        /* "patch" */
	const char *resource;    /* "nodes", or with its subresource "nodes/status" */
	const char *name_space;  /* NULL: all, or the resource has none */
	const char *object_name; /* NULL: any */
};

/* Whether the client's user may do that (SelfSubjectAccessReview, which every user may ask):
 * answer->text is "true" or "false". */
int kube_access_ask(struct kube_client *client, const struct kube_access *access,
                    kube_answer_fn done, void *ctx, struct error *err);

/* How many Nodes there are besides the first one, without reading them: answer->text is a number;
 * NULL: it is not said, as there is no more than one. */
int kube_nodes_count(struct kube_client *client, kube_answer_fn done, void *ctx, struct error *err);
/* answer->text is the pod CIDR of a Node; NULL: it has none. */
int kube_node_cidr_get(struct kube_client *client, const char *node_name, kube_answer_fn done,
                       void *ctx, struct error *err);

/* Which Node a Pod runs on: answer->text. */
int kube_pod_node_get(struct kube_client *client, const char *name_space, const char *pod,
                      kube_answer_fn done, void *ctx, struct error *err);

#endif
