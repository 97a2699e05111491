/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>

#include "http_error.h"
#include "reflector_state.h"
#include "text.h"

#define ANSWER_MS  60000u /* the headers of a watch come at once, or something is dead */
#define PROVEN_MS  1000u  /* a watch that lives so long is no accident */
#define HEALTHY_MS 60000u /* and one that lives so long ends the backoff */
#define HASTY_MAX  3      /* retries at once in a row, then with backoff */

void reflector_trouble(struct reflector *r, const struct error *err)
{
	struct error told = *err;

	if (r->stopped)
		return;
	error_wrap(&told, r->watching ? "watching Nodes" : "listing Nodes");
	text_flatten(told.text); /* parts of it may come from the server */
	r->troubled = true;
	r->sink.trouble(r->sink.ctx, &told);
}

void reflector_recovered(struct reflector *r)
{
	if (r->stopped || !r->troubled)
		return;
	r->troubled = false;
	r->sink.recovered(r->sink.ctx);
}

static void wait_ms(struct reflector *r, uint64_t ms)
{
	if (!r->stopped)
		uv_timer_start(&r->timer, reflector_on_timer, ms, 0);
}

void reflector_wait(struct reflector *r)
{
	wait_ms(r, backoff_next(&r->backoff));
}

/* What is to be expected now and then: retried at once, unless it happens again and again. */
static void retry_soon(struct reflector *r)
{
	if (r->hasty++ < HASTY_MAX)
		wait_ms(r, 0);
	else
		reflector_wait(r);
}

/* The next request is a list from its beginning. */
static void relist(struct reflector *r, enum reflector_list list)
{
	r->watching = false;
	r->list = r->version ? list : LIST_CACHED;
	r->list_open = false;
	free(r->next_page);
	r->next_page = NULL;
}

static void fail(struct reflector *r, const struct error *err)
{
	r->distrust = true;
	reflector_trouble(r, err);
	reflector_wait(r);
}

/* The server has another history than ours (its version was compacted, or etcd restored): only
 * a list straight from etcd helps. 504 is also what a gateway says that lost its server. */
static bool version_is_lost(int code, const char *message)
{
	return code == 410 || (code == 504 && strstr(message, "Too large resource version"));
}

static void overloaded(struct reflector *r, const struct http_result *result,
                       const struct error *err)
{
	unsigned ms = result->retry_after * 1000;

	reflector_trouble(r, err);
	if (ms > 0)
		wait_ms(r, backoff_random(ms, ms + ms / 5));
	else
		reflector_wait(r);
}

/* The request was answered with a status that is not 2xx. */
static void refused(struct reflector *r, const struct http_result *result)
{
	struct error err;

	if (version_is_lost(result->status, result->message)) {
		relist(r, LIST_CONSISTENT);
		retry_soon(r);
		return;
	}
	if (result->status == 401 &&
	    credentials_refresh(r->needs.credentials, uv_now(r->needs.loop))) {
		retry_soon(r);
		return;
	}
	http_explain_status(result, r->watching ? "watch" : "list", "nodes", r->needs.config, &err);
	if (result->status == 429 || result->status == 503) {
		overloaded(r, result, &err);
		return;
	}
	reflector_trouble(r, &err);
	if (r->watching && (result->status == 400 || result->status == 404))
		relist(r, LIST_NOT_OLDER); /* the version, not the right, may be what it dislikes */
	reflector_wait(r);
}

/* What broke a 2xx answer; code 0: nothing. */
static struct error failure_of(const struct reflector *r, const struct http_result *result)
{
	return r->broken.code ? r->broken : result->failure;
}

static void list_whole(struct reflector *r)
{
	struct error err;

	if (r->more) {
		reflector_send(r);
		return;
	}
	if (!r->version) {
		error_set(&err, EPROTO, "the list has no resourceVersion: this is no API server");
		relist(r, LIST_CACHED);
		fail(r, &err);
		return;
	}
	r->list_open = false;
	r->list = LIST_NOT_OLDER;
	r->watching = true;
	r->sink.list_end(r->sink.ctx, r->complete);
	reflector_recovered(r);
	if (!r->stopped)
		reflector_send(r);
}

void reflector_list_over(struct reflector *r, const struct http_result *result)
{
	struct error err = failure_of(r, result);
	bool refusal = result->status >= 300;

	if (!refusal && err.code == 0 && r->stream && node_stream_end(r->stream, &err) == 0) {
		list_whole(r);
		return;
	}
	relist(r, r->list == LIST_CONSISTENT ? LIST_CONSISTENT : LIST_NOT_OLDER);
	if (refusal)
		refused(r, result);
	else
		fail(r, &err);
}

static void event_failed(struct reflector *r)
{
	struct error err;

	if (version_is_lost(r->event_code, r->event_message)) {
		relist(r, LIST_CONSISTENT);
		retry_soon(r);
		return;
	}
	error_set(&err, EPROTO, "%s ended the watch with an error %d: %s", r->needs.config->server,
	          r->event_code, r->event_message);
	reflector_trouble(r, &err);
	relist(r, LIST_NOT_OLDER);
	reflector_wait(r);
}

/* The stream of an accepted watch ended, by the server, by a cut, or by our own clock: it goes
 * on from the last version. */
static void watch_ended(struct reflector *r, const struct http_result *result)
{
	struct error err;

	r->distrust = result->timed_out;
	if (r->proven || r->hasty < HASTY_MAX) {
		retry_soon(r);
		return;
	}
	error_set(&err, ECONNRESET,
	          "%s ends every watch at once (is there a proxy in between that does not let "
	          "long answers pass?)",
	          r->needs.config->server);
	fail(r, &err);
}

void reflector_watch_over(struct reflector *r, const struct http_result *result)
{
	if (r->event_seen)
		event_failed(r);
	else if (result->status >= 300)
		refused(r, result);
	else if (r->broken.code)
		fail(r, &r->broken);
	else if (!r->accepted)
		fail(r, &result->failure);
	else
		watch_ended(r, result);
}

void reflector_watch_sent(struct reflector *r)
{
	uv_timer_start(&r->timer, reflector_on_timer, ANSWER_MS, 0);
}

void reflector_watch_accepted(struct reflector *r)
{
	uv_timer_start(&r->timer, reflector_on_timer, PROVEN_MS, 0);
}

/* A connection that stands, with nobody behind it: keepalive does not notice that. */
static void unanswered(struct reflector *r)
{
	struct error err;

	http_cancel(r->request);
	r->request = NULL;
	error_set(&err, ETIMEDOUT, "%s does not answer within %u s", r->needs.config->server,
	          ANSWER_MS / 1000);
	fail(r, &err);
}

void reflector_on_timer(uv_timer_t *timer)
{
	struct reflector *r = timer->data;

	if (!r->request) {
		reflector_send(r);
	} else if (!r->accepted) {
		unanswered(r);
	} else if (!r->proven) {
		r->proven = true;
		r->hasty = 0;
		uv_timer_start(&r->timer, reflector_on_timer, HEALTHY_MS - PROVEN_MS, 0);
		reflector_recovered(r);
	} else {
		backoff_reset(&r->backoff);
	}
}
