/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A request whose answer is nothing, or one text in a small JSON object.
 */
#ifndef HOSTGW_K8S_SIMPLE_CALL_H
#define HOSTGW_K8S_SIMPLE_CALL_H

#include "hostgw/kube_request.h"

/* All texts are copied, except for verb, resource and wanted, which must be constants. */
struct simple_call {
	const char *method;
	const char *path;
	const char *content_type; /* NULL: there is no body */
	const char *body;
	const char *verb, *resource; /* as RBAC names them, for messages */
	/* The member of a member that is the answer, be it a string, a number or a boolean; or
	 * NULL. */
	const char *wanted[2];
	kube_answer_fn done;
	void *ctx;
};

int simple_call_send(struct kube_client *client, const struct simple_call *call, struct error *err);

/* `before` and `after` with the escaped name in between, malloc'ed. NULL: no memory. */
char *simple_call_path(const char *before, const char *name, const char *after);

#endif
