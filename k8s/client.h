/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a client is made of.
 */
#ifndef HOSTGW_K8S_CLIENT_H
#define HOSTGW_K8S_CLIENT_H

#include "hostgw/kube_client.h"
#include "http.h"
#include "reflector.h"

struct kube_client {
	uv_loop_t *loop;
	struct kube_config *config;
	struct credentials *credentials;
	struct http *http;
	enum kube_format format;
	struct kube_watch_stats stats;
	struct reflector *reflector; /* NULL: no watch was started */
	unsigned open;               /* parts that are not closed yet */
};

#endif
