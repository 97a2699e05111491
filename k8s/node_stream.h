/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The body of one answer about Nodes, a list or a watch, as events. The
 * Content-Type decides how it is read, so that whoever uses the events knows no
 * format. A record that is the one last told of its node is counted, not told.
 */
#ifndef HOSTGW_K8S_NODE_STREAM_H
#define HOSTGW_K8S_NODE_STREAM_H

#include "hostgw/kube_client.h"
#include "node_keys.h"
#include "node_seen.h"

enum node_stream_kind {
	NODE_STREAM_LIST,
	NODE_STREAM_WATCH,
	NODE_STREAM_WATCH_LIST, /* a watch that begins with all Nodes */
};

/* What outlives the single answer; all of it is borrowed. */
struct node_stream_base {
	const struct node_keys *keys;
	/* What was told so far; to be cleared at the beginning of each list, of a WatchList too. */
	struct node_seen *seen;
	struct kube_watch_stats *stats; /* counted up */
};

/* Everything is borrowed for the call. */
struct node_stream_events {
	void *ctx;
	void (*changed)(void *ctx, const struct node_record *record);
	void (*removed)(void *ctx, const char *name);
	/* WATCH: the resourceVersion of the event just told. */
	void (*version)(void *ctx, const char *version);
	/* WATCH: a bookmark, whose resourceVersion may be missing (NULL). `initial_end`: it ends
	 * the initial events of a WatchList (KEP-3157). */
	void (*bookmark)(void *ctx, const char *version, bool initial_end);
	/* LIST: its resourceVersion, and the token of its next page (NULL: it was the last). */
	void (*listed)(void *ctx, const char *version, const char *next_page);
	/* WATCH: an ERROR event, a Status; nothing comes after it. */
	void (*failed)(void *ctx, int code, const char *message);
	/* One item could not be read; the others go on. `err` names its node, or if that is not
	 * known the place. */
	void (*skipped)(void *ctx, const struct error *err);
};

struct node_stream;

/* What to ask for, in the header Accept. */
const char *node_stream_accept(enum node_stream_kind kind, enum kube_format format);

/* -EPROTO: nothing here reads `content_type`. */
int node_stream_new(enum node_stream_kind kind, const char *content_type,
                    const struct node_stream_base *base, const struct node_stream_events *events,
                    struct node_stream **out, struct error *err);
void node_stream_free(struct node_stream *stream); /* NULL is fine */

/* -EINVAL: the body makes no sense from here on; -ECANCELED: `failed` was called. */
int node_stream_push(struct node_stream *stream, const char *bytes, size_t length,
                     struct error *err);

/* The body is over. -EINVAL: it was not whole. */
int node_stream_end(struct node_stream *stream, struct error *err);

#endif
