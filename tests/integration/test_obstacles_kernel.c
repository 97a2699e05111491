/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What drops pod traffic is found in nf_tables and in iptables-legacy, and the command that is
 * said to help helps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hostgw/forward_obstacles.h"
#include "hostgw/forward_rules.h"
#include "sandbox.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define TEXT_MAX     4096

struct heard {
	char text[TEXT_MAX]; /* a line each */
	size_t count;
};

static void hear(void *ctx, const struct error *obstacle)
{
	struct heard *heard = ctx;
	size_t used = strlen(heard->text);

	snprintf(heard->text + used, sizeof(heard->text) - used, "%s\n", obstacle->text);
	heard->count++;
}

static struct heard find(struct nft *nft)
{
	const struct forward_rules rules = {
		.network = {sandbox_prefix("10.244.0.0/16"), sandbox_prefix("fd00:244::/48")}};
	struct heard heard = {.count = 0};
	struct error err;
	bool changed;

	if (forward_rules_apply(nft, &rules, &changed, &err) != 0 ||
	    forward_obstacles_find(nft, rules.network, hear, &heard, &err) != 0)
		fail_msg("%s", err.text);
	return heard;
}

#define BASE "type filter hook forward priority "
#define L    "iptables-legacy "
#define L6   "ip6tables-legacy "

static const struct {
	const char *set_up, *heard;
} advised[] = {
	/* as nftables.service often has it */
	{"nft 'table inet filter { chain forward { " BASE "0; policy drop; }; }'",
         "Chain forward of table inet filter drops what pods send and are sent (policy drop), "
         "whatever other tables accept; unless a rule of it lets them pass, run, and keep: "
         "nft add rule inet filter forward ip saddr 10.244.0.0/16 accept; "
         "nft add rule inet filter forward ip daddr 10.244.0.0/16 accept\n"
         "Chain forward of table inet filter drops what pods send and are sent (policy drop), "
         "whatever other tables accept; unless a rule of it lets them pass, run, and keep: "
         "nft add rule inet filter forward ip6 saddr fd00:244::/48 accept; "
         "nft add rule inet filter forward ip6 daddr fd00:244::/48 accept\n"},
	/* a rule, of a priority behind ours, of one family */
	{"nft 'table ip6 own { chain passing { " BASE "300; ct state established accept; "
         "ip6 saddr fd00::/8 accept; reject; }; }'",
         "Chain passing of table ip6 own drops what is sent to pods, whatever other tables accept; "
         "unless a rule of it lets them pass, run, and keep: "
         "nft insert rule ip6 own passing ip6 daddr fd00:244::/48 accept\n"},
	{"nft 'table inet t { chain passing { " BASE "0; meta nfproto ipv4 jump deep; }; "
         "chain deep { ip daddr 10.0.0.0/8 return; counter drop; }; }'",
         "Chain passing of table inet t drops what pods send, whatever other tables accept; "
         "unless a rule of it lets them pass, run, and keep: "
         "nft insert rule inet t passing ip saddr 10.244.0.0/16 accept\n"},
	{L "-P FORWARD DROP; " L "-A FORWARD -i lo -j ACCEPT",
         "Chain FORWARD of iptables-legacy drops what pods send and are sent (policy DROP), and "
         "hostgwd does not write there; run, and keep: iptables-legacy -A FORWARD -s "
         "10.244.0.0/16 -m comment --comment \"hostgwd: from pods\" -j ACCEPT; iptables-legacy "
         "-A FORWARD -d 10.244.0.0/16 -m comment --comment \"hostgwd: to pods\" -j ACCEPT\n"},
	{L "-P FORWARD ACCEPT; " L "-F FORWARD; " L "-N ALL; " L "-A ALL -j REJECT; " L
           "-A FORWARD -p icmp -m comment --comment x -j ACCEPT; " L "-A FORWARD -j ALL; " L
           "-I FORWARD -s 10.0.0.0/8 -j ACCEPT",
         "Chain FORWARD of iptables-legacy drops what is sent to pods, and hostgwd does not write "
         "there; run, and keep: iptables-legacy -I FORWARD 3 -d 10.244.0.0/16 -m comment "
         "--comment \"hostgwd: to pods\" -j ACCEPT\n"},
	{L6 "-P FORWARD DROP",
         "Chain FORWARD of ip6tables-legacy drops what pods send and are sent (policy DROP), and "
         "hostgwd does not write there; run, and keep: ip6tables-legacy -A FORWARD -s "
         "fd00:244::/48 -m comment --comment \"hostgwd: from pods\" -j ACCEPT; ip6tables-legacy "
         "-A FORWARD -d fd00:244::/48 -m comment --comment \"hostgwd: to pods\" -j ACCEPT\n"},
};

