/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reflector.h"

#include <errno.h>
#include <stdlib.h>

#include "reflector_state.h"

static void replace(char **text, const char *value)
{
	char *copy = value ? strdup(value) : NULL;

	free(*text);
	*text = copy;
}

static void on_changed(void *ctx, const struct node_record *record)
{
	struct reflector *r = ctx;

	r->moved_at = uv_now(r->needs.loop);
	if (!r->stopped)
		r->sink.node_changed(r->sink.ctx, record);
}

static void on_removed(void *ctx, const char *name)
{
	struct reflector *r = ctx;

	if (!r->stopped)
		r->sink.node_removed(r->sink.ctx, name);
}

/* The initial events of a WatchList come in the order of names: their versions say nothing of how
 * far we are. */
static void on_version(void *ctx, const char *version)
{
	struct reflector *r = ctx;

	r->told = true;
	if (r->step != STEP_STREAM)
		replace(&r->version, version);
}

static void on_initial_end(struct reflector *r, const char *version)
{
	if (!version) {
		error_set(&r->broken, EPROTO,
		          "the bookmark that ends the list has no "
		          "resourceVersion: this is no API server");
		return;
	}
	replace(&r->version, version);
	reflector_list_whole(r);
	reflector_accepted(r);
}

static void on_bookmark(void *ctx, const char *version, bool initial_end)
{
	struct reflector *r = ctx;

	if (r->stopped)
		return;
	r->told = true;
	if (r->step != STEP_STREAM) {
		if (version)
			replace(&r->version, version);
		reflector_resumed(r);
		if (version)
			reflector_caught_up(r);
		reflector_tell_version(r);
	} else if (initial_end) {
		on_initial_end(r, version);
	} else {
		r->list_only = true; /* an ordinary watch: it knows no WatchList */
	}
}

static void on_listed(void *ctx, const char *version, const char *next_page)
{
	struct reflector *r = ctx;

	if (*version) {
		replace(&r->version, version);
		r->versioned = true;
	}
	replace(&r->next_page, next_page);
	r->more = next_page != NULL;
}

static void on_failed(void *ctx, int code, const char *message)
{
	struct reflector *r = ctx;

	r->event_seen = true;
	r->event_code = code;
	snprintf(r->event_message, sizeof(r->event_message), "%s", message);
}

static void on_skipped(void *ctx, const struct error *err)
{
	struct reflector *r = ctx;
	struct error told = *err;

	if (r->complete)
		reflector_incomplete(r);
	if (r->stopped)
		return;
	error_wrap(&told, "one item is skipped");
	reflector_say_doing(r, &told);
	r->sink.skipped(r->sink.ctx, &told);
}

enum node_stream_kind reflector_stream_kind(const struct reflector *r)
{
	if (r->step == STEP_LIST || r->step == STEP_CHECK) /* no stream: ;stream=watch is a 406 */
		return NODE_STREAM_LIST;
	return r->step == STEP_STREAM ? NODE_STREAM_WATCH_LIST : NODE_STREAM_WATCH;
}

/* What a plugin takes to give a credential is no silence of the server. */
static void on_begun(void *ctx)
{
	reflector_begun(ctx);
}

static int on_accepted(void *ctx, const char *content_type)
{
	struct reflector *r = ctx;
	struct node_stream_events events = {.ctx = r,
	                                    .changed = on_changed,
	                                    .removed = on_removed,
	                                    .version = on_version,
	                                    .bookmark = on_bookmark,
	                                    .listed = on_listed,
	                                    .failed = on_failed,
	                                    .skipped = on_skipped};
	struct node_stream_base base = {&r->keys, r->seen, r->needs.stats};
	int result = node_stream_new(reflector_stream_kind(r), content_type, &base, &events,
	                             &r->stream, &r->broken);

	if (result < 0)
		return result;
	r->accepted = true;
	r->accepted_at = uv_now(r->needs.loop);
	r->moved_at = r->accepted_at;
	reflector_accepted(r);
	if (r->step != STEP_WATCH && !r->list_open) {
		r->list_open = true;
		r->complete = true;
		r->resuming = false;
		r->behind = false;
		node_seen_clear(r->seen);
		r->sink.list_begin(r->sink.ctx);
	}
	return r->stopped ? -ECANCELED : 0;
}

