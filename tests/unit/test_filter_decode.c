/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a rule's bytes say: ours at every prefix length, and what makes a rule one that picks. */
#include <endian.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hostgw/prefix.h"

#include <libmnl/libmnl.h>
#include <libnftnl/expr.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "netlink/filter_decode.h"
#include "netlink/forward_encode.h"
#include "netlink/nft_expr.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define HANDLE       0x123456789aULL

/* The batch's only message, as the kernel sends it back. */
static struct nlmsghdr *only_message(struct nft_batch *batch)
{
	struct nlmsghdr *opening = (struct nlmsghdr *)batch->bytes;
	struct nlmsghdr *message = mnl_nlmsg_get_payload_tail(opening);

	assert_false(batch->failed);
	assert_int_equal(batch->count, 1);
	mnl_attr_put_u64(message, NFTA_RULE_HANDLE, htobe64(HANDLE));
	return message;
}

static void decode(struct nft_batch *batch, struct filter_rule *rule)
{
	struct filter_place place;

	assert_int_equal(filter_rule_decode(only_message(batch), &place, rule), 1);
	assert_string_equal(place.table, "filter");
	assert_string_equal(place.chain, "FORWARD");
	assert_int_equal(rule->handle, HANDLE);
}

static void check_ours(const struct prefix *network, enum forward_side side)
{
	struct forward_plan plan = {0};
	struct nft_batch batch = {0};
	struct filter_rule rule;

	plan.additions[side] = true;
	forward_encode(&batch, network->addr.family, network, &plan);
	decode(&batch, &rule);
	assert_true(forward_rule_is_ours(&rule));
	assert_string_equal(rule.comment, forward_comment(side));
	assert_true(prefix_equal(side == FORWARD_FROM_PODS ? &rule.source : &rule.destination,
	                         network));
	nft_batch_release(&batch);
}

static void ours_read_as_they_were_written(void **state)
{
	static const char *const addresses[] = {"10.244.170.85", "fd00:244:aaaa:5555::8001"};

	(void)state;
	for (size_t i = 0; i < COUNT(addresses); i++) {
		struct prefix network = {0};

		assert_true(ip_parse(addresses[i], &network.addr));
		for (unsigned length = 1; length <= ip_bits(network.addr.family); length++) {
			struct prefix masked;

			network.length = (uint8_t)length;
			masked = prefix_masked(&network);
			check_ours(&masked, FORWARD_FROM_PODS);
			check_ours(&masked, FORWARD_TO_PODS);
		}
	}
}

/* ---- rules of others ---- */

static const uint8_t address[] = {10, 1, 0, 0}, odd_mask[] = {255, 0, 255, 0};

static bool add_nothing(struct nftnl_rule *rule)
{
	(void)rule;
	return true;
}

static bool add_source(struct nftnl_rule *rule)
{
	return nft_expr_add_address(rule, AF_INET, true) &&
	       nft_expr_add_prefix_mask(rule, AF_INET, 16) &&
	       nft_expr_add_compare(rule, NFT_CMP_EQ, address, sizeof(address));
}

static bool add_other_source(struct nftnl_rule *rule)
{
	return nft_expr_add_address(rule, AF_INET, true) &&
	       nft_expr_add_compare(rule, NFT_CMP_NEQ, address, sizeof(address));
}

static bool add_odd_mask(struct nftnl_rule *rule)
{
	return nft_expr_add_address(rule, AF_INET, true) &&
	       nft_expr_add_mask(rule, odd_mask, sizeof(odd_mask)) &&
	       nft_expr_add_compare(rule, NFT_CMP_EQ, address, sizeof(address));
}

/* No packet has these bits after the mask. */
static bool add_impossible(struct nftnl_rule *rule)
{
	return nft_expr_add_address(rule, AF_INET, true) &&
	       nft_expr_add_prefix_mask(rule, AF_INET, 7) &&
	       nft_expr_add_compare(rule, NFT_CMP_EQ, address, sizeof(address)) &&
	       nft_expr_add_address(rule, AF_INET, true) &&
	       nft_expr_add_prefix_mask(rule, AF_INET, 7) &&
	       nft_expr_add_compare(rule, NFT_CMP_EQ, odd_mask, sizeof(odd_mask));
}

static bool add_mark(struct nftnl_rule *rule)
{
	return nft_expr_add_meta(rule, NFT_META_MARK) &&
	       nft_expr_add_compare(rule, NFT_CMP_EQ, address, sizeof(address));
}

/* The comparison is about another register than the address was loaded to. */
static bool add_other_register(struct nftnl_rule *rule)
{
	struct nftnl_expr *expr;

	if (!nft_expr_add_address(rule, AF_INET, true))
		return false;
	expr = nft_expr_add(rule, "cmp");
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_SREG, NFT_REG_2);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_OP, NFT_CMP_EQ);
	nftnl_expr_set(expr, NFTNL_EXPR_CMP_DATA, address, sizeof(address));
	return true;
}

static const struct {
	bool (*add)(struct nftnl_rule *rule);
	int code;
	bool picks;
	enum filter_verdict verdict;
} others[] = {
	{add_nothing, NF_ACCEPT, false, FILTER_ACCEPT},
	{add_nothing, NF_DROP, false, FILTER_DROP},
	{add_nothing, NFT_RETURN, false, FILTER_RETURN},
	{add_nothing, NFT_CONTINUE, false, FILTER_GOES_ON},
	{add_nothing, NF_QUEUE, true, FILTER_OTHER},
	{add_source, NF_ACCEPT, false, FILTER_ACCEPT},
	{add_other_source, NF_DROP, true, FILTER_DROP},
	{add_odd_mask, NF_DROP, true, FILTER_DROP},
	{add_impossible, NF_DROP, true, FILTER_DROP},
	{add_mark, NF_DROP, true, FILTER_DROP},
	{add_other_register, NF_DROP, true, FILTER_DROP},
};

static void what_is_not_a_prefix_picks(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(others); i++) {
		struct nft_batch batch = {0};
		struct nlmsghdr *message = nft_batch_begin(&batch, NFT_MSG_NEWRULE, AF_INET, 0,
		                                           "case %zu", i);
		struct nftnl_rule *made = nftnl_rule_alloc();
		struct filter_rule rule;

		assert_non_null(message);
		nftnl_rule_set_str(made, NFTNL_RULE_TABLE, "filter");
		nftnl_rule_set_str(made, NFTNL_RULE_CHAIN, "FORWARD");
		assert_true(others[i].add(made) && nft_expr_add_verdict(made, others[i].code));
		nftnl_rule_nlmsg_build_payload(message, made);
		nft_batch_finish(&batch, message);
		decode(&batch, &rule);
		if (rule.picks != others[i].picks || rule.verdict != others[i].verdict)
			fail_msg("case %zu: picks %d, verdict %d", i, rule.picks, rule.verdict);
		nftnl_rule_free(made);
		nft_batch_release(&batch);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ours_read_as_they_were_written),
		cmocka_unit_test(what_is_not_a_prefix_picks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