/* The commands of a line stand behind its last "keep: ". */
static void follow_advice(const char *lines)
{
	const char *command = lines;

	while ((command = strstr(command, "keep: ")) != NULL) {
		char text[TEXT_MAX];

		command += strlen("keep: ");
		snprintf(text, sizeof(text), "%.*s", (int)strcspn(command, "\n"), command);
		sandbox_run("%s", text);
	}
}

static void what_is_advised_helps(void **state)
{
	for (size_t i = 0; i < COUNT(advised); i++) {
		struct heard heard;

		sandbox_run("%s", advised[i].set_up);
		heard = find(*state);
		assert_string_equal(heard.text, advised[i].heard);
		follow_advice(heard.text);
		heard = find(*state);
		assert_string_equal(heard.text, "");
		sandbox_run("nft flush ruleset");
	}
}

static const char *const harmless[] = {
	"true",
	/* ours takes care of them */
	"iptables-nft -P FORWARD DROP; ip6tables-nft -A FORWARD -j DROP",
	/* they let pods pass */
	"nft 'table inet filter { chain forward { " BASE
	"0; policy drop; ip saddr 10.0.0.0/8 accept; "
	"ip daddr 10.244.0.0/16 accept; meta nfproto ipv6 accept; }; }'",
	"nft 'table inet filter { chain forward { " BASE "0; policy drop; jump pods; }; "
	"chain pods { ip6 saddr fd00:244::/48 accept; ip6 daddr fd00:244::/48 accept; "
	"meta protocol ip accept; }; }'",
	/* perhaps: their sets are not looked into */
	"nft 'table inet filter { set ours { type ipv4_addr; flags interval; "
	"elements = { 10.0.0.0/8 }; }; chain forward { " BASE "0; policy drop; "
	"ip saddr @ours accept; ip daddr { 10.96.0.0/12, 10.244.0.0/16 } accept; "
	"meta nfproto ipv6 accept; }; }'",
	/* only some packets */
	"nft 'table ip filter2 { chain forward { " BASE
	"0; tcp dport 25 drop; ct state invalid drop; "
	"iifname eth7 reject; ip saddr 10.244.7.7 drop; }; }'",
	/* not asked: another hook, a bridge's, a table that is switched off, no base chain */
	"nft 'table inet filter { chain input { type filter hook input priority 0; policy drop; }; "
	"chain forward { drop; }; }'",
	"nft 'table bridge filter { chain forward { " BASE "0; policy drop; }; }'",
	"nft 'table inet off { flags dormant; chain forward { " BASE "0; policy drop; }; }'",
};

static void nothing_is_said_of_the_harmless(void **state)
{
	for (size_t i = 0; i < COUNT(harmless); i++) {
		struct heard heard;

		sandbox_run("%s", harmless[i]);
		heard = find(*state);
		if (heard.count != 0)
			fail_msg("%s: %s", harmless[i], heard.text);
		sandbox_run("nft flush ruleset");
	}
}

