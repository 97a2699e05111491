/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "item_scan.h"

#include <ctype.h>

static void open_container(struct item_stream *s, const char *at)
{
	if (s->depth == ITEM_STREAM_NESTING_MAX) {
		outline_spoil(s, at, "nesting deeper than 64 levels is not read");
		return;
	}
	capture_open(&s->capture, &s->capture.frames[s->depth], *at);
	s->closers[s->depth++] = *at == '{' ? '}' : ']';
	s->state = *at == '{' ? SCAN_KEY_OR_END : SCAN_VALUE_OR_END;
}

static void close_container(struct item_stream *s, const char *at)
{
	s->depth--;
	if (s->depth < s->items_depth)
		s->items_depth = 0;
	capture_close(&s->capture, &s->capture.frames[s->depth], *at);
	outline_end(s, at);
}

static void begin_string(struct item_stream *s, bool key)
{
	s->in_key = key;
	s->escaped = false;
	s->state = SCAN_STRING;
}

/* One opening byte; false: it was not consumed. */
static bool begin_value(struct item_stream *s, const char *at)
{
	if (!s->capture.active)
		outline_begin(s, at);
	else if (s->closers[s->depth - 1] == ']')
		capture_element(&s->capture, &s->capture.frames[s->depth - 1]);
	if (s->state == SCAN_FAILED || s->state == SCAN_RECOVER)
		return false;
	if (*at == '{' || *at == '[') {
		open_container(s, at);
		return s->state != SCAN_RECOVER;
	}
	if (*at == '"') {
		begin_string(s, false);
		capture_put(&s->capture, at, 1);
		return true;
	}
	if (*at == 'n' || *at == 't' || *at == 'f') {
		s->literal = *at == 'n' ? "null" : *at == 't' ? "true" : "false";
		s->state = SCAN_LITERAL;
	} else if (*at == '-' || isdigit((unsigned char)*at)) {
		s->number = JSON_NUMBER_START;
		s->state = SCAN_NUMBER;
	} else {
		outline_spoil(s, at, "a value is expected here");
	}
	return false;
}

static void begin_key(struct item_stream *s)
{
	begin_string(s, true);
	s->name_length = 0;
	capture_key(&s->capture, &s->capture.frames[s->depth - 1]);
}

static void end_string(struct item_stream *s, const char *at)
{
	if (!s->in_key) {
		capture_put(&s->capture, at, 1);
		outline_end(s, at);
		return;
	}
	s->state = SCAN_COLON;
	if (s->capture.active)
		capture_key_end(&s->capture, &s->capture.frames[s->depth - 1], s->escaped);
	else if (s->depth == 1)
		outline_name(s);
}

/* Copies a run of a string to where it is wanted. */
static void put_string(struct item_stream *s, const char *bytes, size_t length)
{
	capture_put(&s->capture, bytes, length);
	if (!s->in_key || s->capture.active)
		return;
	if (length > sizeof(s->name) - s->name_length) /* too long for any name that is known */
		s->name_length = sizeof(s->name);
	else {
		memcpy(s->name + s->name_length, bytes, length);
		s->name_length += length;
	}
}

static bool is_plain(char c)
{
	return (unsigned char)c >= 0x20 && c != '"' && c != '\\';
}

/* Some byte of `word` is zero: a borrow reaches its highest bit, which itself was not set. */
static uint64_t zero_byte(uint64_t word)
{
	return (word - 0x0101010101010101u) & ~word & 0x8080808080808080u;
}

/* All eight bytes are plain. Most of a list is strings, so they are looked at eight at once. */
static bool are_plain(const char *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return ((((word - 0x2020202020202020u) & ~word & 0x8080808080808080u) |
	         zero_byte(word ^ 0x2222222222222222u) |       /* '"' */
	         zero_byte(word ^ 0x5c5c5c5c5c5c5c5cu)) == 0); /* '\\' */
}

