/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "item_capture.h"

#include <errno.h>

#define CAPTURE_KEEP_CAPACITY (64u * 1024u)

static void write_text(struct item_capture *capture, const char *bytes, size_t length)
{
	int result;

	if (capture->trouble)
		return;
	result = text_append(&capture->text, bytes, length, ITEM_STREAM_ITEM_MAX);
	if (result < 0)
		capture->trouble = result;
}

static const struct projection *find(const struct projection *members, const char *name,
                                     size_t length)
{
	for (const struct projection *rule = members; rule->name; rule++)
		if (strncmp(rule->name, name, length) == 0 && rule->name[length] == '\0')
			return rule;
	return NULL;
}

void capture_begin(struct item_capture *capture, const struct projection *members)
{
	capture->active = true;
	capture->kept = true;
	capture->trouble = 0;
	capture->members = members;
	text_cut(&capture->text, 0);
}

void capture_end(struct item_capture *capture)
{
	capture->active = false;
	capture->kept = false;
	text_cut(&capture->text, 0);
	if (capture->text.capacity > CAPTURE_KEEP_CAPACITY)
		text_free(&capture->text);
}

void capture_put(struct item_capture *capture, const char *bytes, size_t length)
{
	if (capture->kept)
		write_text(capture, bytes, length);
}

void capture_element(struct item_capture *capture, struct capture_frame *frame)
{
	capture->kept = frame->kept;
	capture->members = frame->members;
	if (!frame->kept)
		return;
	if (frame->filled)
		write_text(capture, ",", 1);
	frame->filled = true;
}

void capture_open(struct item_capture *capture, struct capture_frame *frame, char bracket)
{
	*frame = (struct capture_frame){.kept = capture->kept, .members = capture->members};
	capture_put(capture, &bracket, 1);
}

void capture_close(struct item_capture *capture, const struct capture_frame *frame, char bracket)
{
	if (frame->kept)
		write_text(capture, &bracket, 1);
}

void capture_key(struct item_capture *capture, const struct capture_frame *frame)
{
	capture->kept = frame->kept;
	if (!frame->kept)
		return;
	capture->restore = capture->text.length;
	write_text(capture, ",\"", frame->filled ? 2 : 0);
	if (!frame->filled)
		write_text(capture, "\"", 1);
	capture->key_at = capture->text.length;
}

void capture_key_end(struct item_capture *capture, struct capture_frame *frame, bool escaped)
{
	const struct projection *rule = NULL;

	if (!capture->kept || capture->trouble)
		return;
	if (frame->members && !escaped) {
		rule = find(frame->members, capture->text.bytes + capture->key_at,
		            capture->text.length - capture->key_at);
		if (!rule) {
			text_cut(&capture->text, capture->restore);
			capture->kept = false;
			return;
		}
	}
	capture->members = rule ? rule->members : NULL;
	frame->filled = true;
	write_text(capture, "\":", 2);
}
