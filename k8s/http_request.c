/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http_request.h"

#include <errno.h>
#include <stdlib.h>

#include "http_error.h"
#include "kube_status.h"
#include "request_counts.h"

#define REFUSAL_MAX       (64u * 1024u)
#define RETRY_AFTER_MAX_S 300 /* whoever asks for longer is asked again all the same */
#define DROPPED_MAX       (8u * 1024u * 1024u) /* of a body that nobody reads */

int http_request_status(const struct http_request *request)
{
	long status = 0;

	curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &status);
	return (int)status;
}

static bool is_success(int status)
{
	return status >= 200 && status < 300;
}

static size_t stop(struct http_request *request)
{
	request->stopped = true;
	return 0; /* fewer bytes than offered end the transfer */
}

/* Header lines come one by one; the empty one ends them. */
static size_t on_header(char *line, size_t unit, size_t length, void *ctx)
{
	struct http_request *request = ctx;
	const struct http_call *call = &request->call;
	const char *type = NULL;

	if (request->cancelled)
		return 0;
	if ((line[0] != '\r' && line[0] != '\n') || request->accepted ||
	    !is_success(http_request_status(request)))
		return unit * length;
	request->accepted = true;
	request_counts_add(request->counts, call->verb, http_request_status(request));
	curl_easy_getinfo(request->easy, CURLINFO_CONTENT_TYPE, &type);
	if (call->accepted && call->accepted(call->ctx, type ? type : "") < 0)
		return stop(request);
	return unit * length;
}

static size_t on_body(char *bytes, size_t unit, size_t length, void *ctx)
{
	struct http_request *request = ctx;
	const struct http_call *call = &request->call;
	size_t size = unit * length;

	if (request->cancelled)
		return 0;
	if (!is_success(http_request_status(request)))
		return text_append(&request->refusal, bytes, size, REFUSAL_MAX) < 0 ? 0 : size;
	if (call->received)
		return call->received(call->ctx, bytes, size) < 0 ? stop(request) : size;
	request->dropped += size;
	if (request->dropped > DROPPED_MAX)
		return stop(request);
	return size;
}

static bool add_header(struct http_request *request, const char *line)
{
	struct curl_slist *longer = line ? curl_slist_append(request->headers, line) : NULL;

	if (longer)
		request->headers = longer;
	return longer != NULL;
}

static bool add_field(struct http_request *request, const char *name, const char *value)
{
	char *line;
	bool added;

	if (!value)
		return true;
	if (asprintf(&line, "%s: %s", name, value) < 0)
		return false;
	added = add_header(request, line);
	explicit_bzero(line, strlen(line));
	free(line);
	return added;
}

static bool add_authorization(struct http_request *request, const char *token)
{
	char *value;
	bool added;

	if (!token)
		return true;
	if (asprintf(&value, "Bearer %s", token) < 0)
		return false;
	added = add_field(request, "Authorization", value);
	explicit_bzero(value, strlen(value));
	free(value);
	return added;
}

static int set_exchange(struct http_request *request, const struct http_target *target)
{
	const struct http_call *call = &request->call;
	CURL *easy = request->easy;
	int failed = 0;
	char *url;

	if (asprintf(&url, "%s%s", target->base, call->path) < 0)
		return -1;
	failed |= (int)curl_easy_setopt(easy, CURLOPT_URL, url);
	free(url);
	if (!add_field(request, "Accept", call->accept) ||
	    !add_field(request, "Content-Type", call->content_type) ||
	    !add_header(request, "Expect:") ||
	    (target->host_header && !add_header(request, target->host_header)))
		return -1;
	if (call->body) {
		failed |= (int)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE,
		                                (long)strlen(call->body));
		failed |= (int)curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, call->body);
		failed |= (int)curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call->method);
	}
	if (call->new_connection)
		failed |= (int)curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	if (call->timeout_s > 0)
		failed |= (int)curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long)call->timeout_s);
	if (call->stall_s > 0) {
		failed |= (int)curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
		failed |= (int)curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)call->stall_s);
	}
	return failed ? -1 : 0;
}

