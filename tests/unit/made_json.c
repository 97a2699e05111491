/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"
#include "k8s/timestamp.h"
#include "node_maker.h"

static void add_escape(struct text *out, unsigned unit)
{
	char escape[8];

	snprintf(escape, sizeof(escape), "\\u%04X", unit);
	add_text(out, escape);
}

/* The code point at `text`, which is well-formed, and its length. */
static unsigned code_point(const char *text, size_t *length)
{
	const unsigned char *b = (const unsigned char *)text;

	*length = b[0] < 0x80 ? 1 : b[0] < 0xe0 ? 2 : b[0] < 0xf0 ? 3 : 4;
	if (*length == 1)
		return b[0];
	if (*length == 2)
		return (b[0] & 0x1fu) << 6 | (b[1] & 0x3fu);
	if (*length == 3)
		return (b[0] & 0xfu) << 12 | (b[1] & 0x3fu) << 6 | (b[2] & 0x3fu);
	return (b[0] & 7u) << 18 | (b[1] & 0x3fu) << 12 | (b[2] & 0x3fu) << 6 | (b[3] & 0x3fu);
}

void json_add_string(struct text *out, const char *text, struct chance *chance)
{
	add_text(out, "\"");
	while (*text) {
		size_t length;
		unsigned point = code_point(text, &length);

		if (point >= 0x10000 && chance_below(chance, 2)) {
			add_escape(out, 0xd800 + ((point - 0x10000) >> 10));
			add_escape(out, 0xdc00 + ((point - 0x10000) & 0x3ff));
		} else if (point < 0x20 || (point < 0x10000 && chance_below(chance, 8) == 0)) {
			add_escape(out, point);
		} else {
			if (point == '"' || point == '\\')
				add_text(out, "\\");
			add_bytes(out, text, length);
		}
		text += length;
	}
	add_text(out, "\"");
}

static void add_name(struct text *out, const char *name)
{
	char last = out->length > 0 ? out->bytes[out->length - 1] : '\0';

	if (last != '{' && last != '[')
		add_text(out, ",");
	add_text(out, "\"");
	add_text(out, name);
	add_text(out, "\":");
}

static void add_member(struct text *out, const char *name, const char *value, struct chance *chance)
{
	add_name(out, name);
	json_add_string(out, value, chance);
}

static void add_noise(struct text *out, const struct made_node *node, const char *name,
                      const char *value)
{
	if (!node->noise)
		return;
	add_name(out, name);
	add_text(out, value);
}

static void add_metadata(struct text *out, const struct made_node *node, struct chance *chance)
{
	char when[TIMESTAMP_TEXT_MAX];

	add_name(out, "metadata");
	add_text(out, "{");
	add_noise(out, node, "managedFields",
	          "[{\"manager\":\"kubelet\",\"fieldsV1\":{\"f:metadata\":{\"f:name\":{}}}}]");
	add_noise(out, node, "labels", "{\"name\":\"no\",\"a\":\"]}\"}");
	add_member(out, "name", node->name, chance);
	add_member(out, "resourceVersion", node->version, chance);
	if (node->has_created)
		add_member(out, "creationTimestamp", timestamp_format(node->created, when), chance);
	else
		add_noise(out, node, "creationTimestamp", "null");
	if (node->annotation_count > 0 || chance_below(chance, 2)) {
		add_name(out, "annotations");
		add_text(out, "{");
		for (size_t i = 0; i < node->annotation_count; i++)
			add_member(out, node->annotations[i].key,
			           node->annotations[i].has_value ? node->annotations[i].value : "",
			           chance);
		add_text(out, "}");
	}
	add_text(out, "}");
}

static void add_spec(struct text *out, const struct made_node *node, struct chance *chance)
{
	add_name(out, "spec");
	add_text(out, "{");
	add_noise(out, node, "taints", "[{\"key\":\"podCIDR\",\"n\":-1.5e3}]");
	if (node->has_pod_cidr)
		add_member(out, "podCIDR", node->pod_cidr, chance);
	if (node->pod_cidr_count > 0 || chance_below(chance, 2)) {
		add_name(out, "podCIDRs");
		add_text(out, "[");
		for (size_t i = 0; i < node->pod_cidr_count; i++) {
			add_text(out, i > 0 ? "," : "");
			json_add_string(out, node->pod_cidrs[i], chance);
		}
		add_text(out, "]");
	}
	add_text(out, "}");
}

static void add_pairs(struct text *out, const char *name, const char *value_name,
                      const struct made_pair *pairs, size_t count, struct chance *chance)
{
	bool conditions = strcmp(name, "conditions") == 0;

	add_name(out, name);
	add_text(out, "[");
	for (size_t i = 0; i < count; i++) {
		add_text(out, i > 0 ? ",{" : "{");
		if (pairs[i].has_key)
			add_member(out, "type", pairs[i].key, chance);
		if (pairs[i].has_value)
			add_member(out, value_name, pairs[i].value, chance);
		if (conditions)
			add_member(out, "reason", pairs[i].reason, chance);
		add_text(out, "}");
	}
	add_text(out, "]");
}

static void add_status(struct text *out, const struct made_node *node, struct chance *chance)
{
	add_name(out, "status");
	add_text(out, "{");
	add_noise(out, node, "images", "[{\"names\":[\"a@sha256:00\"],\"sizeBytes\":123}]");
	add_pairs(out, "conditions", "status", node->conditions, node->condition_count, chance);
	add_pairs(out, "addresses", "address", node->addresses, node->address_count, chance);
	add_noise(out, node, "nodeInfo", "{\"name\":\"not the name\",\"x\":[true,false,null]}");
	add_text(out, "}");
}

void json_add_node(struct text *out, const struct made_node *node, struct chance *chance)
{
	add_text(out, "{");
	add_noise(out, node, "kind", "\"Node\"");
	add_metadata(out, node, chance);
	if (node->has_spec)
		add_spec(out, node, chance);
	if (node->has_status)
		add_status(out, node, chance);
	add_text(out, "}");
}
