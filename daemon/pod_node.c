/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pod_node.h"

#include <errno.h>
#include <stdlib.h>

#include "hostgw/backoff.h"

struct pod_node {
	struct pod_node_config config;
	struct backoff backoff;
	uv_timer_t timer;
	struct log_repeat repeat;
};

static void ask(uv_timer_t *timer);

static void retry_later(struct pod_node *pod_node, const struct error *err, unsigned retry_after)
{
	struct error wrapped = *err;

	error_wrap(&wrapped,
	           "the Node of pod %s/%s is not known yet (NODE_NAME from spec.nodeName or "
	           "--node-name would tell)",
	           pod_node->config.name_space, pod_node->config.pod);
	log_trouble(pod_node->config.log, &pod_node->repeat, &wrapped,
	            uv_now(pod_node->config.loop));
	uv_timer_start(&pod_node->timer, ask, backoff_next_after(&pod_node->backoff, retry_after),
	               0);
}

static void on_answer(void *ctx, const struct kube_answer *answer)
{
	struct pod_node *pod_node = ctx;
	struct error err;

	if (answer->result < 0) {
		retry_later(pod_node, &answer->err, answer->retry_after);
	} else if (!answer->text || !*answer->text) {
		error_set(&err, ENOENT, "the Pod has no spec.nodeName");
		retry_later(pod_node, &err, 0);
	} else {
		pod_node->config.found(pod_node->config.ctx, answer->text);
	}
}

static void ask(uv_timer_t *timer)
{
	struct pod_node *pod_node = timer->data;
	const struct pod_node_config *config = &pod_node->config;
	struct error err;

	if (kube_pod_node_get(config->client, config->name_space, config->pod, on_answer, pod_node,
	                      &err) < 0)
		retry_later(pod_node, &err, 0);
}

int pod_node_find(const struct pod_node_config *config, struct pod_node **out, struct error *err)
{
	struct pod_node *pod_node = calloc(1, sizeof(*pod_node));

	if (!pod_node)
		return error_set(err, ENOMEM, "out of memory");
	pod_node->config = *config;
	uv_timer_init(config->loop, &pod_node->timer);
	pod_node->timer.data = pod_node;
	uv_timer_start(&pod_node->timer, ask, 0, 0);
	*out = pod_node;
	return 0;
}

static void free_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void pod_node_close(struct pod_node *pod_node)
{
	if (pod_node)
		uv_close((uv_handle_t *)&pod_node->timer, free_closed);
}
