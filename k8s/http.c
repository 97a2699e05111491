/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http.h"

#include <errno.h>
#include <stdlib.h>

#include "http_request.h"

#define WAKE_MS 1000

struct http {
	uv_loop_t *loop;
	struct http_target target;
	struct credentials *credentials;
	CURLM *multi;
	uv_timer_t timer;
	uv_timer_t waker; /* runs while a request has no connection yet */
	unsigned handles; /* of libuv, not closed yet */
	struct http_request *requests;
	struct kube_request_counts counts;
	/* libcurl is on the stack, or a callback of ours: requests may be marked, but neither
	 * started nor ended. */
	bool busy;
	bool closing;
	void (*closed)(void *ctx);
	void *closed_ctx;
};

/* One socket of libcurl's. */
struct poller {
	uv_poll_t handle;
	struct http *http;
	curl_socket_t fd;
};

static void unlink_request(struct http *http, struct http_request *request)
{
	if (request->previous)
		request->previous->next = request->next;
	else
		http->requests = request->next;
	if (request->next)
		request->next->previous = request->previous;
}

/* What the server thinks of the credential. true: there is another one for the next request. */
static bool renew_credential(struct http *http, const struct http_request *request)
{
	int status = http_request_status(request);

	if (status == 401)
		return credentials_refused(http->credentials, request->generation,
		                           uv_now(http->loop));
	if (status >= 200 && status < 300)
		credentials_accepted(http->credentials, request->generation);
	return false;
}

static void drop_request(struct http *http, struct http_request *request)
{
	if (request->running)
		curl_multi_remove_handle(http->multi, request->easy);
	unlink_request(http, request);
	http_request_free(request);
}

/* Tells the callers what is over. A callback may cancel other requests: they are only marked. */
static void finish_requests(struct http *http)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(http->multi, &left)) != NULL) {
		struct http_request *request = NULL;
		CURLcode code = message->data.result;

		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&request);
		curl_multi_remove_handle(http->multi, request->easy);
		request->running = false;
		if (!request->cancelled)
			http_request_finish(request, code, http->target.config,
			                    renew_credential(http, request));
		drop_request(http, request);
	}
}

/* Requests that could not even begin: they end like the others, on the loop. */
static void finish_rejected(struct http *http)
{
	for (struct http_request *request = http->requests; request; request = request->next)
		if (request->rejected.code && !request->cancelled) {
			http_request_finish(request, CURLE_OK, http->target.config, false);
			request->cancelled = true;
		}
}

static void handle_closed(struct http *http)
{
	if (--http->handles > 0)
		return;
	http->closed(http->closed_ctx);
	free(http);
}

static void on_timer_closed(uv_handle_t *handle)
{
	handle_closed(handle->data);
}

static void tear_down(struct http *http)
{
	while (http->requests)
		drop_request(http, http->requests);
	curl_multi_cleanup(http->multi); /* gives back the pollers */
	http->multi = NULL;
	http_target_release(&http->target);
	uv_close((uv_handle_t *)&http->timer, on_timer_closed);
	uv_close((uv_handle_t *)&http->waker, on_timer_closed);
}

/* Forward: libcurl's timer is also what ends a rejected request. */
static void on_timer(uv_timer_t *timer);

static void reject_request(struct http *http, struct http_request *request, const struct error *err)
{
	request->rejected = *err;
	uv_timer_start(&http->timer, on_timer, 0, 0);
}

static void on_waker(uv_timer_t *waker)
{
	struct http *http = waker->data;
	bool woken = false;

	for (struct http_request *request = http->requests; request; request = request->next)
		woken = http_request_wake(request) || woken;
	if (!woken)
		uv_timer_stop(waker);
}

static void run_request(struct http *http, struct http_request *request,
                        const struct credential *credential)
{
	struct error err;

	if (http_request_authorize(request, &http->target, credential, &err) < 0) {
		reject_request(http, request, &err);
	} else if (curl_multi_add_handle(http->multi, request->easy) != CURLM_OK) {
		error_set(&err, ENOMEM, "out of memory");
		reject_request(http, request, &err);
	} else {
		request->running = true;
		uv_timer_start(&http->waker, on_waker, WAKE_MS, WAKE_MS);
		if (request->call.begun)
			request->call.begun(request->call.ctx);
	}
}

static void begin_request(struct http *http, struct http_request *request)
{
	struct credential credential;
	struct error err;
	int result = credentials_get(http->credentials, uv_now(http->loop), &credential, &err);

	if (result == -EINPROGRESS)
		request->waiting = true;
	else if (result < 0)
		reject_request(http, request, &err);
	else
		run_request(http, request, &credential);
}

/* Nothing of libcurl is on the stack any more: does what was only marked. */
static void settle(struct http *http)
{
	struct http_request *next;

	if (http->closing) {
		tear_down(http);
		return;
	}
	for (struct http_request *request = http->requests; request; request = next) {
		next = request->next;
		if (request->cancelled)
			drop_request(http, request);
		else if (!request->running && !request->rejected.code && !request->waiting)
			begin_request(http, request);
	}
}

