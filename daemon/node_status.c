/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node_status.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hostgw/backoff.h"

#define RETRY_LAST_MS 60000

struct node_status {
	struct node_status_config config;
	struct own_node *own; /* borrowed; NULL until it is set */
	struct ip_addr public_ip[IP_FAMILIES];
	bool ready;
	/* the patch under way; its texts are borrowed from here */
	bool in_flight;
	struct kube_node_patch patch;
	struct own_node_texts texts;
	uv_timer_t retry;
	struct backoff backoff;
	struct log_repeat repeat;
};

int node_status_new(const struct node_status_config *config, struct node_status **out,
                    struct error *err)
{
	struct node_status *status = calloc(1, sizeof(*status));

	if (!status)
		return error_set(err, ENOMEM, "out of memory");
	status->config = *config;
	status->backoff.last_ms = RETRY_LAST_MS;
	uv_timer_init(config->loop, &status->retry);
	status->retry.data = status;
	*out = status;
	return 0;
}

static void free_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void node_status_close(struct node_status *status)
{
	if (status)
		uv_close((uv_handle_t *)&status->retry, free_closed);
}

static void send_difference(struct node_status *status);

static void retry_now(uv_timer_t *timer)
{
	send_difference(timer->data);
}

static void retry_later(struct node_status *status, const struct error *err, unsigned retry_after)
{
	struct error wrapped = *err;

	error_wrap(&wrapped, "cannot update the status of node %s", status->config.node_name);
	log_trouble(status->config.log, &status->repeat, &wrapped, uv_now(status->config.loop));
	uv_timer_start(&status->retry, retry_now, backoff_next_after(&status->backoff, retry_after),
	               0);
}

static void patch_done(void *ctx, const struct kube_answer *answer)
{
	struct node_status *status = ctx;

	status->in_flight = false;
	if (answer->result < 0) {
		retry_later(status, &answer->err, answer->retry_after);
		return;
	}
	backoff_reset(&status->backoff);
	status->repeat = (struct log_repeat){0};
	if (status->patch.network_available)
		log_info(status->config.log, "Set condition NetworkUnavailable=False of node %s",
		         status->config.node_name);
	if (own_node_patched(status->own, &status->patch) == 0)
		send_difference(status);
}

static void send_difference(struct node_status *status)
{
	const struct node_status_config *config = &status->config;
	bool available = status->ready && config->set_condition;
	struct error err;

	if (status->in_flight)
		return;
	/* A Node that is not there cannot be patched; it will be told of when it is. */
	if (!status->own->known || !own_node_difference(status->own, status->public_ip, available,
	                                                &status->texts, &status->patch)) {
		backoff_reset(&status->backoff);
		return;
	}
	if (kube_node_patch_send(config->client, config->node_name, config->annotation_prefix,
	                         &status->patch, patch_done, status, &err) < 0)
		retry_later(status, &err, 0);
	else
		status->in_flight = true;
}

void node_status_set(struct node_status *status, struct own_node *own,
                     const struct ip_addr public_ip[IP_FAMILIES], bool ready)
{
	status->own = own;
	memcpy(status->public_ip, public_ip, sizeof(status->public_ip));
	status->ready = ready;
	/* A failed try keeps its backoff, whatever happens meanwhile. */
	if (!uv_is_active((const uv_handle_t *)&status->retry))
		send_difference(status);
}
