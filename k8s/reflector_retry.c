/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>

#include "http_error.h"
#include "reflector_state.h"
#include "text.h"

#define HASTY_MAX 3 /* retries at once in a row, then with backoff */

static const struct {
	const char *words; /* for messages */
	const char *verb;  /* as RBAC names it */
} doings[] = {
	[STEP_CHECK] = {"asking for the own Node", "get"},
	[STEP_STREAM] = {"listing Nodes", "watch"},
	[STEP_LIST] = {"listing Nodes", "list"},
	[STEP_WATCH] = {"watching Nodes", "watch"},
};

const char *reflector_verb(enum reflector_step step)
{
	return doings[step].verb;
}

void reflector_say_doing(const struct reflector *r, struct error *err)
{
	error_wrap(err, "%s", doings[r->step].words);
	text_flatten(err->text); /* parts of it may come from the server */
}

void reflector_trouble(struct reflector *r, const struct error *err)
{
	struct error told = *err;

	if (r->stopped)
		return;
	reflector_say_doing(r, &told);
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

void reflector_tell_version(struct reflector *r)
{
	if (!r->stopped && r->complete && r->version)
		r->sink.version(r->sink.ctx, r->version);
}

void reflector_resumed(struct reflector *r)
{
	if (r->stopped || !r->resuming)
		return;
	r->resuming = false;
	r->sink.resumed(r->sink.ctx);
}

void reflector_caught_up(struct reflector *r)
{
	/* An item that could not be read may be what was missed: then a list is due. */
	if (r->stopped || !r->behind || !r->complete)
		return;
	r->behind = false;
	r->sink.caught_up(r->sink.ctx);
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

void reflector_relist(struct reflector *r, enum reflector_list list)
{
	r->step = r->list_only ? STEP_LIST : STEP_STREAM;
	r->list = list == LIST_NOT_OLDER && !r->version ? LIST_CACHED : list;
	r->list_open = false;
	free(r->next_page);
	r->next_page = NULL;
}

/* The list failed: all of it again. */
static void list_again(struct reflector *r)
{
	reflector_relist(r, r->list == LIST_CONSISTENT ? LIST_CONSISTENT : LIST_NOT_OLDER);
}

/*
 * The watch goes on from the last version. If the connection or the server failed, it may be
 * another server now, or have got an older etcd back: a watch from a version that lies in the
 * future is accepted and silent for ever, so the version is checked first.
 */
static void check_version(struct reflector *r)
{
	if (r->step == STEP_WATCH && r->node_name && r->version)
		r->step = STEP_CHECK;
}

void reflector_fail(struct reflector *r, const struct error *err)
{
	r->distrust = true;
	reflector_trouble(r, err);
	check_version(r);
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
	if (result->status >= 500)
		check_version(r);
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
		reflector_relist(r, LIST_CONSISTENT);
		retry_soon(r);
		return;
	}
	if (r->step == STEP_STREAM && result->status == 422) {
		r->list_only = true;
		r->step = STEP_LIST;
		wait_ms(r, 0);
		return;
	}
	if (result->renewed) {
		retry_soon(r);
		return;
	}
	http_explain_status(result, doings[r->step].verb, "nodes", r->needs.config, &err);
	if (result->status == 429 || result->status == 503) {
		overloaded(r, result, &err);
		return;
	}
	reflector_trouble(r, &err);
	if (result->status >= 500)
		check_version(r);
	if (r->step == STEP_WATCH && (result->status == 400 || result->status == 404))
		reflector_relist(
			r,
			LIST_NOT_OLDER); /* the version, not the right, may be what it dislikes */
	reflector_wait(r);
}

/* What broke a 2xx answer; code 0: nothing. */
static struct error failure_of(const struct reflector *r, const struct http_result *result)
{
	return r->broken.code ? r->broken : result->failure;
}

void reflector_list_whole(struct reflector *r)
{
	r->list_open = false;
	r->list_only = false; /* the next list may meet another server, or a newer one */
	r->list = LIST_NOT_OLDER;
	r->step = STEP_WATCH;
	r->sink.list_end(r->sink.ctx, r->complete);
	reflector_recovered(r);
	reflector_tell_version(r);
}

/* A page of a LIST came whole. What an API server sends has a version, each page of it: without
 * one it is some other program's answer, and may lack every Node. */
static void page_whole(struct reflector *r)
{
	struct error err;

	if (!r->versioned) {
		error_set(&err, EPROTO, "the list has no resourceVersion: this is no API server");
		list_again(r);
		reflector_fail(r, &err);
		return;
	}
	if (r->more) {
		reflector_send(r);
		return;
	}
	reflector_list_whole(r);
	if (!r->stopped)
		reflector_send(r);
}

static void list_over(struct reflector *r, const struct http_result *result)
{
	struct error err = failure_of(r, result);
	bool refusal = result->status >= 300;

	if (!refusal && err.code == 0 && r->stream && node_stream_end(r->stream, &err) == 0) {
		page_whole(r);
		return;
	}
	list_again(r);
	if (refusal)
		refused(r, result);
	else
		reflector_fail(r, &err);
}

/* A server that has just started forbids all until it has read its roles, and one whose etcd is
 * away answers 500: both are waited for. But 500 is also what some say to a version that they
 * cannot read, and 403 where the right to get is missing: for ever there is no waiting. */
static bool check_may_pass(struct reflector *r, const struct http_result *result)
{
	struct error err;

	if (result->status != 403 && result->status != 500)
		return false;
	http_explain_status(result, "get", "nodes", r->needs.config, &err);
	reflector_trouble(r, &err);
	return r->hasty++ < HASTY_MAX;
}

/* The version is good: on with the watch. Whatever else the server says, but that it cannot answer
 * now, a list is always right. */
static void check_over(struct reflector *r, const struct http_result *result)
{
	if (result->status < 300) {
		if (result->failure.code) {
			reflector_fail(r, &result->failure);
		} else {
			r->step = STEP_WATCH;
			reflector_send(r);
		}
		return;
	}
	switch (result->status) {
	case 401:
	case 410:
	case 429:
	case 502:
	case 503:
	case 504:
		refused(r, result);
		return;
	default: /* 404: the own Node is gone */
		break;
	}
	if (check_may_pass(r, result)) {
		reflector_wait(r);
		return;
	}
	reflector_relist(r, LIST_NOT_OLDER);
	wait_ms(r, 0);
}

static void event_failed(struct reflector *r)
{
	struct error err;

	if (version_is_lost(r->event_code, r->event_message)) {
		reflector_relist(r, LIST_CONSISTENT);
		retry_soon(r);
		return;
	}
	error_set(&err, EPROTO, "%s ended the watch with an error %d: %s", r->needs.config->server,
	          r->event_code, r->event_message);
	reflector_trouble(r, &err);
	reflector_relist(r, LIST_NOT_OLDER);
	reflector_wait(r);
}

/* A WatchList ended before its bookmark: no list. */
static void stream_over(struct reflector *r, const struct http_result *result)
{
	struct error err = failure_of(r, result);

	list_again(r);
	if (r->list_only) {
		wait_ms(r, 0); /* it was us who gave it up */
	} else if (r->event_seen) {
		event_failed(r);
	} else if (result->status >= 300) {
		refused(r, result);
	} else {
		if (err.code == 0)
			error_set(&err, ECONNRESET,
			          "%s ended the list before the bookmark that completes it",
			          r->needs.config->server);
		reflector_fail(r, &err);
	}
}

/* The stream of an accepted watch ended, by the server, by a cut, or by our own clock: it goes
 * on from the last version. */
static void watch_ended(struct reflector *r, const struct http_result *result)
{
	struct error err;

	r->distrust = result->timed_out;
	/* In order, too, but without a word: it may be that all lies in the future. */
	if (result->failure.code || !r->told)
		check_version(r);
	if (r->proven || r->hasty < HASTY_MAX) {
		retry_soon(r);
		return;
	}
	error_set(&err, ECONNRESET,
	          "%s ends every watch at once (is there a proxy in between that does not let "
	          "long answers pass?)",
	          r->needs.config->server);
	reflector_fail(r, &err);
}

static enum kube_watch_end how_watch_ended(const struct reflector *r,
                                           const struct http_result *result)
{
	if (r->event_seen)
		return version_is_lost(r->event_code, r->event_message) ? KUBE_WATCH_EXPIRED
		                                                        : KUBE_WATCH_FAILED;
	if (result->status >= 300)
		return version_is_lost(result->status, result->message) ? KUBE_WATCH_EXPIRED
		                                                        : KUBE_WATCH_REFUSED;
	return r->broken.code || !r->accepted || result->failure.code ? KUBE_WATCH_BROKEN
	                                                              : KUBE_WATCH_ENDED;
}

static void watch_over(struct reflector *r, const struct http_result *result)
{
	r->needs.stats->ends[how_watch_ended(r, result)]++;
	if (r->event_seen)
		event_failed(r);
	else if (result->status >= 300)
		refused(r, result);
	else if (r->broken.code)
		reflector_fail(r, &r->broken);
	else if (!r->accepted)
		reflector_fail(r, &result->failure);
	else
		watch_ended(r, result);
}

void reflector_over(struct reflector *r, const struct http_result *result)
{
	switch (r->step) {
	case STEP_CHECK:
		check_over(r, result);
		break;
	case STEP_STREAM:
		stream_over(r, result);
		break;
	case STEP_LIST:
		list_over(r, result);
		break;
	case STEP_WATCH:
		watch_over(r, result);
		break;
	}
}
