/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The JSON of Kubernetes Events (core v1, which every server speaks).
 */
#ifndef HOSTGW_K8S_KUBE_EVENT_H
#define HOSTGW_K8S_KUBE_EVENT_H

#include "hostgw/kube_request.h"

/* The object to create, or with event->known the patch; to be freed with cJSON_free. NULL: no
 * memory. */
char *kube_event_json(const struct kube_event *event);

#endif
