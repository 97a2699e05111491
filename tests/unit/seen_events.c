/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seen_events.h"

#include "check.h"

void seen_line(struct text *seen, const char *what, const char *text)
{
	add_text(seen, what);
	add_text(seen, " ");
	add_text(seen, text);
	add_text(seen, "\n");
}

/* A text after its length: what is in it cannot look like something else. */
static void see_text(struct text *seen, const char *what, const char *text)
{
	char head[128];

	if (!text)
		return;
	snprintf(head, sizeof(head), " %s=%zu:", what, strlen(text));
	add_text(seen, head);
	add_text(seen, text);
}

void seen_record(struct text *seen, const struct node_record *record)
{
	char number[64];

	add_text(seen, "changed");
	see_text(seen, "name", record->name);
	snprintf(number, sizeof(number), " created=%lld available=%d", (long long)record->created,
	         record->network_available);
	add_text(seen, number);
	for (size_t i = 0; i < record->pod_cidr_count; i++)
		see_text(seen, "cidr", record->pod_cidrs[i]);
	for (size_t i = 0; i < record->address_count; i++)
		see_text(seen, "address", record->addresses[i]);
	for (size_t i = 0; i < NODE_ANNOTATIONS; i++) {
		snprintf(number, sizeof(number), "annotation %zu", i);
		see_text(seen, number, record->annotations[i]);
	}
	add_text(seen, "\n");
}

static void on_changed(void *ctx, const struct node_record *record)
{
	seen_record(ctx, record);
}

static void on_removed(void *ctx, const char *name)
{
	seen_line(ctx, "removed", name);
}

static void on_version(void *ctx, const char *version)
{
	seen_line(ctx, "version", version);
}

static void on_bookmark(void *ctx, const char *version, bool initial_end)
{
	seen_line(ctx, initial_end ? "initial end" : "bookmark", version ? version : "none");
}

static void on_listed(void *ctx, const char *version, const char *next_page)
{
	seen_line(ctx, "listed", version);
	seen_line(ctx, "next page", next_page ? next_page : "none");
}

static void on_failed(void *ctx, int code, const char *message)
{
	char number[32];

	snprintf(number, sizeof(number), "error %d", code);
	seen_line(ctx, number, message);
}

static void on_skipped(void *ctx, const struct error *err)
{
	seen_line(ctx, "skipped", err->text);
}

static int push(void *ctx, const char *bytes, size_t length, struct error *err)
{
	return node_stream_push(ctx, bytes, length, err);
}

/* A stream that failed says nothing any more, and gives the same answer again. */
static void check_stays_failed(struct node_stream *stream, const struct text *answer,
                               const struct error *err, const struct text *seen)
{
	size_t length = seen->length;
	struct error again = {0};

	assert_int_equal(node_stream_push(stream, answer->bytes, answer->length, &again),
	                 -err->code);
	assert_string_equal(again.text, err->text);
	assert_int_equal(seen->length, length);
}

void seen_run(struct text *seen, enum node_stream_kind kind, const char *content_type,
              const struct node_keys *keys, const struct text *answer, struct pieces pieces,
              struct kube_watch_stats *stats)
{
	struct kube_watch_stats ignored = {0};
	struct node_stream_base base = {.keys = keys, .stats = stats ? stats : &ignored};
	struct node_stream_events events = {seen,        on_changed, on_removed, on_version,
	                                    on_bookmark, on_listed,  on_failed,  on_skipped};
	struct node_stream *stream;
	struct error err = {0};
	int result;

	assert_int_equal(node_seen_new(&base.seen, &err), 0);
	assert_int_equal(node_stream_new(kind, content_type, &base, &events, &stream, &err), 0);
	result = pieces_push(answer->bytes, answer->length, pieces, push, stream, &err);
	if (result < 0)
		check_stays_failed(stream, answer, &err, seen);
	else
		result = node_stream_end(stream, &err);
	seen_line(seen, result == 0 ? "whole" : "failed", result == 0 ? "" : err.text);
	node_stream_free(stream);
	node_seen_free(base.seen);
}
