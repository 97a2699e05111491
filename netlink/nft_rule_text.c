/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nft_rule_text.h"

#include <ctype.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "attributes.h"

/* Attributes of one expression; the kernel's have less than twenty. */
#define ATTRIBUTES_MAX 31

#define BIT(attribute) (UINT32_C(1) << (attribute))

/* The expressions that rules of ours are made of. */
static const struct expression {
	const char *name;
	uint32_t nested; /* attributes that hold a struct nft_data's: a value or a verdict */
	uint32_t left_out;
} expressions[] = {
	{"meta", 0, 0},
	{"payload", 0, 0},
	{"bitwise", BIT(NFTA_BITWISE_MASK) | BIT(NFTA_BITWISE_XOR), 0},
	{"cmp", BIT(NFTA_CMP_DATA), 0},
	{"lookup", 0, BIT(NFTA_LOOKUP_SET_ID)},
	{"counter", 0, UINT32_MAX},
	{"immediate", BIT(NFTA_IMMEDIATE_DATA), 0},
	{"masq", 0, 0},
};

struct output {
	char *text;
	size_t used;
	bool whole; /* all of it fitted */
};

__attribute__((format(printf, 2, 3))) static void print(struct output *out, const char *format, ...)
{
	size_t room = NFT_RULE_TEXT_MAX - out->used;
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(out->text + out->used, room, format, args);
	va_end(args);
	if (length < 0 || (size_t)length >= room)
		out->whole = false;
	else
		out->used += (size_t)length;
}

/* A number that is zero is as good as one that is not there: the kernel tells of some that nobody
 * set. */
static void print_bytes(struct output *out, const struct nlattr *attribute)
{
	static const uint8_t zero[4] = {0};
	const uint8_t *bytes = mnl_attr_get_payload(attribute);
	size_t length = mnl_attr_get_payload_len(attribute);

	if (length == sizeof(zero) && memcmp(bytes, zero, length) == 0)
		return;
	print(out, " %u=", mnl_attr_get_type(attribute));
	for (size_t i = 0; out->whole && i < length; i++)
		print(out, "%02x", bytes[i]);
}

static bool print_data(struct output *out, const struct nlattr *attribute)
{
	const struct nlattr *data[NFTA_DATA_MAX + 1], *verdict[NFTA_VERDICT_MAX + 1];

	if (!nl_nested_attributes(attribute, data, NFTA_DATA_MAX) ||
	    !nl_nested_attributes(data[NFTA_DATA_VERDICT], verdict, NFTA_VERDICT_MAX))
		return false;
	print(out, " %u={", mnl_attr_get_type(attribute));
	if (data[NFTA_DATA_VALUE])
		print_bytes(out, data[NFTA_DATA_VALUE]);
	for (size_t i = 0; data[NFTA_DATA_VERDICT] && i <= NFTA_VERDICT_MAX; i++)
		if (verdict[i])
			print_bytes(out, verdict[i]);
	print(out, " }");
	return true;
}

static const struct expression *find_expression(const struct nlattr *name_attribute)
{
	const char *name = nl_attribute_text(name_attribute);

	for (size_t i = 0; name && i < sizeof(expressions) / sizeof(*expressions); i++)
		if (strcmp(expressions[i].name, name) == 0)
			return &expressions[i];
	return NULL;
}

static bool print_expression(struct output *out, const struct nlattr *attribute)
{
	const struct nlattr *parts[NFTA_EXPR_MAX + 1], *table[ATTRIBUTES_MAX + 1];
	const struct expression *kind;

	if (!nl_nested_attributes(attribute, parts, NFTA_EXPR_MAX))
		return false;
	kind = find_expression(parts[NFTA_EXPR_NAME]);
	if (!kind || !nl_nested_attributes(parts[NFTA_EXPR_DATA], table, ATTRIBUTES_MAX))
		return false;
	print(out, "%s", kind->name);
	for (uint32_t i = 0; i <= ATTRIBUTES_MAX; i++) {
		if (!table[i] || kind->left_out & BIT(i))
			continue;
		if (!(kind->nested & BIT(i)))
			print_bytes(out, table[i]);
		else if (!print_data(out, table[i]))
			return false;
	}
	print(out, "\n");
	return true;
}

static void print_comment(struct output *out, const struct nlattr *attribute)
{
	const uint8_t *bytes = mnl_attr_get_payload(attribute);
	size_t length = mnl_attr_get_payload_len(attribute);

	for (size_t i = 0; out->whole && i < length; i++)
		print(out, isprint(bytes[i]) ? "%c" : "\\x%02x", bytes[i]);
}

bool nft_rule_print(const struct nlmsghdr *message, char text[static NFT_RULE_TEXT_MAX])
{
	const struct nlattr *table[NFTA_RULE_MAX + 1], *attribute;
	struct output out = {.text = text, .whole = true};
	int left;

	text[0] = '\0';
	if (!nl_message_attributes(message, sizeof(struct nfgenmsg), table, NFTA_RULE_MAX) ||
	    !table[NFTA_RULE_EXPRESSIONS])
		return false;
	attribute = mnl_attr_get_payload(table[NFTA_RULE_EXPRESSIONS]);
	left = (int)mnl_attr_get_payload_len(table[NFTA_RULE_EXPRESSIONS]);
	while (mnl_attr_ok(attribute, left)) {
		if (!print_expression(&out, attribute))
			return false;
		left -= (int)MNL_ALIGN(mnl_attr_get_len(attribute));
		attribute = mnl_attr_next(attribute);
	}
	if (table[NFTA_RULE_USERDATA])
		print_comment(&out, table[NFTA_RULE_USERDATA]);
	return out.whole;
}
