/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "simple_call.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>

#include "client.h"
#include "http_error.h"
#include "json.h"
#include "text.h"

#define TIMEOUT_S  30
#define ANSWER_MAX (4u * 1024u * 1024u) /* etcd keeps no object of more than 1.5 MiB */

/* One on its way. */
struct sent {
	const struct kube_config *config;
	const char *verb, *resource;
	const char *wanted[2];
	struct text body; /* of the answer */
	char number[32];  /* the answer, if it is one */
	kube_answer_fn done;
	void *ctx;
};

static int on_received(void *ctx, const char *bytes, size_t length)
{
	struct sent *sent = ctx;

	return text_append(&sent->body, bytes, length, ANSWER_MAX);
}

static const char *to_text(struct sent *sent, const cJSON *value)
{
	if (cJSON_IsBool(value))
		return cJSON_IsTrue(value) ? "true" : "false";
	if (!cJSON_IsNumber(value))
		return cJSON_GetStringValue(value);
	snprintf(sent->number, sizeof(sent->number), "%.0f", cJSON_GetNumberValue(value));
	return sent->number;
}

static void find_text(struct sent *sent, const cJSON *root, struct kube_answer *answer)
{
	if (!cJSON_IsObject(root))
		answer->result = error_set(&answer->err, EPROTO,
		                           "%s answers to %s %s with something that is not JSON",
		                           sent->config->server, sent->verb, sent->resource);
	else
		answer->text = to_text(
			sent, json_member(json_member(root, sent->wanted[0]), sent->wanted[1]));
}

static void on_done(void *ctx, const struct http_result *result)
{
	struct sent *sent = ctx;
	struct kube_answer answer = {
		.err = result->failure,
		.result = -result->failure.code,
		.status = result->status,
		.retry_after = result->retry_after,
	};
	__attribute__((cleanup(json_release))) cJSON *root = NULL;

	if (result->status >= 300)
		answer.result = http_explain_status(result, sent->verb, sent->resource,
		                                    sent->config, &answer.err);
	else if (result->stopped)
		answer.result = error_set(&answer.err, EMSGSIZE, "the answer of %s is too long",
		                          sent->config->server);
	if (answer.result == 0 && sent->wanted[0]) {
		root = cJSON_ParseWithLength(sent->body.bytes ? sent->body.bytes : "",
		                             sent->body.length);
		find_text(sent, root, &answer);
	}
	text_flatten(answer.err.text);
	sent->done(sent->ctx, &answer);
}

static void on_release(void *ctx)
{
	struct sent *sent = ctx;

	text_free(&sent->body);
	free(sent);
}

int simple_call_send(struct kube_client *client, const struct simple_call *call, struct error *err)
{
	struct sent *sent = calloc(1, sizeof(*sent));
	struct http_call http = {.method = call->method,
	                         .verb = call->verb,
	                         .path = call->path,
	                         .accept = "application/json",
	                         .content_type = call->content_type,
	                         .body = call->body,
	                         .timeout_s = TIMEOUT_S,
	                         .ctx = sent,
	                         .received = call->wanted[0] ? on_received : NULL,
	                         .done = on_done,
	                         .release = on_release};
	int result;

	if (!sent || !call->path || (call->content_type && !call->body)) {
		free(sent);
		return error_set(err, ENOMEM, "out of memory");
	}
	*sent = (struct sent){.config = client->config,
	                      .verb = call->verb,
	                      .resource = call->resource,
	                      .wanted = {call->wanted[0], call->wanted[1]},
	                      .done = call->done,
	                      .ctx = call->ctx};
	result = http_start(client->http, &http, NULL, err);
	if (result < 0)
		free(sent);
	return result;
}

char *simple_call_path(const char *before, const char *name, const char *after)
{
	char *escaped = curl_easy_escape(NULL, name, 0);
	char *path;

	if (!escaped || asprintf(&path, "%s%s%s", before, escaped, after) < 0)
		path = NULL;
	curl_free(escaped);
	return path;
}
