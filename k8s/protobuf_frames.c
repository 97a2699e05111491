/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "protobuf_frames.h"

#include <errno.h>

void frames_fail(struct protobuf_reader *r, const char *why)
{
	error_set(&r->failure, EINVAL, "byte %llu: %s", (unsigned long long)r->position, why);
	r->state = READ_FAILED;
}

void frames_spoil(struct protobuf_reader *r, const char *why)
{
	if (r->item == 0) {
		frames_fail(r, why);
		return;
	}
	error_set(&r->reason, EBADMSG, "byte %llu: %s", (unsigned long long)r->position, why);
	r->depth = r->item;
	r->left = r->frames[r->depth - 1].end - r->position;
	r->shift = 0;
	r->state = READ_SKIP;
}

void frames_take_result(struct protobuf_reader *r, int result, const struct error *err)
{
	if (result == -EBADMSG) {
		frames_spoil(r, err->text);
	} else if (result < 0) {
		r->failure = *err;
		r->failure.code = -result;
		r->state = READ_FAILED;
	}
}

uint64_t frames_room(const struct protobuf_reader *r)
{
	return r->frames[r->depth - 1].end - r->position;
}

static void close_message(struct protobuf_reader *r)
{
	const struct protobuf_field *field = r->frames[r->depth - 1].field;
	bool item = r->depth == r->item;
	struct error err = {0};
	int result;

	if (item && r->reason.code) {
		result = r->events.skipped(r->events.ctx, r->reason.text, &err);
		result = result == -EBADMSG ? -EINVAL : result;
	} else {
		result = r->events.close(r->events.ctx, field, &err);
	}
	frames_take_result(r, result, &err);
	if (r->state == READ_SKIP) /* spoilt at its very end: once more, to tell it */
		return;
	r->depth--;
	if (item) {
		r->item = 0;
		r->reason.code = 0;
	}
}

/* The message at hand is over, but the field that was begun is not. */
static bool is_cut_off(const struct protobuf_reader *r)
{
	bool begun = r->state == READ_KEY && r->shift > 0;
	bool waits = r->state == READ_MAGIC || r->state == READ_NUMBER || r->state == READ_LENGTH;

	return (begun || waits) && frames_room(r) == 0;
}

void frames_settle(struct protobuf_reader *r)
{
	for (;;) {
		if (is_cut_off(r))
			frames_spoil(r, "a message breaks off within a field");
		if ((r->state == READ_SKIP || r->state == READ_TEXT) && r->left == 0)
			r->state = READ_KEY;
		if (r->state != READ_KEY || r->shift > 0 || r->depth == 0 || frames_room(r) > 0)
			break;
		close_message(r);
	}
	if (r->state == READ_KEY && r->depth == 0)
		r->state = READ_PREFIX;
}

void frames_open(struct protobuf_reader *r, const struct protobuf_field *field, uint64_t end)
{
	const struct protobuf_message *message = field->message;
	struct error err = {0};
	int result;

	if (r->depth == PROTOBUF_DEPTH_MAX) {
		frames_spoil(r, "messages are nested too deeply");
		return;
	}
	r->frames[r->depth++] = (struct frame){end, field, message};
	if (field->item && r->item == 0)
		r->item = r->depth;
	r->state = READ_KEY;
	result = r->events.open(r->events.ctx, field, &message, &err);
	frames_take_result(r, result, &err);
	if (result < 0)
		return;
	if (!message) {
		r->item = r->item == r->depth ? 0 : r->item;
		r->depth--;
		r->left = end - r->position;
		r->state = READ_SKIP;
		return;
	}
	r->frames[r->depth - 1].message = message;
	r->taken = 0;
	if (message->magic)
		r->state = READ_MAGIC;
}
