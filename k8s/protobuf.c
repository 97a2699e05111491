/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "protobuf.h"

#include <errno.h>
#include <stdlib.h>

#include "protobuf_frames.h"

#define VARINT_BITS      64u
#define FIELD_NUMBER_MAX 0x1fffffffu
#define FRAME_PREFIX     4u

/* The low three bits of a key. */
enum wire_type {
	WIRE_VARINT = 0,
	WIRE_FIXED64 = 1,
	WIRE_LENGTH = 2,
	WIRE_GROUP_BEGIN = 3,
	WIRE_GROUP_END = 4,
	WIRE_FIXED32 = 5,
};

static void pass_over(struct protobuf_reader *r, uint64_t length)
{
	if (length > frames_room(r)) {
		frames_spoil(r, "a value is longer than the message that holds it");
		return;
	}
	r->left = length;
	r->state = READ_SKIP;
}

static void begin_text(struct protobuf_reader *r, uint64_t length)
{
	struct error err = {0};

	if (!r->events.wants(r->events.ctx, r->field)) {
		pass_over(r, length);
		return;
	}
	r->left = length;
	r->state = READ_TEXT;
	if (length == 0)
		frames_take_result(r, r->events.text(r->events.ctx, r->field, "", 0, true, &err),
		                   &err);
}

static void got_length(struct protobuf_reader *r, uint64_t length)
{
	if (length > INT32_MAX || length > frames_room(r))
		frames_spoil(r, "a value is longer than the message that holds it");
	else if (!r->field)
		pass_over(r, length);
	else if (r->field->kind == PROTOBUF_MESSAGE)
		frames_open(r, r->field, r->position + length);
	else
		begin_text(r, length);
}

static void got_number(struct protobuf_reader *r, uint64_t value)
{
	struct error err = {0};

	r->state = READ_KEY;
	if (r->field)
		frames_take_result(r, r->events.number(r->events.ctx, r->field, value, &err), &err);
}

/* The field that the schema has under `number`, if its value has the form that is expected; what
 * has another form is passed over like what has another number. */
static const struct protobuf_field *find(const struct protobuf_reader *r, uint64_t number,
                                         bool varint)
{
	const struct protobuf_field *field = r->frames[r->depth - 1].message->fields;

	while (field->number != 0 && field->number != number)
		field++;
	if (field->number == 0 || (field->kind == PROTOBUF_NUMBER) != varint)
		return NULL;
	return field;
}

static void got_key(struct protobuf_reader *r, uint64_t key)
{
	uint64_t number = key >> 3;
	unsigned type = (unsigned)(key & 7);

	if (number == 0 || number > FIELD_NUMBER_MAX) {
		frames_spoil(r, "no field has such a number");
		return;
	}
	r->field = NULL;
	if (type == WIRE_VARINT) {
		r->field = find(r, number, true);
		r->state = READ_NUMBER;
	} else if (type == WIRE_LENGTH) {
		r->field = find(r, number, false);
		r->state = READ_LENGTH;
	} else if (type == WIRE_FIXED64) {
		pass_over(r, 8);
	} else if (type == WIRE_FIXED32) {
		pass_over(r, 4);
	} else {
		frames_spoil(r, type == WIRE_GROUP_BEGIN || type == WIRE_GROUP_END
		                        ? "a group, which Kubernetes does not use"
		                        : "a field of unknown wire type");
	}
}

static void got_varint(struct protobuf_reader *r, uint64_t value)
{
	if (r->state == READ_KEY)
		got_key(r, value);
	else if (r->state == READ_LENGTH)
		got_length(r, value);
	else
		got_number(r, value);
}

static void read_varint(struct protobuf_reader *r, unsigned char byte)
{
	uint64_t bits = byte & 0x7fu;

	r->position++;
	/* The tenth byte holds the last bit. */
	if (r->shift == VARINT_BITS - 1 && byte > 1) {
		frames_spoil(r, "a number has more than 64 bits");
		return;
	}
	r->value = (r->shift == 0 ? 0 : r->value) | bits << r->shift;
	r->shift += 7;
	if (byte & 0x80u)
		return;
	r->shift = 0;
	got_varint(r, r->value);
}

static void read_magic(struct protobuf_reader *r, char byte)
{
	if (byte != PROTOBUF_MAGIC[r->taken]) {
		frames_spoil(r, "this is no Kubernetes object");
		return;
	}
	r->position++;
	if (++r->taken == PROTOBUF_MAGIC_LENGTH)
		r->state = READ_KEY;
}

static void read_prefix(struct protobuf_reader *r, unsigned char byte)
{
	r->value = (r->taken == 0 ? 0 : r->value << 8) | byte;
	r->position++;
	if (++r->taken < FRAME_PREFIX)
		return;
	r->taken = 0;
	if (r->value > PROTOBUF_FRAME_MAX)
		frames_fail(r, "an event cannot be that long: this is no watch of an API server");
	else
		frames_open(r, r->options.root, r->position + r->value);
}

/* As many bytes of the value at hand as there are. */
static size_t read_value(struct protobuf_reader *r, const char *bytes, size_t length)
{
	bool text = r->state == READ_TEXT;
	struct error err = {0};
	int result = 0;

	if (length > r->left)
		length = (size_t)r->left;
	r->left -= length;
	r->position += length;
	if (text)
		result = r->events.text(r->events.ctx, r->field, bytes, length, r->left == 0, &err);
	frames_take_result(r, result, &err);
	return length;
}

/* Returns how many bytes were used; none where only the state changed. */
static size_t step(struct protobuf_reader *r, const char *bytes, size_t length)
{
	uint64_t before = r->position;

	switch (r->state) {
	case READ_PREFIX:
		read_prefix(r, (unsigned char)*bytes);
		break;
	case READ_MAGIC:
		read_magic(r, *bytes);
		break;
	case READ_KEY:
	case READ_NUMBER:
	case READ_LENGTH:
		read_varint(r, (unsigned char)*bytes);
		break;
	case READ_TEXT:
	case READ_SKIP:
		return read_value(r, bytes, length);
	case READ_FAILED:
		return length;
	}
	return (size_t)(r->position - before);
}

int protobuf_reader_new(const struct protobuf_options *options,
                        const struct protobuf_events *events, struct protobuf_reader **out,
                        struct error *err)
{
	struct protobuf_reader *r = calloc(1, sizeof(*r));

	if (!r)
		return error_set(err, ENOMEM, "out of memory");
	r->options = *options;
	r->events = *events;
	r->state = READ_PREFIX;
	if (!options->framed)
		frames_open(r, options->root, UINT64_MAX);
	*out = r;
	return 0;
}

void protobuf_reader_free(struct protobuf_reader *reader)
{
	free(reader);
}

int protobuf_reader_push(struct protobuf_reader *reader, const char *bytes, size_t length,
                         struct error *err)
{
	while (length > 0) {
		size_t used = step(reader, bytes, length);

		bytes += used;
		length -= used;
		frames_settle(reader);
	}
	if (reader->state != READ_FAILED)
		return 0;
	*err = reader->failure;
	return -err->code;
}

int protobuf_reader_end(struct protobuf_reader *reader, struct error *err)
{
	bool whole;

	if (reader->state == READ_FAILED) {
		*err = reader->failure;
		return -err->code;
	}
	if (reader->options.framed)
		whole = reader->state == READ_PREFIX && reader->taken == 0;
	else
		whole = reader->state == READ_KEY && reader->depth == 1 && reader->shift == 0;
	if (!whole)
		return error_set(err, EINVAL, "byte %llu: the answer breaks off here",
		                 (unsigned long long)reader->position);
	return 0;
}
