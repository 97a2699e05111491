/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nft_expr.h"

#include <libnftnl/expr.h>
#include <libnftnl/udata.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

/* Where the addresses stand: RFC 791, section 3.1 and RFC 8200, section 3. */
static uint32_t address_offset(uint8_t family, bool source)
{
	if (family == AF_INET)
		return source ? 12 : 16;
	return source ? 8 : 24;
}

struct nftnl_expr *nft_expr_add(struct nftnl_rule *rule, const char *name)
{
	struct nftnl_expr *expr = nftnl_expr_alloc(name);

	if (expr)
		nftnl_rule_add_expr(rule, expr);
	return expr;
}

bool nft_expr_add_meta(struct nftnl_rule *rule, uint32_t key)
{
	struct nftnl_expr *expr = nft_expr_add(rule, "meta");

	if (!expr)
		return false;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_KEY, key);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_DREG, NFT_REG_1);
	return true;
}

bool nft_expr_add_address(struct nftnl_rule *rule, uint8_t family, bool source)
{
	struct nftnl_expr *expr = nft_expr_add(rule, "payload");

	if (!expr)
		return false;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_OFFSET, address_offset(family, source));
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_LEN, ip_bits(family) / 8U);
	return true;
}

bool nft_expr_add_mask(struct nftnl_rule *rule, const void *mask, uint32_t length)
{
	static const uint8_t zero[16] = {0};
	struct nftnl_expr *expr = nft_expr_add(rule, "bitwise");

	if (!expr)
		return false;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_LEN, length);
	nftnl_expr_set(expr, NFTNL_EXPR_BITWISE_MASK, mask, length);
	nftnl_expr_set(expr, NFTNL_EXPR_BITWISE_XOR, zero, length);
	return true;
}

bool nft_expr_add_prefix_mask(struct nftnl_rule *rule, uint8_t family, uint8_t bits)
{
	struct prefix mask = {.addr.family = family, .length = bits};

	memset(mask.addr.bytes, 0xff, sizeof(mask.addr.bytes));
	mask = prefix_masked(&mask);
	return nft_expr_add_mask(rule, mask.addr.bytes, ip_bits(family) / 8U);
}

bool nft_expr_add_compare(struct nftnl_rule *rule, uint32_t op, const void *data, uint32_t length)
{
	struct nftnl_expr *expr = nft_expr_add(rule, "cmp");

	if (!expr)
		return false;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_OP, op);
	nftnl_expr_set(expr, NFTNL_EXPR_CMP_DATA, data, length);
	return true;
}

bool nft_expr_add_verdict(struct nftnl_rule *rule, int verdict)
{
	struct nftnl_expr *expr = nft_expr_add(rule, "immediate");

	if (!expr)
		return false;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_VERDICT, (uint32_t)verdict);
	return true;
}

bool nft_rule_set_comment(struct nftnl_rule *rule, const char *comment)
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
