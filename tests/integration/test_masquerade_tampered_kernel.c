/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nftables table after others had their hands on it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "masquerade_fixture.h"
#include "netlink/attributes.h"
#include "netlink/nft.h"
#include "sandbox.h"

#define FIND_HANDLE(chain, text)                                                             \
	"handle=$(nft -a list chain inet hostgw " chain " | sed -n '/" text "/s/.*# handle " \
	"//p' | head -n 1); "

static const struct {
	const char *command;
	enum masquerade_finding found;
} tamperings[] = {
	{"nft flush ruleset", MASQUERADE_TABLE_MISSING},
	{"nft delete table inet hostgw", MASQUERADE_TABLE_MISSING},
	{"nft add table inet hostgw '{ flags dormant; }'", MASQUERADE_FLAGS_DIFFER},
	{"nft flush table inet hostgw", MASQUERADE_RULES_DIFFER},
	{"nft flush chain inet hostgw postrouting", MASQUERADE_RULES_DIFFER},
	{"nft insert rule inet hostgw forward drop", MASQUERADE_RULES_DIFFER},
	{"nft add rule inet hostgw postrouting ip saddr { 10.0.0.1, 10.0.0.2 } accept",
         MASQUERADE_RULES_DIFFER},
	{"nft add rule inet hostgw postrouting tcp dport vmap { 80 : accept, 81 : drop }",
         MASQUERADE_RULES_DIFFER},
	{"nft add rule inet hostgw forward ct state established log prefix '\"x\"' limit rate "
         "5/second accept",
         MASQUERADE_RULES_DIFFER},
	{FIND_HANDLE("postrouting", "left to kube-proxy") "nft delete rule inet hostgw postrouting "
                                                          "handle $handle",
         MASQUERADE_RULES_DIFFER},
	/* The same rule at another place, with another comment, with another verdict. */
	{FIND_HANDLE("forward", "from pods") "nft delete rule inet hostgw forward handle $handle; "
                                             "nft add rule inet hostgw forward ip saddr @cluster4 "
                                             "counter accept comment '\"from pods\"'",
         MASQUERADE_RULES_DIFFER},
	{FIND_HANDLE("forward", "from pods") "nft replace rule inet hostgw forward handle $handle "
                                             "ip saddr @cluster4 counter accept comment '\"from "
                                             "p0ds\"'",
         MASQUERADE_RULES_DIFFER},
	{FIND_HANDLE("forward", "from pods") "nft replace rule inet hostgw forward handle $handle "
                                             "ip saddr @cluster4 counter drop comment '\"from "
                                             "pods\"'",
         MASQUERADE_RULES_DIFFER},
	{FIND_HANDLE("forward", "from pods") "nft replace rule inet hostgw forward handle $handle "
                                             "ip saddr @cluster4 accept comment '\"from pods\"'",
         MASQUERADE_RULES_DIFFER},
	{FIND_HANDLE("forward", "from pods") "nft replace rule inet hostgw forward handle $handle "
                                             "ip saddr != @cluster4 counter accept comment "
                                             "'\"from pods\"'",
         MASQUERADE_RULES_DIFFER},
	{"nft add chain inet hostgw forward '{ policy drop; }'", MASQUERADE_CHAIN_DIFFERS},
	{"nft flush chain inet hostgw forward; nft delete chain inet hostgw forward",
         MASQUERADE_CHAIN_DIFFERS},
	{"nft 'delete chain inet hostgw forward; add chain inet hostgw forward { type filter hook "
         "forward priority 5; }'",
         MASQUERADE_CHAIN_DIFFERS},
	{"nft 'delete chain inet hostgw forward; add chain inet hostgw forward { type filter hook "
         "input priority 0; }'",
         MASQUERADE_CHAIN_DIFFERS},
	{"nft 'delete chain inet hostgw forward; add chain inet hostgw forward'",
         MASQUERADE_CHAIN_DIFFERS},
	{"nft 'delete chain inet hostgw postrouting; add chain inet hostgw postrouting { type filter "
         "hook postrouting priority 100; }'",
         MASQUERADE_CHAIN_DIFFERS},
	{"nft add element inet hostgw cluster4 '{ 8.8.8.0/24 }'", MASQUERADE_ELEMENTS_DIFFER},
	{"nft add element inet hostgw pods4 '{ 10.244.2.0/24 }'", MASQUERADE_ELEMENTS_DIFFER},
	{"nft add element inet hostgw pods6 '{ fd00:9:: comment \"x\" }'",
         MASQUERADE_ELEMENTS_DIFFER},
	{"nft flush set inet hostgw cluster4", MASQUERADE_ELEMENTS_DIFFER},
	{"nft delete element inet hostgw cluster6 '{ fd00:244::/48 }'", MASQUERADE_ELEMENTS_DIFFER},
	{"nft 'delete element inet hostgw pods4 { 10.244.1.0/24 }; add element inet hostgw pods4 { "
         "10.244.1.0/25 }'",
         MASQUERADE_ELEMENTS_DIFFER},
	{"nft 'flush table inet hostgw; delete set inet hostgw pods4'", MASQUERADE_SET_DIFFERS},
	{"nft 'flush table inet hostgw; delete set inet hostgw pods4; add set inet hostgw pods4 { "
         "type ipv4_addr; flags interval, timeout; }'",
         MASQUERADE_SET_DIFFERS},
	{"nft 'flush table inet hostgw; delete set inet hostgw pods4; add set inet hostgw pods4 { "
         "type ipv4_addr; size 1; flags interval; }'",
         MASQUERADE_SET_DIFFERS},
	{"nft 'flush table inet hostgw; delete set inet hostgw pods4; add set inet hostgw pods4 { "
         "type inet_service; flags interval; }'",
         MASQUERADE_SET_DIFFERS},
	{"nft add chain inet hostgw mine", MASQUERADE_FOREIGN_OBJECT},
	{"nft add chain inet hostgw mine '{ type filter hook input priority 0; policy drop; }'",
         MASQUERADE_FOREIGN_OBJECT},
	{"nft add set inet hostgw mine '{ type ipv4_addr; }'", MASQUERADE_FOREIGN_OBJECT},
	{"nft 'add chain inet hostgw a; add chain inet hostgw b; add rule inet hostgw b drop; add "
         "rule inet hostgw a jump b; add map inet hostgw m { type ipv4_addr : verdict; elements = "
         "{ 1.2.3.4 : jump b } }; add rule inet hostgw a ip saddr vmap @m; insert rule inet hostgw "
         "forward jump a'",
         MASQUERADE_FOREIGN_OBJECT},
	{"nft 'add table inet hostgw { flags dormant; }; flush chain inet hostgw forward; delete "
         "chain inet hostgw forward; add element inet hostgw cluster4 { 8.8.8.0/24 }; add chain "
         "inet hostgw mine'",
         MASQUERADE_FLAGS_DIFFER},
};

