/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of a reflector, shared by reflector.c (requests and what they
 * bring) and reflector_retry.c (what follows when one is over).
 */
#ifndef HOSTGW_K8S_REFLECTOR_STATE_H
#define HOSTGW_K8S_REFLECTOR_STATE_H

#include "backoff.h"
#include "node_stream.h"
#include "reflector.h"

/* How the next list is asked for. */
enum reflector_list {
	LIST_CACHED,     /* whatever the server has in its cache: cheap */
	LIST_NOT_OLDER,  /* at least what we have seen: another server must not take us back */
	LIST_CONSISTENT, /* from etcd, in pages: our version is not known any more */
};

struct reflector {
	struct reflector_needs needs;
	struct node_keys keys;
	struct node_sink sink;
	bool stopped;
	void (*closed)(void *ctx);
	void *closed_ctx;

	bool watching; /* the request that runs, or comes next, is a watch; else a list */
	enum reflector_list list;
	bool list_open;  /* list_begin was told, list_end was not */
	bool complete;   /* every item of the list could be read */
	char *version;   /* last seen; NULL before the first list */
	char *next_page; /* of the list that is being read; NULL: its first page */
	bool more;       /* the page being read says that another follows */

	struct http_request *request; /* NULL: the timer runs */
	struct node_stream *stream;   /* of its answer */
	struct error broken;          /* the answer made no sense; code 0: it did */
	int event_code;               /* of an ERROR event; 0: none came */
	bool event_seen;
	char event_message[256];

	uv_timer_t timer; /* while no request runs: the wait; while watching: the proofs below */
	bool distrust;    /* the connection failed us: the next request takes a new one */
	bool accepted;    /* the server accepted the request */
	bool proven;      /* the watch has lived for a second */
	unsigned hasty;   /* retries at once since the last proven watch */
	bool troubled;    /* the sink was told, and waits for `recovered` */
	struct backoff backoff;
};

/* reflector.c: sends the next request, now. */
void reflector_send(struct reflector *r);

/* reflector_retry.c */
void reflector_trouble(struct reflector *r, const struct error *err);
void reflector_recovered(struct reflector *r);
/* Waits with backoff, then sends. */
void reflector_wait(struct reflector *r);
/* A list, or a watch, is over: decides what comes next. */
void reflector_list_over(struct reflector *r, const struct http_result *result);
void reflector_watch_over(struct reflector *r, const struct http_result *result);
/* The timer: the wait is over, or the watch had no answer, or has proven itself. */
void reflector_on_timer(uv_timer_t *timer);
/* A watch waits for its answer, but not for ever; once it is accepted, the proofs begin. */
void reflector_watch_sent(struct reflector *r);
void reflector_watch_accepted(struct reflector *r);

#endif
