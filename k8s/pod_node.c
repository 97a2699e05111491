/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "simple_call.h"

int kube_pod_node_get(struct kube_client *client, const char *name_space, const char *pod,
                      kube_answer_fn done, void *ctx, struct error *err)
{
	char *folder = simple_call_path("/api/v1/namespaces/", name_space, "/pods/");
	char *path = folder ? simple_call_path(folder, pod, "") : NULL;
	const struct simple_call call = {.method = "GET",
	                                 .path = path,
	                                 .verb = "get",
	                                 .resource = "pods",
	                                 .wanted = {"spec", "nodeName"},
	                                 .done = done,
	                                 .ctx = ctx};
	int result = simple_call_send(client, &call, err);

	free(folder);
	free(path);
	return result;
}
