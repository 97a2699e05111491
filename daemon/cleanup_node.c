/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cleanup_node.h"

#include <errno.h>
#include <uv.h>

#include "hostgw/kube_request.h"
#include "version.h"

struct outcome {
	struct kube_client *client;
	struct error *err;
	int result;
};

static void on_answer(void *ctx, const struct kube_answer *answer)
{
	struct outcome *outcome = ctx;

	outcome->result = answer->result;
	*outcome->err = answer->err;
	kube_client_close(outcome->client);
}

static int send_patch(uv_loop_t *loop, struct settings *settings, struct error *err)
{
	const struct kube_node_patch patch = {.forget = true};
	struct outcome outcome = {.err = err};
	int result = kube_client_new(loop, settings->kube, "hostgwd/" HOSTGW_VERSION,
	                             &outcome.client, err);

	if (result < 0)
		return result;
	settings->kube = NULL;
	result = kube_node_patch_send(outcome.client, settings->node_name,
	                              settings->options->kube_annotation_prefix, &patch, on_answer,
	                              &outcome, err);
	if (result < 0)
		kube_client_close(outcome.client);
	uv_run(loop, UV_RUN_DEFAULT);
	return result < 0 ? result : outcome.result;
}

int cleanup_node_forget(struct settings *settings, struct error *err)
{
	uv_loop_t loop;
	int result = uv_loop_init(&loop);

	if (result < 0)
		return error_set(err, -result, "starting the event loop: %s", uv_strerror(result));
	result = send_patch(&loop, settings, err);
	uv_loop_close(&loop);
	if (result == -ENOENT)
		return 0; /* a Node that is gone has no annotations */
	return result < 0 ? error_wrap(err, "the annotations of node %s", settings->node_name) : 0;
}
