/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where nodes come from, as the options say: the Kubernetes API or a nodes
 * file. Whoever opens it (the daemon, the plan command) is told of nodes through one
 * struct node_sink and need not know which it is.
 */
#ifndef DAEMON_NODE_SOURCE_H
#define DAEMON_NODE_SOURCE_H

#include "hostgw/kube_client.h"
#include "nodes_file.h"
#include "pod_node.h"
#include "settings.h"

struct node_source {
	/* set by the owner; sink.ctx is the context of all callbacks */
	uv_loop_t *loop;           /* borrowed */
	const struct log *log;     /* borrowed */
	struct settings *settings; /* borrowed; its `kube` is taken, a missing node_name found */
	/* trouble, recovered and skipped are left out, as they are logged here; `version` may
	 * be, and without `named` so may `resumed`. */
	struct node_sink sink;
	/*
	 * Kubernetes only, once, before any node is told of: the Node's name is known, and
	 * requests about it may be made from now on. *resume_version (NULL when called; the
	 * source's to free) is where the watch goes on if all up to there is known. Negative: the
	 * source fails with that. NULL: there is nothing to do, the nodes are listed.
	 */
	int (*named)(void *ctx, char **resume_version, struct error *err);
	/* It failed for good after node_source_open had gone well; closing is allowed in it. */
	void (*failed)(void *ctx, const struct error *err);

	/* how things stand */
	struct kube_client *client;     /* NULL with --nodes-file */
	const struct kube_config *kube; /* the client's; NULL with it */
	struct nodes_file *nodes_file;  /* NULL with --kube-subnet-mgr */
	struct pod_node *pod_node;      /* NULL: the Node's name is known */
	struct log_repeat trouble;      /* what stands in its way; empty text: nothing */
	struct log_repeat skipped_items;
};

/*
 * Starts; a nodes file has been told of when this returns. -EINVAL: a mistake in what the
 * administrator gave, a file's contents among it; other errors: failed at run time.
 * node_source_close is due after a failure too.
 */
int node_source_open(struct node_source *source, struct error *err);
/* Reads a nodes file again, and says again what is wrong with it; the Kubernetes API is watched and
 * needs no asking. Not from within a callback. */
void node_source_reread(struct node_source *source);
/* No callback comes after this; handles close on the loop's next turns. What uses the client has
 * been closed before. Zeros are fine. */
void node_source_close(struct node_source *source);

#endif