/* The plugin has given a credential, or has failed, for all who wait. */
static void on_fetched(void *ctx, const struct error *err)
{
	struct http *http = ctx;
	struct credential credential;

	credentials_current(http->credentials, &credential);
	for (struct http_request *request = http->requests; request; request = request->next) {
		if (!request->waiting || request->cancelled)
			continue;
		request->waiting = false;
		if (err)
			reject_request(http, request, err);
		else
			run_request(http, request, &credential);
	}
}

static void turn(struct http *http, curl_socket_t fd, int events)
{
	int running;

	http->busy = true;
	curl_multi_socket_action(http->multi, fd, events, &running);
	finish_requests(http);
	finish_rejected(http);
	http->busy = false;
	settle(http);
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
	struct poller *poller = handle->data;
	int flags = status < 0 ? CURL_CSELECT_ERR : 0;

	if (events & UV_READABLE)
		flags |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		flags |= CURL_CSELECT_OUT;
	turn(poller->http, poller->fd, flags);
}

static void on_poller_closed(uv_handle_t *handle)
{
	struct poller *poller = handle->data;
	struct http *http = poller->http;

	free(poller);
	handle_closed(http);
}

static struct poller *poller_new(struct http *http, curl_socket_t fd)
{
	struct poller *poller = calloc(1, sizeof(*poller));

	if (!poller || uv_poll_init_socket(http->loop, &poller->handle, fd) < 0) {
		free(poller);
		return NULL;
	}
	poller->handle.data = poller;
	poller->http = http;
	poller->fd = fd;
	http->handles++;
	curl_multi_assign(http->multi, fd, poller);
	return poller;
}

/* CURLMOPT_SOCKETFUNCTION. The socket is closed after CURL_POLL_REMOVE, so the poll must stop now.
 */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
	struct poller *poller = socket_ctx;
	int events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (poller)
			uv_close((uv_handle_t *)&poller->handle, on_poller_closed);
		return 0;
	}
	if (!poller)
		poller = poller_new(ctx, fd);
	if (!poller)
		return -1;
	if (what != CURL_POLL_OUT)
		events |= UV_READABLE;
	if (what != CURL_POLL_IN)
		events |= UV_WRITABLE;
	return uv_poll_start(&poller->handle, events, on_poll) < 0 ? -1 : 0;
}

static void on_timer(uv_timer_t *timer)
{
	turn(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

/* CURLMOPT_TIMERFUNCTION; must not act at once, even for 0 (libcurl would be entered twice). */
static int on_timeout_set(CURLM *multi, long timeout_ms, void *ctx)
{
	struct http *http = ctx;

	(void)multi;
	if (timeout_ms < 0)
		uv_timer_stop(&http->timer);
	else
		uv_timer_start(&http->timer, on_timer, (uint64_t)timeout_ms, 0);
	return 0;
}

static int start_multi(struct http *http, struct error *err)
{
	http->multi = curl_multi_init();
	if (!http->multi)
		return error_set(err, ENOMEM, "out of memory");
	curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
	curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, on_timeout_set);
	curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
	uv_timer_init(http->loop, &http->timer);
	uv_timer_init(http->loop, &http->waker);
	http->timer.data = http;
	http->waker.data = http;
	http->handles = 2;
	return 0;
}

int http_new(uv_loop_t *loop, const struct kube_config *config, struct credentials *credentials,
             const char *user_agent, struct http **out, struct error *err)
{
	struct http *http = calloc(1, sizeof(*http));
	int result;

	if (!http)
		return error_set(err, ENOMEM, "out of memory");
	http->loop = loop;
	http->credentials = credentials;
	result = http_target_init(&http->target, config, user_agent, err);
	if (result == 0) {
		result = start_multi(http, err);
		if (result < 0)
			http_target_release(&http->target);
	}
	if (result < 0) {
		free(http);
		return result;
	}
	credentials_on_fetched(credentials, on_fetched, http);
	*out = http;
	return 0;
}

void http_close(struct http *http, void (*closed)(void *ctx), void *ctx)
{
	http->closing = true;
	http->closed = closed;
	http->closed_ctx = ctx;
	credentials_on_fetched(http->credentials, NULL, NULL);
	for (struct http_request *request = http->requests; request; request = request->next)
		request->cancelled = true;
	if (!http->busy)
		tear_down(http);
}

int http_start(struct http *http, const struct http_call *call, struct http_request **out,
               struct error *err)
{
	struct http_request *request;
	int result = http_request_new(http, &http->target, call, &request, err);

	if (result < 0)
		return result;
	request->counts = &http->counts;
	request->next = http->requests;
	if (request->next)
		request->next->previous = request;
	http->requests = request;
	if (!http->busy)
		settle(http);
	if (out)
		*out = request;
	return 0;
}

const struct kube_request_counts *http_counts(const struct http *http)
{
	return &http->counts;
}

void http_cancel(struct http_request *request)
{
	if (!request)
		return;
	request->cancelled = true;
	if (!request->http->busy)
		settle(request->http);
}
