/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nodes as chance makes them, and their JSON and protobuf written by the test itself, so
 * that two decoders can be held against what was meant.
 */
#ifndef TESTS_UNIT_NODE_MAKER_H
#define TESTS_UNIT_NODE_MAKER_H

#include "chance.h"
#include "k8s/node_event.h"
#include "k8s/text.h"

#define MADE_MAX       8 /* elements of each kind */
#define MADE_TEXT      128
#define MADE_BYTES_MAX (64u * 1024u * 1024u)

struct made_pair {
	bool has_key, has_value;
	char key[MADE_TEXT];   /* or type */
	char value[MADE_TEXT]; /* or address, or status */
	char reason[MADE_TEXT];
};

struct made_node {
	char name[MADE_TEXT];
	char version[MADE_TEXT];
	bool has_created;
	int64_t created;
	struct made_pair annotations[MADE_MAX];
	size_t annotation_count;
	bool has_spec, has_status;
	bool has_pod_cidr;
	char pod_cidr[MADE_TEXT];
	char pod_cidrs[MADE_MAX][MADE_TEXT];
	size_t pod_cidr_count;
	struct made_pair addresses[MADE_MAX];
	size_t address_count;
	struct made_pair conditions[MADE_MAX];
	size_t condition_count;
	bool noise; /* all kinds of fields that nobody reads */
};

/* `number` makes the name and the version unlike those of all others. */
void made_node_fill(struct made_node *node, struct chance *chance, const struct node_keys *keys,
                    size_t number);

/* The record that a reader must make of it; it borrows the texts. */
void made_node_record(const struct made_node *node, const struct node_keys *keys,
                      struct node_record *record);

void add_bytes(struct text *out, const char *bytes, size_t length);
void add_text(struct text *out, const char *text);

/* made_json.c */
void json_add_node(struct text *out, const struct made_node *node, struct chance *chance);
/* A text in quotes, with escapes here and there. */
void json_add_string(struct text *out, const char *text, struct chance *chance);

/* made_proto.c; `number` is the field's. */
void proto_add_varint(struct text *out, uint64_t value);
void proto_add_number(struct text *out, unsigned number, uint64_t value);
void proto_add_text(struct text *out, unsigned number, const char *text);
/* Moves the bytes of `message` in, and empties it. */
void proto_add_message(struct text *out, unsigned number, struct text *message);
void proto_add_node(struct text *out, const struct made_node *node, struct chance *chance);
/* Wraps `object` into what every object comes in; `object` is emptied. */
void proto_add_unknown(struct text *out, const char *kind, struct text *object);
/* One frame of a watch. */
void proto_add_event(struct text *out, const char *type, const char *kind, struct text *object);

#endif
