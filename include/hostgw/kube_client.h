/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Kubernetes side as the daemon sees it: one client (connections,
 * credentials) on the daemon's loop, and a watch of all Nodes on it; kube_request.h has
 * single requests. Everything is asynchronous; callbacks run on the loop.
 * The program must ignore SIGPIPE (OpenSSL writes to sockets that may be closed).
 * Implemented in k8s/client.c and k8s/reflector.c.
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

/* How long things may take, in seconds. */
struct kube_watch_limits {
	unsigned answer;         /* of a watch: its headers */
	unsigned check;          /* the whole answer about the own Node */
	unsigned list_silence;   /* in the middle of a list */
	unsigned stream_silence; /* in the middle of a WatchList */
	unsigned stream_stall;   /* ... with bytes that come, but no Node that is new */
	unsigned catch_up;       /* a resumed watch that brings no bookmark has brought all */
};

/* Texts are copied. */
struct kube_watch_options {
	const char *annotation_prefix;
	/* The own Node: asked for to see whether a server knows a version (an etcd restored from
	 * a snapshot does not, and a watch from there would be silent for ever). NULL: none. */
	const char *node_name;
	/* What sink->version or kube_watch_version said when all that was known was saved; NULL:
	 * nothing was. */
	const char *resume_version;
	/* Copied. NULL: those that are right everywhere; tests have no time for them. */
	const struct kube_watch_limits *limits;
};

/*
 * Lists all Nodes, then watches them, for ever; failures are retried with
 * backoff and reported through sink->trouble. With a `resume_version` the watch goes
 * on from there without a list (sink->resumed, sink->caught_up), if the server knows it still.
 * `sink` is copied, all of its callbacks are needed. Once a client.
 */
int kube_watch_start(struct kube_client *client, const struct kube_watch_options *options,
                     const struct node_sink *sink, struct error *err);

/* The version up to which the sink was told everything; NULL: there is none, as a list is under
 * way or an item was skipped. Borrowed until the loop goes on. */
const char *kube_watch_version(const struct kube_client *client);

/* What the API server is asked to speak. */
enum kube_format {
	KUBE_FORMAT_ANY, /* protobuf, or else JSON */
	KUBE_FORMAT_JSON,
	KUBE_FORMAT_PROTOBUF,
};

/* From the next request on; for tests and measurements, as the default is right everywhere. */
void kube_watch_use_format(struct kube_client *client, enum kube_format format);

/* Why a watch that had been asked for came to its end, so that another was, or a list. */
enum kube_watch_end {
	KUBE_WATCH_ENDED,   /* by the server, in order */
	KUBE_WATCH_EXPIRED, /* the server does not know the version any more */
	KUBE_WATCH_REFUSED, /* another status than 2xx */
	KUBE_WATCH_FAILED,  /* the server sent an error in the watch */
	KUBE_WATCH_BROKEN,  /* the connection broke, or what came made no sense */
	KUBE_WATCH_SILENT,  /* no answer */
	KUBE_WATCH_REPAIR,  /* by us: an item could not be read, and a list is to have it */
	KUBE_WATCH_ENDS
};

/* One word for metrics: "ended". */
const char *kube_watch_end_word(enum kube_watch_end end);

/* Counted since the start of the watch. */
struct kube_watch_stats {
	/* Answers that began: each page of a list is one, a WatchList is both. */
	uint64_t lists, watches;
	uint64_t bytes;     /* of their bodies, decompressed */
	uint64_t events;    /* items that arrived: nodes, bookmarks, errors */
	uint64_t changed;   /* records handed to sink->node_changed */
	uint64_t unchanged; /* heartbeats: nothing that is in the record changed */
	uint64_t removed;   /* names handed to sink->node_removed */
	uint64_t skipped;   /* items that could not be read */
	uint64_t ends[KUBE_WATCH_ENDS];
	uint64_t heard_at; /* bytes came last, in milliseconds of the loop's clock; 0: never */
	enum kube_format format; /* of the latest answer; KUBE_FORMAT_ANY: there was none */
};

/* Requests that were answered, or not, by what was asked and what came. */
#define KUBE_REQUEST_KINDS_MAX 32

struct kube_request_kind {
	const char *verb; /* as RBAC names it: "list"; static */
	int code;         /* HTTP status; 0: there was no answer */
	uint64_t count;
};

struct kube_request_counts {
	struct kube_request_kind kinds[KUBE_REQUEST_KINDS_MAX];
	size_t kind_count;
	uint64_t others; /* of kinds that found no room */
};

/* Since kube_client_new. Borrowed until the client is closed. */
const struct kube_request_counts *kube_client_requests(const struct kube_client *client);

/* All zero before kube_watch_start. */
void kube_watch_stats(const struct kube_client *client, struct kube_watch_stats *out);

#endif
