/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One item of an answer about Nodes, whatever format it came in, and what the reader of
 * each format (node_json.c, node_proto.c) tells node_stream.c.
 */
#ifndef HOSTGW_K8S_NODE_EVENT_H
#define HOSTGW_K8S_NODE_EVENT_H

#include "node_keys.h"

/* On the bookmark that ends the initial events of a WatchList: "true" (KEP-3157). */
#define NODE_INITIAL_EVENTS_END "k8s.io/initial-events-end"

enum node_event_type {
	NODE_EVENT_UNKNOWN,
	NODE_EVENT_CHANGED, /* ADDED, MODIFIED; or an item of a list */
	NODE_EVENT_REMOVED,
	NODE_EVENT_BOOKMARK,
	NODE_EVENT_ERROR,
};

/* Texts are borrowed for the call. */
struct node_event {
	enum node_event_type type;
	struct node_record record; /* of a Node; .name may be NULL until it was checked */
	const char *version;       /* resourceVersion; NULL: none */
	bool ends_initial;         /* a bookmark with NODE_INITIAL_EVENTS_END */
	int code;                  /* ERROR: of its Status; 0: none that makes sense */
	const char *message;       /* ERROR: never NULL */
};

struct node_reader_events {
	void *ctx;
	/* A negative result ends the reading. */
	int (*event)(void *ctx, const struct node_event *event, struct error *err);
	/* A list's own metadata. Texts may be empty. */
	void (*listed)(void *ctx, const char *version, const char *next_page);
	/* An item that could not be read. `name`: of its node, NULL where it is not known;
	 * `why`: the place, a colon, the cause. */
	void (*skipped)(void *ctx, const char *name, const char *why);
};

/* "ADDED" and so on, as watch events name it. */
enum node_event_type node_event_type(const char *name);

/* Why nobody can use the event; NULL: it is good. */
const char *node_event_fault(const struct node_event *event);

/* A Status' code, or 0 if it is none. */
int node_event_code(double code);

#endif
