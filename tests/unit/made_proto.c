/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"
#include "node_maker.h"

void proto_add_varint(struct text *out, uint64_t value)
{
	do {
		char byte = (char)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));

		add_bytes(out, &byte, 1);
		value >>= 7;
	} while (value > 0);
}

void proto_add_number(struct text *out, unsigned number, uint64_t value)
{
	proto_add_varint(out, number << 3);
	proto_add_varint(out, value);
}

static void add_piece(struct text *out, unsigned number, const char *bytes, size_t length)
{
	proto_add_varint(out, number << 3 | 2);
	proto_add_varint(out, length);
	add_bytes(out, bytes, length);
}

void proto_add_text(struct text *out, unsigned number, const char *text)
{
	add_piece(out, number, text, strlen(text));
}

void proto_add_message(struct text *out, unsigned number, struct text *message)
{
	add_piece(out, number, message->bytes ? message->bytes : "", message->length);
	text_free(message);
}

/* Fields that nobody reads, of every wire type, with any bytes in them. The numbers are those of
 * no field that is read in any message here, or the wire type is not its own. */
static void add_noise(struct text *out, const struct made_node *node, struct chance *chance)
{
	static const unsigned unread[] = {9, 13, 17, 100, 0x1fffffff};

	for (size_t i = node->noise ? chance_below(chance, 4) : 0; i > 0; i--) {
		unsigned number = unread[chance_below(chance, COUNT(unread))];
		char bytes[300];
		size_t length = chance_below(chance, sizeof(bytes));

		for (size_t k = 0; k < sizeof(bytes); k++)
			bytes[k] = (char)chance_next(chance);
		switch (chance_below(chance, 5)) {
		case 0:
			proto_add_number(out, number, chance_next(chance));
			break;
		case 1:
			proto_add_varint(out, number << 3 | 1);
			add_bytes(out, bytes, 8);
			break;
		case 2:
			proto_add_varint(out, number << 3 | 5);
			add_bytes(out, bytes, 4);
			break;
		case 3:
			proto_add_number(out, 1, 77); /* a text or message elsewhere */
			break;
		default:
			add_piece(out, number, bytes, length);
			break;
		}
	}
}

static void add_pair(struct text *out, unsigned number, const struct made_pair *pair, bool reason,
                     struct chance *chance)
{
	struct text message = {0};
	bool value_first = chance_below(chance, 8) == 0; /* no encoder does that, but all may */

	if (value_first && pair->has_value)
		proto_add_text(&message, 2, pair->value);
	if (pair->has_key)
		proto_add_text(&message, 1, pair->key);
	if (!value_first && pair->has_value)
		proto_add_text(&message, 2, pair->value);
	if (reason)
		proto_add_text(&message, 5, pair->reason);
	proto_add_message(out, number, &message);
}

static void add_metadata(struct text *out, const struct made_node *node, struct chance *chance)
{
	struct text message = {0}, created = {0};

	add_noise(&message, node, chance);
	proto_add_text(&message, 1, node->name);
	proto_add_text(&message, 6, node->version);
	add_noise(&message, node, chance);
	if (node->has_created) {
		proto_add_number(&created, 1, (uint64_t)node->created);
		proto_add_number(&created, 2, 5);
	}
	if (node->has_created || node->noise)
		proto_add_message(&message, 8, &created);
	for (size_t i = 0; i < node->annotation_count; i++)
		add_pair(&message, 12, &node->annotations[i], false, chance);
	add_noise(&message, node, chance);
	proto_add_message(out, 1, &message);
}

static void add_spec(struct text *out, const struct made_node *node, struct chance *chance)
{
	struct text message = {0};

	add_noise(&message, node, chance);
	if (node->has_pod_cidr)
		proto_add_text(&message, 1, node->pod_cidr);
	for (size_t i = 0; i < node->pod_cidr_count; i++) {
		proto_add_text(&message, 7, node->pod_cidrs[i]);
		add_noise(&message, node, chance);
	}
	proto_add_message(out, 2, &message);
}

static void add_status(struct text *out, const struct made_node *node, struct chance *chance)
{
	struct text message = {0};

	add_noise(&message, node, chance);
	for (size_t i = 0; i < node->condition_count; i++)
		add_pair(&message, 4, &node->conditions[i], true, chance);
	for (size_t i = 0; i < node->address_count; i++)
		add_pair(&message, 5, &node->addresses[i], false, chance);
	add_noise(&message, node, chance);
	proto_add_message(out, 3, &message);
}

void proto_add_node(struct text *out, const struct made_node *node, struct chance *chance)
{
	add_noise(out, node, chance);
	add_metadata(out, node, chance);
	if (node->has_spec)
		add_spec(out, node, chance);
	if (node->has_status)
		add_status(out, node, chance);
	add_noise(out, node, chance);
}

void proto_add_unknown(struct text *out, const char *kind, struct text *object)
{
	struct text type = {0};

	add_bytes(out, "k8s\0", 4);
	proto_add_text(&type, 1, "v1");
	proto_add_text(&type, 2, kind);
	proto_add_message(out, 1, &type);
	proto_add_message(out, 2, object);
	proto_add_text(out, 3, "");
	proto_add_text(out, 4, "");
}

void proto_add_event(struct text *out, const char *type, const char *kind, struct text *object)
{
	struct text unknown = {0}, extension = {0}, event = {0};
	char prefix[4];

	proto_add_unknown(&unknown, kind, object);
	proto_add_message(&extension, 1, &unknown);
	proto_add_text(&event, 1, type);
	proto_add_message(&event, 2, &extension);
	for (unsigned i = 0; i < 4; i++)
		prefix[i] = (char)(event.length >> (24 - 8 * i));
	add_bytes(out, prefix, 4);
	add_bytes(out, event.bytes, event.length);
	text_free(&event);
}
