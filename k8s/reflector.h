/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps a sink in step with the API server's Nodes: list, watch, and what to do
 * when either fails.
 */
#ifndef HOSTGW_K8S_REFLECTOR_H
#define HOSTGW_K8S_REFLECTOR_H

#include "hostgw/kube_client.h"
#include "http.h"
#include "node_keys.h"

struct reflector;

/* All of it is borrowed and must live until `closed` of reflector_stop. */
struct reflector_needs {
	uv_loop_t *loop;
	struct http *http;
	struct credentials *credentials;
	const struct kube_config *config;
	const enum kube_format *format; /* what to ask for */
	struct kube_watch_stats *stats; /* to count in */
};

/* Texts in `options` and `sink` are copied. */
int reflector_start(const struct reflector_needs *needs, const struct kube_watch_options *options,
                    const struct node_sink *sink, struct reflector **out, struct error *err);

/* See kube_watch_version. */
const char *reflector_version(const struct reflector *reflector);

/* The sink hears nothing any more; `closed` comes on a later turn of the loop. Allowed in the
 * sink's callbacks. */
void reflector_stop(struct reflector *reflector, void (*closed)(void *ctx), void *ctx);

#endif
