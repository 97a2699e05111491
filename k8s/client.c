/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "client.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>

static int fill(struct kube_client *client, uv_loop_t *loop, struct kube_config *config,
                const char *user_agent, struct error *err)
{
	int result = credentials_new(loop, config, &client->credentials, err);

	if (result < 0)
		return result;
	client->loop = loop;
	client->open = 1;
	result = http_new(loop, config, client->credentials, user_agent, &client->http, err);
	if (result < 0)
		credentials_free(client->credentials);
	return result;
}

int kube_client_new(uv_loop_t *loop, struct kube_config *config, const char *user_agent,
                    struct kube_client **out, struct error *err)
{
	struct kube_client *client = calloc(1, sizeof(*client));
	int result;

	if (!client || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(client);
		return error_set(err, ENOMEM, "libcurl does not start");
	}
	result = fill(client, loop, config, user_agent, err);
	if (result < 0) {
		free(client);
		curl_global_cleanup();
		return result;
	}
	client->config = config;
	*out = client;
	return 0;
}

static void part_closed(void *ctx)
{
	struct kube_client *client = ctx;

	if (--client->open > 0)
		return;
	credentials_free(client->credentials);
	kube_config_free(client->config);
	free(client);
	curl_global_cleanup();
}

void kube_client_close(struct kube_client *client)
{
	if (!client)
		return;
	if (client->reflector)
		reflector_stop(client->reflector, part_closed, client);
	http_close(client->http, part_closed, client);
}

int kube_watch_start(struct kube_client *client, const struct kube_watch_options *options,
                     const struct node_sink *sink, struct error *err)
{
	struct reflector_needs needs = {.loop = client->loop,
	                                .http = client->http,
	                                .credentials = client->credentials,
	                                .config = client->config,
	                                .format = &client->format,
	                                .stats = &client->stats};
	int result;

	if (client->reflector)
		return error_set(err, EALREADY, "the Nodes are being watched already");
	result = reflector_start(&needs, options, sink, &client->reflector, err);
	if (result == 0)
		client->open++;
	return result;
}

const char *kube_watch_version(const struct kube_client *client)
{
	return client->reflector ? reflector_version(client->reflector) : NULL;
}

void kube_watch_use_format(struct kube_client *client, enum kube_format format)
{
	client->format = format;
}

const struct kube_request_counts *kube_client_requests(const struct kube_client *client)
{
	return http_counts(client->http);
}

void kube_watch_stats(const struct kube_client *client, struct kube_watch_stats *out)
{
	*out = client->stats;
}
