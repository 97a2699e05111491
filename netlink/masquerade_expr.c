/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "masquerade_expr.h"

#include <libnftnl/expr.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

/* Where the addresses stand: RFC 791, section 3.1 and RFC 8200, section 3. */
static uint32_t address_offset(enum ip_family_index family, bool source)
{
	if (family == IP_V4)
		return source ? 12 : 16;
	return source ? 8 : 24;
}

/* Adds an empty expression to the rule. NULL: no memory. */
static struct nftnl_expr *add(struct nftnl_rule *rule, const char *name)
{
	struct nftnl_expr *expr = nftnl_expr_alloc(name);

	if (expr)
		nftnl_rule_add_expr(rule, expr);
	return expr;
}

static bool add_meta(struct nftnl_rule *rule, uint32_t key)
{
	struct nftnl_expr *expr = add(rule, "meta");

	if (!expr)
		return false;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_KEY, key);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_DREG, NFT_REG_1);
	return true;
}

static bool add_compare(struct nftnl_rule *rule, uint32_t op, const void *data, uint32_t length)
{
	struct nftnl_expr *expr = add(rule, "cmp");

	if (!expr)
		return false;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_OP, op);
	nftnl_expr_set(expr, NFTNL_EXPR_CMP_DATA, data, length);
	return true;
}

static bool add_mask(struct nftnl_rule *rule, const void *mask, uint32_t length)
{
	static const uint8_t zero[16] = {0};
	struct nftnl_expr *expr = add(rule, "bitwise");

	if (!expr)
		return false;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_LEN, length);
	nftnl_expr_set(expr, NFTNL_EXPR_BITWISE_MASK, mask, length);
	nftnl_expr_set(expr, NFTNL_EXPR_BITWISE_XOR, zero, length);
	return true;
}

static bool add_mark(struct nftnl_rule *rule)
{
	uint32_t mark = MASQUERADE_KUBE_MARK;

	return add_meta(rule, NFT_META_MARK) && add_mask(rule, &mark, sizeof(mark)) &&
	       add_compare(rule, NFT_CMP_EQ, &mark, sizeof(mark));
}

/* In an inet table a rule must ask for the IP version before it looks into the header. */
static bool add_family(struct nftnl_rule *rule, enum ip_family_index family)
{
	uint8_t protocol = family == IP_V4 ? NFPROTO_IPV4 : NFPROTO_IPV6;

	return add_meta(rule, NFT_META_NFPROTO) &&
	       add_compare(rule, NFT_CMP_EQ, &protocol, sizeof(protocol));
}

static bool add_address(struct nftnl_rule *rule, enum ip_family_index family, bool source)
{
	struct nftnl_expr *expr = add(rule, "payload");

	if (!expr)
		return false;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_OFFSET, address_offset(family, source));
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_LEN, ip_bits(ip_family(family)) / 8U);
	return true;
}

static bool add_lookup(struct nftnl_rule *rule, enum ip_family_index family,
                       enum masquerade_set set, uint32_t flags)
{
	struct nftnl_expr *expr = add(rule, "lookup");

	if (!expr ||
	    nftnl_expr_set_str(expr, NFTNL_EXPR_LOOKUP_SET, masquerade_set_name(family, set)) < 0)
		return false;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_SET_ID, masquerade_set_id(family, set));
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_FLAGS, flags);
	return true;
}

static bool add_not_multicast(struct nftnl_rule *rule, enum ip_family_index family)
{
	struct prefix multicast = masquerade_multicast(family);
	struct prefix mask = {.addr.family = ip_family(family), .length = multicast.length};
	uint32_t length = ip_bits(ip_family(family)) / 8U;

	memset(mask.addr.bytes, 0xff, sizeof(mask.addr.bytes));
	mask = prefix_masked(&mask);
	return add_mask(rule, mask.addr.bytes, length) &&
	       add_compare(rule, NFT_CMP_NEQ, multicast.addr.bytes, length);
}

static bool add_side(struct nftnl_rule *rule, const struct masquerade_side *side,
                     enum ip_family_index family, bool source)
{
	switch (side->match) {
	case MASQUERADE_ANY:
		return true;
	case MASQUERADE_IN_SET:
		return add_address(rule, family, source) && add_lookup(rule, family, side->set, 0);
	case MASQUERADE_NOT_IN_SET:
		return add_address(rule, family, source) &&
		       add_lookup(rule, family, side->set, NFT_LOOKUP_F_INV);
	case MASQUERADE_NOT_MULTICAST:
		return add_address(rule, family, source) && add_not_multicast(rule, family);
	}
	return false;
}

static bool add_immediate(struct nftnl_rule *rule, int verdict)
{
	struct nftnl_expr *expr = add(rule, "immediate");

	if (!expr)
		return false;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_VERDICT, (uint32_t)verdict);
	return true;
}

static bool add_verdict(struct nftnl_rule *rule, enum masquerade_verdict verdict, bool random)
{
	struct nftnl_expr *expr;

	switch (verdict) {
	case MASQUERADE_RETURN:
		return add_immediate(rule, NFT_RETURN);
	case MASQUERADE_ACCEPT:
		return add_immediate(rule, NF_ACCEPT);
	case MASQUERADE_MASQUERADE:
		expr = add(rule, "masq");
		if (expr && random)
			nftnl_expr_set_u32(expr, NFTNL_EXPR_MASQ_FLAGS,
			                   NF_NAT_RANGE_PROTO_RANDOM_FULLY);
		return expr != NULL;
	}
	return false;
}

/* nft prints what it finds here as comment "...". */
static bool set_comment(struct nftnl_rule *rule, const char *comment)
{
	struct nftnl_udata_buf *data = nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN);
	bool done;

	if (!data)
		return false;
	done = nftnl_udata_put_strz(data, NFTNL_UDATA_RULE_COMMENT, comment) &&
	       nftnl_rule_set_data(rule, NFTNL_RULE_USERDATA, nftnl_udata_buf_data(data),
	                           nftnl_udata_buf_len(data)) == 0;
	nftnl_udata_buf_free(data);
	return done;
}

static bool fill(struct nftnl_rule *rule, const struct masquerade_entry *entry, bool fully_random)
{
	const struct masquerade_rule *what = entry->rule;
	bool matches = what->marked
	                       ? add_mark(rule)
	                       : add_family(rule, entry->family) &&
	                                 add_side(rule, &what->source, entry->family, true) &&
	                                 add_side(rule, &what->destination, entry->family, false);

	nftnl_rule_set_u32(rule, NFTNL_RULE_FAMILY, NFPROTO_INET);
	return matches && add(rule, "counter") && add_verdict(rule, what->verdict, fully_random) &&
	       nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, MASQUERADE_TABLE) == 0 &&
	       nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, masquerade_chain_name(what->chain)) ==
	               0 &&
	       set_comment(rule, what->comment);
}

uint32_t masquerade_set_id(enum ip_family_index family, enum masquerade_set set)
{
	return (uint32_t)family * MASQUERADE_SETS + (uint32_t)set + 1;
}

struct nftnl_rule *masquerade_rule_new(const struct masquerade_entry *entry, bool fully_random)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();

	if (rule && fill(rule, entry, fully_random))
		return rule;
	if (rule)
		nftnl_rule_free(rule);
	return NULL;
}
