/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kept part of the one item that is being read: what the projection wants
 * is copied, the rest leaves no trace, and the commas still come out right.
 * Used by item_stream.c alone, which knows the grammar and the nesting depth.
 */
#ifndef HOSTGW_K8S_ITEM_CAPTURE_H
#define HOSTGW_K8S_ITEM_CAPTURE_H

#include "item_stream.h"
#include "text.h"

/* One open object or array. */
struct capture_frame {
	bool kept;                        /* it is written */
	bool filled;                      /* something is written in it: a comma comes next */
	const struct projection *members; /* NULL: all of it is kept */
};

struct item_capture {
	bool active;    /* an item is being read; otherwise nothing is ever kept */
	bool kept;      /* the value at hand is written */
	int trouble;    /* 0, -EMSGSIZE or -ENOMEM: the text is void */
	size_t key_at;  /* where the key at hand begins, after its opening quote */
	size_t restore; /* length of the text before that key */
	const struct projection *members; /* of the value at hand */
	struct text text;
	struct capture_frame frames[ITEM_STREAM_NESTING_MAX];
};

/* A value follows that is kept as `members` say (NULL: wholly). */
void capture_begin(struct item_capture *capture, const struct projection *members);
/* The text is used up; a large buffer is given back. */
void capture_end(struct item_capture *capture);

/* A piece of the scalar (or key) at hand. */
void capture_put(struct item_capture *capture, const char *bytes, size_t length);

/* An element of the array in `frame` follows: it shares the array's fate. */
void capture_element(struct item_capture *capture, struct capture_frame *frame);
/* The value at hand opens as an object or array. */
void capture_open(struct item_capture *capture, struct capture_frame *frame, char bracket);
void capture_close(struct item_capture *capture, const struct capture_frame *frame, char bracket);

/* A member's name begins in the object `frame`, and ends: then the member's fate is known. */
void capture_key(struct item_capture *capture, const struct capture_frame *frame);
void capture_key_end(struct item_capture *capture, struct capture_frame *frame, bool escaped);

#endif
