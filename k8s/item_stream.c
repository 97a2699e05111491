/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "item_stream.h"

#include <errno.h>
#include <stdlib.h>

#include "item_scan.h"

static const char *skip_blanks(struct item_stream *s, const char *at, const char *end)
{
	for (; at < end && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r'); at++)
		if (*at == '\n')
			outline_line(s, at);
	return at;
}

static void recover_close(struct item_stream *s, const char *at)
{
	if (s->closers[s->depth - 1] != *at) {
		outline_fail(s, at, "brackets do not match");
		return;
	}
	s->depth--;
	if (s->depth == s->base)
		outline_end(s, at);
}

/* One byte of a malformed item outside of its strings. */
static const char *recover(struct item_stream *s, const char *at)
{
	bool outside = s->depth == s->base; /* it is not even an object */

	if (outside && (*at == ',' || *at == ']' || *at == '}')) {
		outline_end(s, at);
		return at;
	}
	if (*at == '"') {
		s->state = SCAN_RECOVER_STRING;
	} else if (*at == '{' || *at == '[') {
		if (s->depth == RECOVERY_NESTING_MAX)
			outline_fail(s, at, "nesting is too deep");
		else
			s->closers[s->depth++] = *at == '{' ? '}' : ']';
	} else if (*at == '}' || *at == ']') {
		recover_close(s, at);
	}
	return at + 1;
}

static const char *recover_string(struct item_stream *s, const char *at)
{
	if (*at == '\n')
		outline_line(s, at);
	if (*at == '\\')
		s->state = SCAN_RECOVER_ESCAPE;
	else if (*at == '"')
		s->state = SCAN_RECOVER;
	return at + 1;
}

/* Blanks are over; one byte of structure. */
static const char *step_structure(struct item_stream *s, const char *at)
{
	switch (s->state) {
	case SCAN_TOP:
	case SCAN_VALUE:
		return scan_value(s, at);
	case SCAN_VALUE_OR_END:
		return scan_value_or_end(s, at);
	case SCAN_KEY:
		return scan_key(s, at);
	case SCAN_KEY_OR_END:
		return scan_key_or_end(s, at);
	case SCAN_COLON:
		return scan_colon(s, at);
	case SCAN_AFTER:
		return scan_after(s, at);
	case SCAN_RECOVER:
		return recover(s, at);
	case SCAN_DONE:
		outline_fail(s, at, "the list is over, but more text follows");
		return at;
	case SCAN_STRING:
	case SCAN_ESCAPE:
	case SCAN_HEX:
	case SCAN_NUMBER:
	case SCAN_LITERAL:
	case SCAN_RECOVER_STRING:
	case SCAN_RECOVER_ESCAPE:
	case SCAN_FAILED:
		break;
	}
	return at;
}

static const char *step(struct item_stream *s, const char *at, const char *end)
{
	switch (s->state) {
	case SCAN_STRING:
		return scan_string(s, at, end);
	case SCAN_ESCAPE:
		return scan_escape(s, at);
	case SCAN_HEX:
		return scan_hex(s, at);
	case SCAN_NUMBER:
		return scan_number(s, at, end);
	case SCAN_LITERAL:
		return scan_literal(s, at);
	case SCAN_RECOVER_STRING:
		return recover_string(s, at);
	case SCAN_RECOVER_ESCAPE:
		s->state = SCAN_RECOVER_STRING;
		return at + 1;
	case SCAN_FAILED:
		return end;
	case SCAN_TOP:
	case SCAN_DONE:
	case SCAN_VALUE:
	case SCAN_VALUE_OR_END:
	case SCAN_KEY:
	case SCAN_KEY_OR_END:
	case SCAN_COLON:
	case SCAN_AFTER:
	case SCAN_RECOVER:
		break;
	}
	at = skip_blanks(s, at, end);
	return at < end ? step_structure(s, at) : at;
}

int item_stream_new(const struct item_stream_options *options,
                    const struct item_stream_events *events, struct item_stream **out,
                    struct error *err)
{
	struct item_stream *stream = calloc(1, sizeof(*stream));

	if (!stream)
		return error_set(err, ENOMEM, "out of memory");
	stream->options = *options;
	stream->events = *events;
	stream->state = SCAN_TOP;
	stream->line = 1;
	*out = stream;
	return 0;
}

void item_stream_free(struct item_stream *stream)
{
	if (!stream)
		return;
	text_free(&stream->capture.text);
	free(stream);
}

int item_stream_push(struct item_stream *stream, const char *bytes, size_t length,
                     struct error *err)
{
	const char *at = bytes;
	const char *end = bytes + length;

	stream->chunk = bytes;
	while (at < end)
		at = step(stream, at, end);
	stream->consumed += length;
	if (stream->state != SCAN_FAILED)
		return 0;
	*err = stream->failure;
	return -err->code;
}

int item_stream_end(struct item_stream *stream, struct error *err)
{
	bool list = stream->options.mode == ITEM_STREAM_LIST;

	if (stream->state == SCAN_FAILED) {
		*err = stream->failure;
		return -err->code;
	}
	if (stream->state == SCAN_TOP)
		return list ? error_set(err, EINVAL, "the text is empty") : 0;
	if (stream->state != SCAN_DONE && stream->reason[0] != '\0')
		return error_set(err, EINVAL, "%s", stream->reason);
	if (stream->state != SCAN_DONE)
		return error_set(err, EINVAL, "line %lu: the text breaks off here", stream->line);
	if (!stream->whole_list)
		return error_set(err, EINVAL, "there is no member \"items\"");
	return 0;
}

size_t item_stream_skipped(const struct item_stream *stream)
{
	return stream->skipped;
}
