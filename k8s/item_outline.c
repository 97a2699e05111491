/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <errno.h>

#include "item_scan.h"

static const struct projection list_metadata[] = {
	{"resourceVersion", NULL}, {"continue", NULL}, {NULL, NULL}};

/* Marks the item at hand as bad; the first cause is the one worth telling. */
static void note(struct item_stream *s, const char *at, const char *why)
{
	uint64_t column = s->consumed + (uint64_t)(at - s->chunk) - s->line_start + 1;

	if (s->reason[0] != '\0')
		return;
	if (s->options.lines_only)
		snprintf(s->reason, sizeof(s->reason), "line %lu: %s", s->line, why);
	else
		snprintf(s->reason, sizeof(s->reason), "line %lu, column %llu: %s", s->line,
		         (unsigned long long)column, why);
}

void outline_fail(struct item_stream *s, const char *at, const char *why)
{
	note(s, at, why);
	error_set(&s->failure, EINVAL, "%s", s->reason);
	s->state = SCAN_FAILED;
}

void outline_spoil(struct item_stream *s, const char *at, const char *why)
{
	char text[120];

	if (isprint((unsigned char)*at))
		snprintf(text, sizeof(text), "%s, not '%c'", why, *at);
	else
		snprintf(text, sizeof(text), "%s, not byte 0x%02x", why, (unsigned char)*at);
	if (!s->capture.active || s->is_head) {
		outline_fail(s, at, text);
		return;
	}
	note(s, at, text);
	s->state = SCAN_RECOVER;
}

void outline_taint(struct item_stream *s, const char *at, const char *why)
{
	if (s->capture.active && !s->is_head)
		note(s, at, why);
	else
		outline_fail(s, at, why);
}

void outline_line(struct item_stream *s, const char *at)
{
	s->line++;
	s->line_start = s->consumed + (uint64_t)(at - s->chunk) + 1;
}

static void take_result(struct item_stream *s, int result)
{
	if (result >= 0)
		return;
	s->failure.code = -result;
	s->state = SCAN_FAILED;
}

static void hand_over(struct item_stream *s, const char *at)
{
	const struct text *kept = &s->capture.text;
	struct item item = {kept->bytes ? kept->bytes : "", kept->length, s->item_line};

	if (s->capture.trouble == -ENOMEM)
		outline_fail(s, at, "out of memory");
	else if (s->capture.trouble)
		outline_taint(s, at, "the item is larger than 1 MiB");
	if (s->state == SCAN_FAILED)
		return;
	if (s->is_head && s->member == LIST_MEMBER_KIND) {
		take_result(s, s->events.kind(s->events.ctx, &item, &s->failure));
	} else if (s->is_head) {
		take_result(s, s->events.metadata(s->events.ctx, &item, &s->failure));
	} else if (s->reason[0] != '\0') {
		s->skipped++;
		take_result(s, s->events.skipped(s->events.ctx, &item, s->reason, &s->failure));
	} else {
		take_result(s, s->events.item(s->events.ctx, &item, &s->failure));
	}
}

void outline_end(struct item_stream *s, const char *at)
{
	if (s->depth > 0)
		s->state = SCAN_AFTER;
	else
		s->state = s->options.mode == ITEM_STREAM_WATCH ? SCAN_TOP : SCAN_DONE;
	if (s->capture.active && s->depth == s->base) {
		hand_over(s, at);
		capture_end(&s->capture);
		s->is_head = false;
		s->reason[0] = '\0';
	}
}

static void begin_capture(struct item_stream *s, const struct projection *members)
{
	s->base = s->depth;
	s->item_line = s->line;
	capture_begin(&s->capture, members);
}

static void begin_items(struct item_stream *s, const char *at)
{
	if (s->whole_list)
		outline_fail(s, at, "the list has two members \"items\"");
	else if (*at == '[')
		s->items_depth = s->depth + 1;
	else if (*at != 'n') /* null: how Go writes an empty list that was never made */
		outline_fail(s, at, "\"items\" must be an array");
	s->whole_list = true;
}

/* A value begins outside of any item: what is it to the list? */
void outline_begin(struct item_stream *s, const char *at)
{
	if (s->options.mode == ITEM_STREAM_WATCH) {
		begin_capture(s, s->options.projection);
		if (*at != '{')
			outline_fail(s, at, "an event (an object) is expected");
	} else if (s->depth == 0 && *at == '[' && s->options.bare_list) {
		begin_items(s, at);
	} else if (s->depth == 0) {
		if (*at != '{')
			outline_fail(s, at, "a list with a member \"items\" is expected");
	} else if (s->depth == s->items_depth) {
		begin_capture(s, s->options.projection);
		if (*at != '{')
			outline_spoil(s, at, "an object is expected here");
	} else if (s->depth == 1 && s->member == LIST_MEMBER_METADATA) {
		begin_capture(s, list_metadata);
		s->is_head = true;
	} else if (s->depth == 1 && s->member == LIST_MEMBER_KIND && s->events.kind) {
		begin_capture(s, NULL);
		s->is_head = true;
	} else if (s->depth == 1 && s->member == LIST_MEMBER_ITEMS) {
		begin_items(s, at);
	}
}

static bool name_is(const struct item_stream *s, const char *name)
{
	return s->name_length == strlen(name) && memcmp(s->name, name, s->name_length) == 0;
}

void outline_name(struct item_stream *s)
{
	if (name_is(s, "metadata"))
		s->member = LIST_MEMBER_METADATA;
	else if (name_is(s, "kind"))
		s->member = LIST_MEMBER_KIND;
	else if (name_is(s, "items"))
		s->member = LIST_MEMBER_ITEMS;
	else
		s->member = LIST_MEMBER_OTHER;
}