static int set_callbacks(struct http_request *request)
{
	CURL *easy = request->easy;
	int failed = 0;

	failed |= (int)curl_easy_setopt(easy, CURLOPT_PRIVATE, request);
	failed |= (int)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, request->message);
	failed |= (int)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	failed |= (int)curl_easy_setopt(easy, CURLOPT_HEADERDATA, request);
	failed |= (int)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	failed |= (int)curl_easy_setopt(easy, CURLOPT_WRITEDATA, request);
	return failed ? -1 : 0;
}

int http_request_new(struct http *http, const struct http_target *target,
                     const struct http_call *call, struct http_request **out, struct error *err)
{
	struct http_request *request = calloc(1, sizeof(*request));
	int result;

	if (!request)
		return error_set(err, ENOMEM, "out of memory");
	request->http = http;
	request->call = *call;
	request->easy = curl_easy_init();
	if (!request->easy || set_callbacks(request) < 0 || set_exchange(request, target) < 0) {
		result = error_set(err, ENOMEM, "out of memory");
	} else {
		result = http_options_apply(request->easy, target, err);
	}
	if (result < 0) {
		request->call.release = NULL; /* the caller keeps what it gave */
		http_request_free(request);
		return result;
	}
	*out = request;
	return 0;
}

int http_request_authorize(struct http_request *request, const struct http_target *target,
                           const struct credential *credential, struct error *err)
{
	request->generation = credential->generation;
	if (!add_authorization(request, credential->token) ||
	    curl_easy_setopt(request->easy, CURLOPT_HTTPHEADER, request->headers) != CURLE_OK)
		return error_set(err, ENOMEM, "out of memory");
	return http_options_authorize(request->easy, target, credential, err);
}

/*
 * Where a name has several addresses and one of them does not answer, libcurl 7.88 in its
 * multi-socket mode gives it up after a while, but begins with the next one only when something
 * else wakes the transfer. An end of a pause does.
 */
bool http_request_wake(struct http_request *request)
{
	curl_off_t connected = 0;

	curl_easy_getinfo(request->easy, CURLINFO_PRETRANSFER_TIME_T, &connected);
	if (!request->running || connected > 0)
		return false;
	curl_easy_pause(request->easy, CURLPAUSE_SEND);
	curl_easy_pause(request->easy, CURLPAUSE_CONT);
	return true;
}

void http_request_free(struct http_request *request)
{
	curl_easy_cleanup(request->easy);
	for (struct curl_slist *header = request->headers; header; header = header->next)
		explicit_bzero(header->data, strlen(header->data));
	curl_slist_free_all(request->headers);
	text_free(&request->refusal);
	if (request->call.release)
		request->call.release(request->call.ctx);
	free(request);
}

void http_request_finish(struct http_request *request, CURLcode code,
                         const struct kube_config *config, bool renewed)
{
	struct http_result result = {.status = http_request_status(request),
	                             .failure = request->rejected,
	                             .renewed = renewed,
	                             .stopped = request->stopped,
	                             .timed_out = code == CURLE_OPERATION_TIMEDOUT,
	                             .message = ""};
	char *message = NULL;
	curl_off_t retry_after = 0;

	if (result.status >= 300) {
		message = kube_status_message(request->refusal.bytes, request->refusal.length);
		result.message = message ? message : "";
		curl_easy_getinfo(request->easy, CURLINFO_RETRY_AFTER, &retry_after);
		if (retry_after > 0)
			result.retry_after = retry_after < RETRY_AFTER_MAX_S ? (unsigned)retry_after
			                                                     : RETRY_AFTER_MAX_S;
	} else if (code != CURLE_OK && !request->stopped && !request->rejected.code) {
		error_tame(request->message); /* it may quote a certificate */
		http_explain_transport(request->easy, code, request->message, config,
		                       &result.failure);
	}
	if (!request->accepted)
		request_counts_add(request->counts, request->call.verb, result.status);
	request->call.done(request->call.ctx, &result);
	free(message);
}
