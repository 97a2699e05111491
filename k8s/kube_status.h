/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the API server says with a status other than 2xx: the message of a Status object.
 */
#ifndef HOSTGW_K8S_KUBE_STATUS_H
#define HOSTGW_K8S_KUBE_STATUS_H

#include <stddef.h>

/*
 * The message in `body`, a Status in protobuf or JSON, or else the first line of whatever text
 * it is, tamed for an error. "" if there is nothing to read. Free it with free(3); NULL: out of
 * memory.
 */
char *kube_status_message(const char *body, size_t length);

#endif
