/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counts requests by verb and status, for those who watch the daemon. Pure. */
#ifndef HOSTGW_K8S_REQUEST_COUNTS_H
#define HOSTGW_K8S_REQUEST_COUNTS_H

#include "hostgw/kube_client.h"

/* `verb` is kept as it is; `code` 0: there was no answer. */
void request_counts_add(struct kube_request_counts *counts, const char *verb, int code);

#endif