static int on_received(void *ctx, const char *bytes, size_t length)
{
	struct reflector *r = ctx;
	int result = node_stream_push(r->stream, bytes, length, &r->broken);

	if (result < 0 && r->event_seen)
		r->broken.code = 0;
	if (r->stopped || r->broken.code || (r->step == STEP_STREAM && r->list_only))
		return -ECANCELED;
	r->needs.stats->heard_at = uv_now(r->needs.loop);
	reflector_heard(r);
	return result;
}

static void on_done(void *ctx, const struct http_result *result)
{
	struct reflector *r = ctx;
	struct node_stream *stream = r->stream;

	r->request = NULL;
	uv_timer_stop(&r->timer);
	reflector_over(r, result);
	/* The next request has no answer yet, so the stream is still the old one. */
	node_stream_free(stream);
	if (r->stream == stream)
		r->stream = NULL;
}

void reflector_abandon(struct reflector *r)
{
	http_cancel(r->request);
	r->request = NULL;
	node_stream_free(r->stream);
	r->stream = NULL;
}

void reflector_send(struct reflector *r)
{
	bool check = r->step == STEP_CHECK; /* of its answer the status is all that counts */
	struct http_call callbacks = {.ctx = r,
	                              .begun = on_begun,
	                              .accepted = check ? NULL : on_accepted,
	                              .received = check ? NULL : on_received,
	                              .done = on_done};
	struct error err;

	r->stream = NULL;
	r->broken = (struct error){0};
	r->event_seen = false;
	r->event_code = 0;
	r->accepted = false;
	r->proven = false;
	r->told = false;
	r->received = false;
	r->more = false;
	r->versioned = false;
	if (reflector_request(r, &callbacks, &err) == 0) {
		r->distrust = false;
		return;
	}
	reflector_trouble(r, &err);
	reflector_wait(r);
}

static void release(struct reflector *r)
{
	node_seen_free(r->seen);
	free(r->node_name);
	free(r->version);
	free(r->next_page);
	free(r);
}

/* With a saved version the server is first asked whether it knows it; else all begins with a
 * list. */
static int begin(struct reflector *r, const struct kube_watch_options *options, struct error *err)
{
	replace(&r->node_name, options->node_name);
	replace(&r->version, options->resume_version);
	if ((options->node_name && !r->node_name) || (options->resume_version && !r->version))
		return error_set(err, ENOMEM, "out of memory");
	r->resuming = options->resume_version != NULL;
	r->behind = r->resuming;
	r->complete = r->resuming;
	r->limits = options->limits ? *options->limits : reflector_limits;
	r->list = LIST_CACHED;
	r->step = !r->resuming ? STEP_STREAM : r->node_name ? STEP_CHECK : STEP_WATCH;
	if (node_seen_new(&r->seen, err) < 0)
		return -err->code;
	return node_keys_init(&r->keys, options->annotation_prefix, err);
}

int reflector_start(const struct reflector_needs *needs, const struct kube_watch_options *options,
                    const struct node_sink *sink, struct reflector **out, struct error *err)
{
	struct reflector *r = calloc(1, sizeof(*r));
	int result;

	if (!r)
		return error_set(err, ENOMEM, "out of memory");
	r->needs = *needs;
	r->sink = *sink;
	result = begin(r, options, err);
	if (result < 0) {
		release(r);
		return result;
	}
	uv_timer_init(needs->loop, &r->timer);
	r->timer.data = r;
	/* Not at once: the sink must not hear anything before this function has returned. */
	uv_timer_start(&r->timer, reflector_on_timer, 0, 0);
	*out = r;
	return 0;
}

const char *reflector_version(const struct reflector *r)
{
	bool current = r->step == STEP_WATCH || r->step == STEP_CHECK;

	return current && r->complete ? r->version : NULL;
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct reflector *r = handle->data;

	node_stream_free(r->stream);
	r->closed(r->closed_ctx);
	release(r);
}

void reflector_stop(struct reflector *r, void (*closed)(void *ctx), void *ctx)
{
	r->stopped = true;
	r->closed = closed;
	r->closed_ctx = ctx;
	http_cancel(r->request);
	r->request = NULL;
	uv_close((uv_handle_t *)&r->timer, on_timer_closed);
}