static void whatever_others_do_is_put_right(void **state)
{
	const struct masquerade_rules rules = fixture_rules(NULL, 0);
	struct masquerade_report report;

	fixture_apply(*state, &rules, NULL);
	for (size_t i = 0; i < sizeof(tamperings) / sizeof(*tamperings); i++) {
		sandbox_run("%s", tamperings[i].command);
		if (!fixture_apply(*state, &rules, &report))
			fail_msg("not noticed: %s", tamperings[i].command);
		if (!report.found[tamperings[i].found])
			fail_msg("not found %d: %s", tamperings[i].found, tamperings[i].command);
		fixture_assert_listed("dual");
		if (fixture_apply(*state, &rules, NULL))
			fail_msg("not settled: %s", tamperings[i].command);
	}
}

/* What is right is not touched: it keeps its number in the kernel, and rules their counters. */
static void what_is_right_stays(void **state)
{
	static const char *const kept[][2] = {
		{"nft add element inet hostgw pods4 '{ 10.244.2.0/24 }'",
	         "nft -a list table inet hostgw"},
		{"nft add rule inet hostgw forward drop",
	         "nft -a list table inet hostgw | sed '/chain forward/,$d'"},
		{"nft flush chain inet hostgw postrouting",
	         "nft -a list table inet hostgw | grep -v comment"},
		{"nft add chain inet hostgw mine", "nft -a list table inet hostgw"},
		{"nft add chain inet hostgw forward '{ policy drop; }'",
	         "nft -a list table inet hostgw"},
		{"nft add table inet hostgw '{ flags dormant; }'", "nft -a list table inet hostgw"},
	};
	const struct masquerade_rules rules = fixture_rules(NULL, 0);

	sandbox_run("ip addr add 10.244.1.1/32 dev lo");
	fixture_apply(*state, &rules, NULL);
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++) {
		char before[TEXT_MAX], after[TEXT_MAX];

		sandbox_run("ping -q -c 1 -W 1 -I 10.244.1.1 127.0.0.1 >/dev/null");
		sandbox_capture(kept[i][1], before, sizeof(before));
		sandbox_run("%s", kept[i][0]);
		assert_true(fixture_apply(*state, &rules, NULL));
		sandbox_capture(kept[i][1], after, sizeof(after));
		if (strcmp(before, after) != 0)
			fail_msg("%s:\n%s%s", kept[i][0], before, after);
	}
	sandbox_run("nft list chain inet hostgw postrouting | grep -q 'packets [1-9].*pods to the "
	            "outside'");
}

static int take_generation(void *ctx, const struct nlmsghdr *message)
{
	const struct nlattr *table[NFTA_GEN_MAX + 1];

	assert_true(nl_message_attributes(message, sizeof(struct nfgenmsg), table, NFTA_GEN_MAX));
	assert_true(nl_attribute_u32(table[NFTA_GEN_ID], ctx));
	return 0;
}

/* Every transaction of anybody counts it up. */
static uint32_t generation(struct nft *nft)
{
	const struct nft_selection what = {.type = NFT_MSG_GETGEN};
	const struct nl_dump_ops ops = {.message = take_generation};
	uint32_t number = 0;
	struct error err;

	if (nft_get(nft, &what, &ops, &number, &err) < 0)
		fail_msg("%s", err.text);
	return number;
}

static void nothing_is_written_when_all_is_right(void **state)
{
	const struct prefix others[] = {sandbox_prefix("192.168.1.0/24")};
	const struct masquerade_rules rules = fixture_rules(others, 1);
	uint32_t before = generation(*state);

	assert_true(fixture_apply(*state, &rules, NULL));
	assert_int_not_equal(generation(*state), before);
	before = generation(*state);
	for (int i = 0; i < 10; i++)
		assert_false(fixture_apply(*state, &rules, NULL));
	assert_int_equal(generation(*state), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(whatever_others_do_is_put_right, sandbox_set_up_nft,
	                                        sandbox_tear_down_nft),
		cmocka_unit_test_setup_teardown(what_is_right_stays, sandbox_set_up_nft,
	                                        sandbox_tear_down_nft),
		cmocka_unit_test_setup_teardown(nothing_is_written_when_all_is_right,
	                                        sandbox_set_up_nft, sandbox_tear_down_nft),
	};

	if (!sandbox_enter())
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