const char *scan_string(struct item_stream *s, const char *at, const char *end)
{
	const char *start = at;

	while (end - at >= 8 && are_plain(at))
		at += 8;
	while (at < end && is_plain(*at))
		at++;
	put_string(s, start, (size_t)(at - start));
	if (at == end)
		return at;
	if (*at == '"') {
		end_string(s, at);
	} else if (*at == '\\') {
		put_string(s, at, 1);
		s->escaped = true;
		s->state = SCAN_ESCAPE;
	} else {
		outline_taint(
			s, at,
			"a string holds a control character, or its closing quote is missing");
		if (*at == '\n')
			outline_line(s, at);
	}
	return at + 1;
}

const char *scan_escape(struct item_stream *s, const char *at)
{
	if (*at == '\0' || !strchr("\"\\/bfnrtu", *at))
		outline_taint(s, at, "no such escape in a string");
	put_string(s, at, 1);
	s->hex_digits = 0;
	s->hex_value = 0;
	if (s->state != SCAN_FAILED)
		s->state = *at == 'u' ? SCAN_HEX : SCAN_STRING;
	return at + 1;
}

const char *scan_hex(struct item_stream *s, const char *at)
{
	unsigned c = (unsigned char)*at;

	if (!isxdigit((int)c)) { /* perhaps the closing quote: left to the string */
		s->state = SCAN_STRING;
		outline_taint(s, at, "four hexadecimal digits must follow \\u");
		return at;
	}
	s->hex_value = s->hex_value * 16 + (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	put_string(s, at, 1);
	if (++s->hex_digits < 4)
		return at + 1;
	s->state = SCAN_STRING;
	if (s->hex_value == 0 && s->capture.kept) /* C strings would end there */
		outline_taint(s, at, "a string holds \\u0000");
	return at + 1;
}

const char *scan_number(struct item_stream *s, const char *at, const char *end)
{
	const char *start = at;
	enum json_number next = s->number;

	while (at < end) {
		next = json_number_next(s->number, *at);
		if (next == JSON_NUMBER_END || next == JSON_NUMBER_BAD)
			break;
		s->number = next;
		at++;
	}
	capture_put(&s->capture, start, (size_t)(at - start));
	if (at == end)
		return at;
	if (next == JSON_NUMBER_END)
		outline_end(s, at);
	else
		outline_spoil(s, at, "a number does not go on like this");
	return at;
}

const char *scan_literal(struct item_stream *s, const char *at)
{
	if (*at != *s->literal) {
		outline_spoil(s, at, "null, true or false is expected here");
		return at;
	}
	capture_put(&s->capture, at, 1);
	if (*++s->literal == '\0')
		outline_end(s, at);
	return at + 1;
}

const char *scan_value(struct item_stream *s, const char *at)
{
	return begin_value(s, at) ? at + 1 : at;
}

const char *scan_value_or_end(struct item_stream *s, const char *at)
{
	if (*at != ']')
		return scan_value(s, at);
	close_container(s, at);
	return at + 1;
}

const char *scan_key(struct item_stream *s, const char *at)
{
	if (*at != '"') {
		outline_spoil(s, at, "a member's name in double quotes is expected here");
		return at;
	}
	begin_key(s);
	return at + 1;
}

const char *scan_key_or_end(struct item_stream *s, const char *at)
{
	if (*at != '}')
		return scan_key(s, at);
	close_container(s, at);
	return at + 1;
}

const char *scan_colon(struct item_stream *s, const char *at)
{
	if (*at != ':') {
		outline_spoil(s, at, "':' is expected after a member's name");
		return at;
	}
	s->state = SCAN_VALUE;
	return at + 1;
}

const char *scan_after(struct item_stream *s, const char *at)
{
	bool object = s->closers[s->depth - 1] == '}';

	if (*at == ',') {
		s->state = object ? SCAN_KEY : SCAN_VALUE;
		return at + 1;
	}
	if (*at == s->closers[s->depth - 1]) {
		close_container(s, at);
		return at + 1;
	}
	outline_spoil(s, at,
	              object ? "',' or '}' is expected here" : "',' or ']' is expected here");
	return at;
}
