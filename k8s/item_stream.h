/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cuts JSON that arrives in pieces of any size into items and hands over each
 * as one small text, reduced to the members that somebody reads. Memory is that of one
 * reduced item, whatever the length of the whole.
 *
 * An item that breaks a limit, or is malformed inside while its end can still be
 * found, is skipped and reported; a break in the structure around the items ends
 * the stream.
 */
#ifndef HOSTGW_K8S_ITEM_STREAM_H
#define HOSTGW_K8S_ITEM_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "hostgw/error.h"

#define ITEM_STREAM_NESTING_MAX 64
#define ITEM_STREAM_ITEM_MAX    (1024u * 1024u) /* bytes of one reduced item */

/* Which members of an object are kept, ended by a NULL name; for an array it speaks of the
 * elements. A member whose name is written with escapes is kept whole. */
struct projection {
	const char *name;
	const struct projection *members; /* NULL: the value is kept whole */
};

enum item_stream_mode {
	ITEM_STREAM_LIST,  /* {"metadata": {...}, "items": [ITEM, ...]} */
	ITEM_STREAM_WATCH, /* ITEM ITEM ... */
};

struct item {
	const char *text; /* borrowed, NUL-terminated */
	size_t length;
	unsigned long line; /* where it began, counted from 1 */
};

struct item_stream_options {
	enum item_stream_mode mode;
	const struct projection *projection; /* of each item; borrowed for the stream's life */
	bool bare_list;                      /* LIST: a top-level array of items is a list too */
	bool lines_only;                     /* messages name the line without the column */
};

/* A negative result ends the stream; `err` is then what item_stream_push reports. */
struct item_stream_events {
	void *ctx;
	int (*item)(void *ctx, const struct item *item, struct error *err);
	/* LIST: the list's own metadata (resourceVersion and continue), before or after the items.
	 */
	int (*metadata)(void *ctx, const struct item *metadata, struct error *err);
	/* LIST: the list's own kind, a JSON value, before or after the items. NULL: of no interest.
	 */
	int (*kind)(void *ctx, const struct item *kind, struct error *err);
	/* `why`: line, column and cause; `item`: what was kept before, no whole JSON. */
	int (*skipped)(void *ctx, const struct item *item, const char *why, struct error *err);
};

struct item_stream;

int item_stream_new(const struct item_stream_options *options,
                    const struct item_stream_events *events, struct item_stream **out,
                    struct error *err);
void item_stream_free(struct item_stream *stream); /* NULL is fine */

/* -EINVAL: the structure is broken, `err` says where; or what a callback returned. After a
 * failure every further call gives the same. */
int item_stream_push(struct item_stream *stream, const char *bytes, size_t length,
                     struct error *err);

/* No more bytes come. -EINVAL: the text is empty (LIST), broke off, or never had `items`. */
int item_stream_end(struct item_stream *stream, struct error *err);

/* How many items were skipped. */
size_t item_stream_skipped(const struct item_stream *stream);

#endif
