/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tells of what stands in the way by Kubernetes Events about the own Node, for
 * those who look at `kubectl describe node` and not into logs. The same news is
 * one Event, refreshed while it stands; there are never many, and none where
 * the API server forbids them.
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

/* This is so now. `reason`: one word in CamelCase, a constant. To be called again as long as it
 * stands, at any rate. NULL events are fine: nothing is sent. */
void events_note(struct events *events, const char *reason, const char *message);

#endif