/* As hostgwd check sees the host before the daemon has run. */
static void what_ours_will_mend_is_none(void **state)
{
	const struct prefix network[IP_FAMILIES] = {sandbox_prefix("10.244.0.0/16"),
	                                            sandbox_prefix("fd00:244::/48")};
	struct heard heard = {.count = 0};
	struct error err;

	sandbox_run("iptables-nft -P FORWARD DROP && iptables-nft -A FORWARD -i lo -j ACCEPT && "
	            "ip6tables-nft -A FORWARD -j REJECT");
	assert_int_equal(forward_obstacles_find(*state, network, hear, &heard, &err), 0);
	assert_string_equal(heard.text, "");
	sandbox_run("iptables-nft -I FORWARD -d 10.0.0.0/8 -j DROP");
	assert_int_equal(forward_obstacles_find(*state, network, hear, &heard, &err), 0);
	assert_non_null(strstr(heard.text, "Rule 1 of chain FORWARD of iptables drops what is sent "
	                                   "to pods, "));
	assert_int_equal(heard.count, 1);
}

/* Ours are behind it, as they must be; only its owner can help. */
static void a_rule_that_drops_pods_by_their_address_is_named(void **state)
{
	struct heard heard;

	sandbox_run("iptables-nft -P FORWARD DROP && iptables-nft -A FORWARD -i lo -j ACCEPT && "
	            "iptables-nft -A FORWARD -s 10.0.0.0/8 -j REJECT");
	heard = find(*state);
	assert_string_equal(
		heard.text,
		"Rule 2 of chain FORWARD of iptables drops what pods send, and hostgwd's "
		"own rules stay behind such rules; narrow it or take it out, see iptables "
		"-S FORWARD 2\n");
}

/* What firewalld 1.3 loads when it comes from its package, as far as forwarding goes. */
static void firewalld_is_told_in_its_own_words(void **state)
{
	struct heard heard;

	sandbox_run("nft 'table inet firewalld { chain filter_FORWARD { " BASE "filter + 10; "
	            "ct state { established, related } accept; ct status dnat accept; "
	            "iifname lo accept; ct state invalid drop; jump filter_FORWARD_ZONES; "
	            "reject with icmpx admin-prohibited; }; "
	            "chain filter_FORWARD_ZONES { goto filter_FWD_public; }; "
	            "chain filter_FWD_public { jump filter_FWD_public_allow; "
	            "reject with icmpx admin-prohibited; }; chain filter_FWD_public_allow { }; }'");
	heard = find(*state);
	assert_int_equal(heard.count, 2);
	assert_non_null(strstr(heard.text,
	                       "Chain filter_FORWARD of table inet firewalld drops what pods send "
	                       "and are sent, whatever other tables accept; run: firewall-cmd "
	                       "--permanent --zone=trusted --add-source=10.244.0.0/16; "));
	assert_non_null(strstr(heard.text, "--add-source=fd00:244::/48; "));
	assert_non_null(strstr(heard.text, "; firewall-cmd --reload\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		/* First: tables of iptables-legacy stay for the namespace's life. */
		cmocka_unit_test_setup_teardown(nothing_is_said_of_the_harmless, sandbox_set_up_nft,
	                                        sandbox_tear_down_nft),
		cmocka_unit_test_setup_teardown(what_ours_will_mend_is_none, sandbox_set_up_nft,
	                                        sandbox_tear_down_nft),
		cmocka_unit_test_setup_teardown(a_rule_that_drops_pods_by_their_address_is_named,
	                                        sandbox_set_up_nft, sandbox_tear_down_nft),
		cmocka_unit_test_setup_teardown(firewalld_is_told_in_its_own_words,
	                                        sandbox_set_up_nft, sandbox_tear_down_nft),
		cmocka_unit_test_setup_teardown(what_is_advised_helps, sandbox_set_up_nft,
	                                        sandbox_tear_down_nft),
	};

	if (!sandbox_enter())
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
