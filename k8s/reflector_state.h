/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of a reflector, shared by reflector.c (what an answer brings),
 * reflector_request.c (what is asked), reflector_retry.c (what follows when a
 * request is over) and reflector_timer.c (how long each may take).
 */
#ifndef HOSTGW_K8S_REFLECTOR_STATE_H
#define HOSTGW_K8S_REFLECTOR_STATE_H

#include "hostgw/backoff.h"
#include "node_stream.h"
#include "reflector.h"

/* What the request is that runs, or comes next. */
enum reflector_step {
	STEP_CHECK,  /* GET of the own Node: does this server know our version? */
	STEP_STREAM, /* WatchList up to the bookmark that ends it: a list in a watch's form */
	STEP_LIST,
	STEP_WATCH, /* also the rest of a WatchList */
};

/* How the next list is asked for. */
enum reflector_list {
	LIST_CACHED,     /* whatever the server has in its cache: cheap */
	LIST_NOT_OLDER,  /* at least what we have seen: another server must not take us back */
	LIST_CONSISTENT, /* from etcd, in pages: our version is not known any more */
};

struct reflector {
	struct reflector_needs needs;
	struct node_keys keys;
	struct node_seen *seen;
	struct node_sink sink;
	struct kube_watch_limits limits;
	char *node_name; /* of the own Node; NULL: nothing to check a version with */
	bool stopped;
	void (*closed)(void *ctx);
	void *closed_ctx;

	enum reflector_step step;
	enum reflector_list list;
	bool list_only;     /* no WatchList here, as was seen: LIST until one was whole */
	bool list_open;     /* list_begin was told, list_end was not */
	bool complete;      /* every item since list_begin could be read */
	uint64_t repair_at; /* not complete: when a list is due, in ms of the loop's clock */
	uint64_t repair_ms; /* how long the next such list waits; 0: not for long */
	bool resuming;      /* the sink waits for `resumed`, or for a list in its place */
	bool behind;        /* ... for `caught_up`, or for a list */
	char *version;      /* last seen; NULL before the first list */
	char *next_page;    /* of the list that is being read; NULL: its first page */
	bool more;          /* the page being read says that another follows */
	bool versioned;     /* the page being read has told its version */

	struct http_request *request; /* NULL: the timer runs */
	struct node_stream *stream;   /* of its answer */
	struct error broken;          /* the answer made no sense; code 0: it did */
	int event_code;               /* of an ERROR event; 0: none came */
	bool event_seen;
	char event_message[256];

	/* While no request runs: the wait. Else: limits and proofs. */
	uv_timer_t timer;
	uint64_t accepted_at; /* milliseconds of the loop's clock */
	uint64_t moved_at; /* the same: a WatchList was accepted, or brought a node that is new */
	bool distrust;     /* the connection failed us: the next request takes a new one */
	bool accepted;     /* the server accepted the request */
	bool proven;       /* the watch has lived for a second */
	bool told;         /* it brought an event or a bookmark */
	bool received;     /* bytes came since the timer fired last */
	unsigned hasty;    /* retries at once since the last proven watch */
	bool troubled;     /* the sink was told, and waits for `recovered` */
	struct backoff backoff;
};

/* reflector_request.c: starts the next request with these callbacks. */
int reflector_request(struct reflector *r, const struct http_call *callbacks, struct error *err);

/* reflector.c: what the answer to the request at hand is read as. */
enum node_stream_kind reflector_stream_kind(const struct reflector *r);
/* Sends the next request, now. */
void reflector_send(struct reflector *r);
/* Ends the request that runs, without another word of it. Not in its callbacks. */
void reflector_abandon(struct reflector *r);

/* reflector_retry.c */
/* What the request of that step is, as RBAC names it. */
const char *reflector_verb(enum reflector_step step);
/* Puts in front of the text what was being done. */
void reflector_say_doing(const struct reflector *r, struct error *err);
void reflector_trouble(struct reflector *r, const struct error *err);
void reflector_recovered(struct reflector *r);
/* The next request is a list from its beginning. */
void reflector_relist(struct reflector *r, enum reflector_list list);
/* The connection, or what came over it, is no good: says so, and tries again with backoff. */
void reflector_fail(struct reflector *r, const struct error *err);
/* Waits with backoff, then sends. */
void reflector_wait(struct reflector *r);
/* Tells the sink how far it knows everything, if it does. */
void reflector_tell_version(struct reflector *r);
/* The watch from the saved version stands; it has brought all that happened meanwhile. */
void reflector_resumed(struct reflector *r);
void reflector_caught_up(struct reflector *r);
/* Every Node was told: what comes now is the watch. */
void reflector_list_whole(struct reflector *r);
/* A request is over: decides what comes next. */
void reflector_over(struct reflector *r, const struct http_result *result);

/* reflector_timer.c */
extern const struct kube_watch_limits reflector_limits;
/* The request is on its way; was accepted; brought bytes: each has its limits. */
void reflector_begun(struct reflector *r);
void reflector_accepted(struct reflector *r);
void reflector_heard(struct reflector *r);
/* The first item since list_begin that could not be read: another list is due. */
void reflector_incomplete(struct reflector *r);
/* The wait is over, or a limit was reached, or a watch has proven itself. */
void reflector_on_timer(uv_timer_t *timer);

#endif
