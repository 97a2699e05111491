/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of an item stream, shared by the three files that make it up, each
 * calling only the next: item_stream.c (bytes in, the states), item_scan.c (the
 * grammar of JSON), item_outline.c (what a value is to the list or watch, and
 * what becomes of a broken one).
 */
#ifndef HOSTGW_K8S_ITEM_SCAN_H
#define HOSTGW_K8S_ITEM_SCAN_H

#include <stdint.h>

#include "item_capture.h"
#include "json_number.h"

/* A malformed item may nest deeper than what is read; its end is looked for so far. */
#define RECOVERY_NESTING_MAX 1024

enum scan_state {
	SCAN_TOP,  /* between top-level values */
	SCAN_DONE, /* the list is over: only blanks may follow */
	SCAN_VALUE,
	SCAN_VALUE_OR_END,
	SCAN_KEY,
	SCAN_KEY_OR_END,
	SCAN_COLON,
	SCAN_AFTER, /* a member or an element is over */
	SCAN_STRING,
	SCAN_ESCAPE,
	SCAN_HEX,
	SCAN_NUMBER,
	SCAN_LITERAL,
	SCAN_RECOVER, /* in a malformed item: strings and brackets alone count */
	SCAN_RECOVER_STRING,
	SCAN_RECOVER_ESCAPE,
	SCAN_FAILED,
};

/* What a value outside of all items is to the list. */
enum list_member {
	LIST_MEMBER_OTHER,
	LIST_MEMBER_KIND,
	LIST_MEMBER_METADATA,
	LIST_MEMBER_ITEMS,
};

struct item_stream {
	struct item_stream_options options;
	struct item_stream_events events;
	enum scan_state state;

	unsigned depth; /* open objects and arrays */
	unsigned base;  /* depth at which the captured value stands */
	char closers[RECOVERY_NESTING_MAX];

	bool in_key;
	bool escaped; /* the string at hand has an escape */
	unsigned hex_digits;
	unsigned hex_value;
	enum json_number number;
	const char *literal; /* what is left of null, true or false */

	bool whole_list;      /* `items` was seen */
	unsigned items_depth; /* depth of the items, while inside their array; 0: not there */
	enum list_member member;
	char name[sizeof("metadata")]; /* of the list's member at hand; longer ones are others */
	size_t name_length;
	bool is_head; /* the captured value is a member of the list itself, not an item */
	struct item_capture capture;
	size_t skipped;

	const char *chunk; /* the bytes of the current push */
	uint64_t consumed; /* bytes before them */
	uint64_t line_start;
	unsigned long line;
	unsigned long item_line;
	char reason[160];     /* why the item at hand is bad; empty: it is not */
	struct error failure; /* of the stream */
};

/* item_scan.c: each reads on from `at` and returns where the next state goes on, which is `at`
 * itself where only the state changed. */
const char *scan_value(struct item_stream *s, const char *at);
const char *scan_value_or_end(struct item_stream *s, const char *at);
const char *scan_key(struct item_stream *s, const char *at);
const char *scan_key_or_end(struct item_stream *s, const char *at);
const char *scan_colon(struct item_stream *s, const char *at);
const char *scan_after(struct item_stream *s, const char *at);
const char *scan_string(struct item_stream *s, const char *at, const char *end);
const char *scan_escape(struct item_stream *s, const char *at);
const char *scan_hex(struct item_stream *s, const char *at);
const char *scan_number(struct item_stream *s, const char *at, const char *end);
const char *scan_literal(struct item_stream *s, const char *at);

/* item_outline.c. The stream cannot go on: `why`, with the place. */
void outline_fail(struct item_stream *s, const char *at, const char *why);
/* The grammar is broken at `at`: an item is read on to its end, anything else fails. */
void outline_spoil(struct item_stream *s, const char *at, const char *why);
/* What stands at `at` is not allowed, yet the grammar goes on behind it. */
void outline_taint(struct item_stream *s, const char *at, const char *why);
/* A newline at `at` was read. */
void outline_line(struct item_stream *s, const char *at);
/* A value begins, or has ended, outside of any item or in one. */
void outline_begin(struct item_stream *s, const char *at);
void outline_end(struct item_stream *s, const char *at);
/* The list's own member, once its name was read, is what the name says. */
void outline_name(struct item_stream *s);

#endif
