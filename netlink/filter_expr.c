/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "filter_expr.h"

#include <libmnl/libmnl.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>

#include "filter_attribute.h"

/* What a register holds, as far as a comparison with it can be understood. */
enum loaded { LOADED_OTHER, LOADED_SOURCE, LOADED_DESTINATION, LOADED_NFPROTO, LOADED_ETHERTYPE };

#define LENGTH_MAX 16

struct reading {
	struct filter_rule *rule;
	uint8_t family; /* of the addresses; 0: an inet rule that has not asked for it yet */
	enum loaded loaded;
	uint32_t reg;    /* where that is */
	uint32_t length; /* its bytes */
	uint8_t bits;    /* of an address: the first so many count */
};

/* What the table of expressions calls: false makes the rule an unknown one. */
typedef bool (*reader)(struct reading *reading, const struct nlattr *data);

/* ---- loads ---- */

static enum loaded address_at(uint8_t family, uint32_t offset)
{
	/* RFC 791, section 3.1; RFC 8200, section 3. */
	if (offset == (family == AF_INET ? 12 : 8))
		return LOADED_SOURCE;
	return offset == (family == AF_INET ? 16 : 24) ? LOADED_DESTINATION : LOADED_OTHER;
}

static bool read_payload(struct reading *reading, const struct nlattr *data)
{
	const struct nlattr *table[NFTA_PAYLOAD_MAX + 1];
	uint32_t base, offset;

	reading->loaded = LOADED_OTHER;
	if (!nl_nested_attributes(data, table, NFTA_PAYLOAD_MAX) ||
	    !filter_attribute_u32(table[NFTA_PAYLOAD_DREG], &reading->reg) ||
	    !filter_attribute_u32(table[NFTA_PAYLOAD_BASE], &base) ||
	    !filter_attribute_u32(table[NFTA_PAYLOAD_OFFSET], &offset) ||
	    !filter_attribute_u32(table[NFTA_PAYLOAD_LEN], &reading->length))
		return false;
	/* iptables-nft leaves off the bytes behind a prefix of whole ones. */
	if (base == NFT_PAYLOAD_NETWORK_HEADER && reading->family != 0 && reading->length > 0 &&
	    reading->length <= ip_bits(reading->family) / 8U) {
		reading->loaded = address_at(reading->family, offset);
		reading->bits = (uint8_t)(reading->length * 8);
	}
	/* A header that the packet lacks ends the rule. */
	if (reading->loaded == LOADED_OTHER)
		reading->rule->picks = true;
	return true;
}

static bool read_meta(struct reading *reading, const struct nlattr *data)
{
	const struct nlattr *table[NFTA_META_MAX + 1];
	uint32_t key;

	if (!nl_nested_attributes(data, table, NFTA_META_MAX) ||
	    !filter_attribute_u32(table[NFTA_META_KEY], &key))
		return false;
	if (!table[NFTA_META_DREG])
		return true; /* it sets a mark or the like */
	reading->loaded = LOADED_OTHER;
	if (key == NFT_META_NFPROTO) {
		reading->loaded = LOADED_NFPROTO;
		reading->length = 1;
	} else if (key == NFT_META_PROTOCOL) {
		reading->loaded = LOADED_ETHERTYPE;
		reading->length = 2;
	}
	return filter_attribute_u32(table[NFTA_META_DREG], &reading->reg);
}

/* ---- what is asked of what was loaded ---- */

/* The bytes of a value of `length`; NULL: it has another. */
static const uint8_t *read_value(const struct nlattr *attribute, uint32_t length)
{
	const struct nlattr *table[NFTA_DATA_MAX + 1];

	if (!nl_nested_attributes(attribute, table, NFTA_DATA_MAX) || !table[NFTA_DATA_VALUE] ||
	    mnl_attr_get_payload_len(table[NFTA_DATA_VALUE]) != length)
		return NULL;
	return mnl_attr_get_payload(table[NFTA_DATA_VALUE]);
}

/* How many bits the mask keeps; -1: others than the first ones. */
static int prefix_bits(const uint8_t *mask, uint32_t length)
{
	int bits = 0;

	while ((uint32_t)bits < length * 8 && mask[bits / 8] & (0x80 >> bits % 8))
		bits++;
	for (int i = bits; (uint32_t)i < length * 8; i++)
		if (mask[i / 8] & (0x80 >> i % 8))
			return -1;
	return bits;
}

static bool is_address(const struct reading *reading)
{
	return reading->loaded == LOADED_SOURCE || reading->loaded == LOADED_DESTINATION;
}

