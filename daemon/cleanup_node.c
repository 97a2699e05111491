/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cleanup_node.h"

#include <errno.h>
#include <string.h>
#include <uv.h>

#include "hostgw/kube_request.h"
#include "version.h"

struct visit {
	struct settings *settings;
	struct kube_client *client;
	bool look_only;
	struct error *err;
	int result;
};

static void finish(struct visit *visit, int result)
{
	visit->result = result;
	kube_client_close(visit->client);
}

static void on_patched(void *ctx, const struct kube_answer *answer)
{
	struct visit *visit = ctx;

	if (answer->result < 0)
		*visit->err = answer->err;
	/* A Node that is gone has no annotations. */
	finish(visit, answer->result == -ENOENT ? 0 : answer->result);
}

static void patch_node(struct visit *visit)
{
	const struct settings *settings = visit->settings;
	const struct kube_node_patch patch = {.forget = true};
	int result = 0;

	if (!visit->look_only)
		result = kube_node_patch_send(visit->client, settings->node_name,
		                              settings->options->kube_annotation_prefix, &patch,
		                              on_patched, visit, visit->err);
	if (visit->look_only || result < 0)
		finish(visit, result);
}

static void on_pod(void *ctx, const struct kube_answer *answer)
{
	struct visit *visit = ctx;
	char *name = visit->settings->node_name;
	size_t length = answer->text ? strlen(answer->text) : 0;

	if (answer->result < 0) {
		*visit->err = answer->err;
		finish(visit, answer->result);
	} else if (length == 0 || length > NODE_NAME_MAX) {
		finish(visit, error_set(visit->err, ENOENT, "the Pod has no spec.nodeName"));
	} else {
		memcpy(name, answer->text, length + 1);
		patch_node(visit);
	}
}

static int ask_for_node(struct visit *visit)
{
	const struct settings *settings = visit->settings;

	return kube_pod_node_get(visit->client, settings->pod_namespace, settings->pod_name, on_pod,
	                         visit, visit->err);
}

static int pay_visit(uv_loop_t *loop, struct visit *visit)
{
	struct settings *settings = visit->settings;
	int result = kube_client_new(loop, settings->kube, "hostgwd/" HOSTGW_VERSION,
	                             &visit->client, visit->err);

	if (result < 0)
		return result;
	settings->kube = NULL;
	if (settings->node_name[0])
		patch_node(visit);
	else if (ask_for_node(visit) < 0)
		finish(visit, -visit->err->code);
	uv_run(loop, UV_RUN_DEFAULT);
	return visit->result;
}

int cleanup_node_forget(struct settings *settings, bool look_only, struct error *err)
{
	struct visit visit = {.settings = settings, .look_only = look_only, .err = err};
	uv_loop_t loop;
	int result;

	if (look_only && settings->node_name[0])
		return 0;
	result = uv_loop_init(&loop);
	if (result < 0)
		return error_set(err, -result, "starting the event loop: %s", uv_strerror(result));
	result = pay_visit(&loop, &visit);
	uv_loop_close(&loop);
	if (result >= 0)
		return 0;
	if (settings->node_name[0])
		return error_wrap(err, "the annotations of node %s stay", settings->node_name);
	return error_wrap(err,
	                  "the annotations of this host's Node stay, as pod %s/%s does not tell "
	                  "its name (--node-name would)",
	                  settings->pod_namespace, settings->pod_name);
}
