/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the protobuf wire format (protobuf.dev, "Encoding") that arrives in pieces of
 * any size. A schema says which fields somebody reads: messages are entered, texts and
 * numbers handed over as they come, everything else is passed over by its length without
 * being looked at or stored. So the reader's own memory is a few words a level.
 *
 * A message marked as an item may be broken inside: since its length is known, it is
 * passed over, reported, and reading goes on behind it. A break elsewhere ends the stream.
 * Groups, which Kubernetes never sends, count as a break.
 */
#ifndef HOSTGW_K8S_PROTOBUF_H
#define HOSTGW_K8S_PROTOBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hostgw/error.h"

#define PROTOBUF_DEPTH_MAX 12
/* A frame is one object, and etcd takes none beyond 1.5 MiB; a longer one is no frame at all. */
#define PROTOBUF_FRAME_MAX (16u * 1024u * 1024u)
/* What Kubernetes puts in front of a runtime.Unknown, in which every object comes. */
#define PROTOBUF_MAGIC        "k8s\0"
#define PROTOBUF_MAGIC_LENGTH 4u

enum protobuf_kind {
	PROTOBUF_MESSAGE,
	PROTOBUF_TEXT,   /* string or bytes */
	PROTOBUF_NUMBER, /* varint */
};

struct protobuf_field {
	uint32_t number; /* 0 ends a table */
	enum protobuf_kind kind;
	int id;    /* for the user of the reader */
	bool item; /* MESSAGE: a break inside costs no more than this one */
	const struct protobuf_message *message; /* MESSAGE; NULL: `open` decides */
};

struct protobuf_message {
	bool magic; /* PROTOBUF_MAGIC stands before the fields */
	const struct protobuf_field *fields;
};

/* Of all results, -EBADMSG means that the item at hand is bad (outside of items: the stream),
 * another negative one ends the stream; `err` says why. */
struct protobuf_events {
	void *ctx;
	/* A message begins. *message is the field's; set to NULL to pass it over. */
	int (*open)(void *ctx, const struct protobuf_field *field,
	            const struct protobuf_message **message, struct error *err);
	int (*close)(void *ctx, const struct protobuf_field *field, struct error *err);
	/* A text begins; false: it is passed over. */
	bool (*wants)(void *ctx, const struct protobuf_field *field);
	/* A piece of it; `last`: it is over. An empty text is one empty piece. */
	int (*text)(void *ctx, const struct protobuf_field *field, const char *bytes, size_t length,
	            bool last, struct error *err);
	int (*number)(void *ctx, const struct protobuf_field *field, uint64_t value,
	              struct error *err);
	/* The end of a bad item; `why` begins with the place. */
	int (*skipped)(void *ctx, const char *why, struct error *err);
};

struct protobuf_options {
	/* false: all bytes are one message; true: each message is an item behind its length in
	 * four bytes, highest first (the framing of a watch). */
	bool framed;
	const struct protobuf_field *root; /* stands for that message; borrowed, as all schemas */
};

struct protobuf_reader;

int protobuf_reader_new(const struct protobuf_options *options,
                        const struct protobuf_events *events, struct protobuf_reader **out,
                        struct error *err);
void protobuf_reader_free(struct protobuf_reader *reader); /* NULL is fine */

/* -EINVAL: the structure is broken, `err` says at which byte; or what a callback returned. After
 * a failure every further call gives the same. */
int protobuf_reader_push(struct protobuf_reader *reader, const char *bytes, size_t length,
                         struct error *err);

/* No more bytes come. -EINVAL: a message was not whole, or without frames there was none. */
int protobuf_reader_end(struct protobuf_reader *reader, struct error *err);

#endif