static bool read_bitwise(struct reading *reading, const struct nlattr *data)
{
	static const uint8_t zero[LENGTH_MAX];
	const struct nlattr *table[NFTA_BITWISE_MAX + 1];
	const uint8_t *mask, *flip;
	uint32_t from, to, op = NFT_BITWISE_BOOL;
	int bits;

	if (!nl_nested_attributes(data, table, NFTA_BITWISE_MAX) ||
	    !filter_attribute_u32(table[NFTA_BITWISE_SREG], &from) ||
	    !filter_attribute_u32(table[NFTA_BITWISE_DREG], &to) ||
	    (table[NFTA_BITWISE_OP] && !filter_attribute_u32(table[NFTA_BITWISE_OP], &op)))
		return false;
	if (!is_address(reading) || from != reading->reg || op != NFT_BITWISE_BOOL) {
		reading->loaded = LOADED_OTHER;
		return true;
	}
	mask = read_value(table[NFTA_BITWISE_MASK], reading->length);
	flip = read_value(table[NFTA_BITWISE_XOR], reading->length);
	bits = mask ? prefix_bits(mask, reading->length) : -1;
	if (bits < 0 || !flip || memcmp(flip, zero, reading->length) != 0)
		reading->loaded = LOADED_OTHER;
	reading->bits = bits < 0 ? 0 : (uint8_t)bits;
	reading->reg = to;
	return true;
}

static void compare_address(struct reading *reading, const uint8_t *value)
{
	struct prefix *side = reading->loaded == LOADED_SOURCE ? &reading->rule->source
	                                                       : &reading->rule->destination;
	struct prefix prefix = {.addr.family = reading->family, .length = reading->bits};

	memcpy(prefix.addr.bytes, value, reading->length);
	prefix = prefix_masked(&prefix);
	/* A second prefix of one side, or bits that no packet has after the mask. */
	if (side->addr.family != 0 || memcmp(prefix.addr.bytes, value, reading->length) != 0)
		reading->rule->picks = true;
	*side = prefix;
}

static void compare_family(struct reading *reading, bool is_ipv4, bool is_ipv6)
{
	uint8_t family = is_ipv4 ? AF_INET : AF_INET6;

	/* Neither, or not the one that it asked for before. */
	if (is_ipv4 == is_ipv6 || (reading->family != 0 && reading->family != family))
		reading->rule->picks = true;
	reading->family = reading->rule->family = family;
}

static bool read_compare(struct reading *reading, const struct nlattr *data)
{
	const struct nlattr *table[NFTA_CMP_MAX + 1];
	const uint8_t *value;
	uint32_t reg, op;

	if (!nl_nested_attributes(data, table, NFTA_CMP_MAX) ||
	    !filter_attribute_u32(table[NFTA_CMP_SREG], &reg) ||
	    !filter_attribute_u32(table[NFTA_CMP_OP], &op))
		return false;
	value = read_value(table[NFTA_CMP_DATA], reading->length);
	if (reg != reading->reg || op != NFT_CMP_EQ || !value)
		reading->loaded = LOADED_OTHER;
	switch (reading->loaded) {
	case LOADED_OTHER:
		reading->rule->picks = true;
		break;
	case LOADED_SOURCE:
	case LOADED_DESTINATION:
		compare_address(reading, value);
		break;
	case LOADED_NFPROTO:
		compare_family(reading, value[0] == NFPROTO_IPV4, value[0] == NFPROTO_IPV6);
		break;
	case LOADED_ETHERTYPE:
		compare_family(reading, (value[0] << 8 | value[1]) == ETH_P_IP,
		               (value[0] << 8 | value[1]) == ETH_P_IPV6);
		break;
	}
	return true;
}

static bool read_lookup(struct reading *reading, const struct nlattr *data)
{
	const struct nlattr *table[NFTA_LOOKUP_MAX + 1];
	uint32_t reg, flags = 0;

	if (!nl_nested_attributes(data, table, NFTA_LOOKUP_MAX) ||
	    !filter_attribute_u32(table[NFTA_LOOKUP_SREG], &reg) || table[NFTA_LOOKUP_DREG] ||
	    (table[NFTA_LOOKUP_FLAGS] && !filter_attribute_u32(table[NFTA_LOOKUP_FLAGS], &flags)))
		return false; /* a verdict map among others */
	if (!is_address(reading) || reg != reading->reg || flags != 0)
		reading->rule->picks = true;
	else if (reading->loaded == LOADED_SOURCE)
		reading->rule->source_set = true;
	else
		reading->rule->destination_set = true;
	return true;
}

/* What is not understood but known to be a condition: on it depends whether the verdict counts. */
static bool read_condition(struct reading *reading, const struct nlattr *data)
{
	(void)data;
	reading->rule->picks = true;
	reading->loaded = LOADED_OTHER;
	return true;
}

static bool read_match(struct reading *reading, const struct nlattr *data)
{
	const struct nlattr *table[NFTA_MATCH_MAX + 1];
	const char *name, *comment;

	if (!nl_nested_attributes(data, table, NFTA_MATCH_MAX))
		return false;
	name = nl_attribute_text(table[NFTA_MATCH_NAME]);
	comment = nl_attribute_text(table[NFTA_MATCH_INFO]);
	if (!name || strcmp(name, "comment") != 0)
		reading->rule->picks = true;
	else if (comment)
		snprintf(reading->rule->comment, sizeof(reading->rule->comment), "%s", comment);
	return true;
}

