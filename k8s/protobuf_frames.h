/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of a protobuf reader, shared by protobuf.c (the wire format, byte by byte)
 * and protobuf_frames.c (which messages are open, and what becomes of a broken one).
 */
#ifndef HOSTGW_K8S_PROTOBUF_FRAMES_H
#define HOSTGW_K8S_PROTOBUF_FRAMES_H

#include "protobuf.h"

enum read_state {
	READ_PREFIX, /* the length in front of a frame */
	READ_MAGIC,
	READ_KEY,
	READ_NUMBER, /* a varint that is a value */
	READ_LENGTH, /* one that is the length of what follows */
	READ_TEXT,
	READ_SKIP,
	READ_FAILED,
};

/* One message that is open. */
struct frame {
	uint64_t end; /* position behind its last byte; UINT64_MAX: where the input ends */
	const struct protobuf_field *field;
	const struct protobuf_message *message;
};

struct protobuf_reader {
	struct protobuf_options options;
	struct protobuf_events events;
	enum read_state state;
	uint64_t position;

	struct frame frames[PROTOBUF_DEPTH_MAX];
	unsigned depth;
	unsigned item;       /* depth of the item that is open; 0: none is */
	struct error reason; /* why it is bad; code 0: it is not */

	uint64_t value; /* of the varint at hand */
	unsigned shift; /* bits of it that were read */
	unsigned taken; /* bytes of a prefix or of the magic that were read */
	uint64_t left;  /* bytes of the text, or of what is passed over, that are to come */
	const struct protobuf_field *field; /* whose value is at hand; NULL: nobody reads it */
	struct error failure;
};

/* The stream cannot go on: `why`, with the place. */
void frames_fail(struct protobuf_reader *r, const char *why);
/* The message at hand makes no sense: the item it belongs to is passed over. */
void frames_spoil(struct protobuf_reader *r, const char *why);
/* What an event returned is obeyed. */
void frames_take_result(struct protobuf_reader *r, int result, const struct error *err);

/* Bytes that the message at hand has left. */
uint64_t frames_room(const struct protobuf_reader *r);
/* A message begins here and ends there. */
void frames_open(struct protobuf_reader *r, const struct protobuf_field *field, uint64_t end);
/* Whatever is complete with the bytes up to here ends now, not when the next byte comes: that
 * may be in minutes. */
void frames_settle(struct protobuf_reader *r);

#endif
