/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tells of what stands in the way by Kubernetes Events about the Node concerned,
 * for those who look at `kubectl describe node` and not into logs. The same news is
 * one Event, however many nodes have it to tell, refreshed while it stands; there are never
 * many, and none where the API server forbids them.
 */
#ifndef DAEMON_EVENTS_H
#define DAEMON_EVENTS_H

#include "hostgw/kube_request.h"
#include "log.h"

struct events;

struct events_config {
	uv_loop_t *loop;
	struct kube_client *client; /* borrowed; outlives this */
	const struct log *log;      /* borrowed */
	const char *node_name;      /* borrowed */
};

int events_new(const struct events_config *config, struct events **out, struct error *err);
/* No callback comes after this; close it before the client. NULL is fine. */
void events_close(struct events *events);

/* Borrowed for the call, but for `reason`: one word in CamelCase, a constant. */
struct event_news {
	const char *node; /* whom it is about */
	const char *reason;
	const char *subject; /* tells it from other news, in the same words on every host that has
	                      * it to tell; NULL: the message does */
	const char *message;
};

/* This is so now. To be called in each round in which it stands. NULL events are fine: nothing is
 * sent. */
void events_note(struct events *events, const struct event_news *news);

/* All news of a round was noted; what was not, is past. `nodes`: how many there are to tell the
 * same. NULL is fine. */
void events_settle(struct events *events, size_t nodes);

#endif