/* ---- what becomes of the packet ---- */

static bool read_verdict(struct filter_rule *rule, const struct nlattr *verdict)
{
	const struct nlattr *table[NFTA_VERDICT_MAX + 1];
	uint32_t code;

	if (!nl_nested_attributes(verdict, table, NFTA_VERDICT_MAX) ||
	    !filter_attribute_u32(table[NFTA_VERDICT_CODE], &code))
		return false;
	switch ((int)code) {
	case NF_ACCEPT:
		rule->verdict = FILTER_ACCEPT;
		return true;
	case NF_DROP:
		rule->verdict = FILTER_DROP;
		return true;
	case NFT_RETURN:
		rule->verdict = FILTER_RETURN;
		return true;
	case NFT_CONTINUE:
		return true;
	case NFT_JUMP:
	case NFT_GOTO:
		rule->verdict = (int)code == NFT_JUMP ? FILTER_JUMP : FILTER_GOTO;
		rule->target = nl_attribute_text(table[NFTA_VERDICT_CHAIN]);
		return rule->target != NULL;
	default:
		return false;
	}
}

static bool read_immediate(struct reading *reading, const struct nlattr *data)
{
	const struct nlattr *table[NFTA_IMMEDIATE_MAX + 1], *value[NFTA_DATA_MAX + 1];
	uint32_t reg;

	if (!nl_nested_attributes(data, table, NFTA_IMMEDIATE_MAX) ||
	    !filter_attribute_u32(table[NFTA_IMMEDIATE_DREG], &reg) ||
	    !nl_nested_attributes(table[NFTA_IMMEDIATE_DATA], value, NFTA_DATA_MAX))
		return false;
	if (reg != NFT_REG_VERDICT) {
		reading->loaded = LOADED_OTHER;
		return true;
	}
	return read_verdict(reading->rule, value[NFTA_DATA_VERDICT]);
}

static bool read_reject(struct reading *reading, const struct nlattr *data)
{
	(void)data;
	reading->rule->verdict = FILTER_DROP;
	return true;
}

static bool read_target(struct reading *reading, const struct nlattr *data)
{
	const struct nlattr *table[NFTA_TARGET_MAX + 1];
	const char *name;

	if (!nl_nested_attributes(data, table, NFTA_TARGET_MAX))
		return false;
	name = nl_attribute_text(table[NFTA_TARGET_NAME]);
	reading->rule->verdict = name ? filter_target_verdict(name) : FILTER_OTHER;
	return true;
}

static bool read_nothing(struct reading *reading, const struct nlattr *data)
{
	(void)reading;
	(void)data;
	return true;
}

/* ---- one after another ---- */

static const struct {
	const char *name;
	reader read;
} expressions_known[] = {
	{"bitwise", read_bitwise}, {"cmp", read_compare},         {"connlimit", read_condition},
	{"counter", read_nothing}, {"ct", read_condition},        {"exthdr", read_condition},
	{"fib", read_condition},   {"immediate", read_immediate}, {"last", read_nothing},
	{"limit", read_condition}, {"log", read_nothing},         {"lookup", read_lookup},
	{"match", read_match},     {"meta", read_meta},           {"notrack", read_nothing},
	{"payload", read_payload}, {"quota", read_condition},     {"range", read_condition},
	{"reject", read_reject},   {"rt", read_condition},        {"socket", read_condition},
	{"target", read_target},
};

static bool read_expression(struct reading *reading, const struct nlattr *expression)
{
	const struct nlattr *table[NFTA_EXPR_MAX + 1];
	const char *name;

	if (!nl_nested_attributes(expression, table, NFTA_EXPR_MAX))
		return false;
	name = nl_attribute_text(table[NFTA_EXPR_NAME]);
	for (size_t i = 0; name && i < sizeof(expressions_known) / sizeof(*expressions_known); i++)
		if (strcmp(name, expressions_known[i].name) == 0)
			return expressions_known[i].read(reading, table[NFTA_EXPR_DATA]);
	return false;
}

void filter_expressions_read(const struct nlattr *expressions, uint8_t family,
                             struct filter_rule *rule)
{
	struct reading reading = {.rule = rule};
	const struct nlattr *expression;
	int left;

	if (!expressions)
		return;
	if (family == NFPROTO_IPV4 || family == NFPROTO_IPV6)
		reading.family = family == NFPROTO_IPV4 ? AF_INET : AF_INET6;
	expression = mnl_attr_get_payload(expressions);
	left = mnl_attr_get_payload_len(expressions);
	while (mnl_attr_ok(expression, left) && read_expression(&reading, expression)) {
		left -= (int)NLMSG_ALIGN(mnl_attr_get_len(expression));
		expression = mnl_attr_next(expression);
	}
	if (left > 0) {
		rule->picks = true;
		rule->verdict = FILTER_OTHER;
	}
}
