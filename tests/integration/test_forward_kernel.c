/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Our rules in iptables-nft's FORWARD, as iptables-save prints them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "hostgw/forward_rules.h"
#include "sandbox.h"

#define TEXT_MAX     16384
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

#define FORWARD4 "iptables-nft -S FORWARD"
#define FORWARD6 "ip6tables-nft -S FORWARD"
/* Rules with their handles: what was not touched still has its own. */
#define RULESET "nft -a list ruleset 2>/dev/null"

#define FROM "-A FORWARD -s 10.244.0.0/16 -m comment --comment \"hostgwd: from pods\" -j ACCEPT\n"
#define TO   "-A FORWARD -d 10.244.0.0/16 -m comment --comment \"hostgwd: to pods\" -j ACCEPT\n"

static struct forward_rules wanted(const char *network4, const char *network6)
{
	return (struct forward_rules){
		.network = {sandbox_prefix(network4), sandbox_prefix(network6)}};
}

/* Applies them; did anything change? */
static bool apply(struct nft *nft, const char *network4, const char *network6)
{
	struct forward_rules rules = wanted(network4, network6);
	struct error err;
	bool changed;

	if (forward_rules_apply(nft, &rules, &changed, &err) != 0)
		fail_msg("%s", err.text);
	return changed;
}

static void assert_shows(const char *command, const char *text)
{
	char shown[TEXT_MAX];

	sandbox_capture(command, shown, sizeof(shown));
	assert_string_equal(shown, text);
}

#define I "iptables-nft "

static const struct {
	const char *set_up, *shown;
} places[] = {
	/* the policy decides */
	{I "-P FORWARD DROP", "-P FORWARD DROP\n" FROM TO},
	{I "-P FORWARD DROP; " I "-A FORWARD -i eth0 -j DROP",
         "-P FORWARD DROP\n-A FORWARD -i eth0 -j DROP\n" FROM TO},
	/* a rule decides */
	{I "-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT; " I
           "-A FORWARD -j REJECT",
         "-P FORWARD ACCEPT\n-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n" FROM
                 TO "-A FORWARD -j REJECT --reject-with icmp-port-unreachable\n"},
	{I "-A FORWARD -j LOG; " I "-A FORWARD -j DROP; " I "-A FORWARD -i x -j ACCEPT",
         "-P FORWARD ACCEPT\n" FROM TO "-A FORWARD -j LOG\n-A FORWARD -j DROP\n"
         "-A FORWARD -i x -j ACCEPT\n"},
	/* a chain that is led to whatever the packet */
	{I "-N ALL; " I "-A ALL -i lo -j RETURN; " I "-A ALL -j REJECT; " I "-A FORWARD -j ALL",
         "-P FORWARD ACCEPT\n" FROM TO "-A FORWARD -j ALL\n"},
	{I "-N ALL; " I "-A ALL -j DROP; " I "-A FORWARD -g ALL",
         "-P FORWARD ACCEPT\n" FROM TO "-A FORWARD -g ALL\n"},
	{I "-N ALL; " I "-N IN; " I "-A IN -j DROP; " I "-A ALL -j IN; " I "-A FORWARD -j ALL",
         "-P FORWARD ACCEPT\n" FROM TO "-A FORWARD -j ALL\n"},
	/* chains that give others back */
	{I "-P FORWARD DROP; " I "-N USER; " I "-A USER -s 10.244.3.3 -j DROP; " I
           "-A USER -j RETURN; " I "-A USER -j DROP; " I "-A FORWARD -j USER",
         "-P FORWARD DROP\n-A FORWARD -j USER\n" FROM TO},
	/* what only logs may follow them: a packet of pods is not blocked */
	{I "-P FORWARD DROP; " I "-N PICK; " I "-A PICK -p icmp -j ACCEPT; " I "-N LOGS; " I
           "-A LOGS -m limit --limit 3/min -j LOG; " I "-N EMPTY; " I "-A FORWARD -j PICK; " I
           "-A FORWARD -j LOGS; " I "-A FORWARD -j EMPTY",
         "-P FORWARD DROP\n-A FORWARD -j PICK\n" FROM TO "-A FORWARD -j LOGS\n"
         "-A FORWARD -j EMPTY\n"},
	/* nothing is dropped */
	{I "-P FORWARD ACCEPT", "-P FORWARD ACCEPT\n"},
	{I "-A FORWARD -i eth0 -j DROP", "-P FORWARD ACCEPT\n-A FORWARD -i eth0 -j DROP\n"},
	{I "-P FORWARD DROP; " I "-A FORWARD -j ACCEPT", "-P FORWARD DROP\n-A FORWARD -j ACCEPT\n"},
	{I "-N OK; " I "-A OK -j ACCEPT; " I "-A FORWARD -j OK; " I "-A FORWARD -j DROP",
         "-P FORWARD ACCEPT\n-A FORWARD -j OK\n-A FORWARD -j DROP\n"},
};

static void they_stand_before_what_drops_and_behind_what_picks(void **state)
{
	for (size_t i = 0; i < COUNT(places); i++) {
		bool needed = strstr(places[i].shown, FROM) != NULL;

		sandbox_run("%s", places[i].set_up);
		assert_int_equal(apply(*state, "10.244.0.0/16", NULL), needed);
		assert_shows(FORWARD4, places[i].shown);
		assert_false(apply(*state, "10.244.0.0/16", NULL));
		assert_shows(FORWARD4, places[i].shown);
		sandbox_run("nft flush ruleset");
	}
}

static void no_table_is_made(void **state)
{
	assert_false(apply(*state, "10.244.0.0/16", "fd00:244::/48"));
	assert_shows(RULESET, "");
	/* Not what iptables-nft makes: not on the hook, or of another name. */
	sandbox_run("nft 'table ip filter { chain FORWARD { drop; }; }'");
	sandbox_run("nft 'table inet filter { chain FORWARD { type filter hook forward priority 0; "
	            "policy drop; }; }'");
	assert_false(apply(*state, "10.244.0.0/16", "fd00:244::/48"));
}

static const char *const lengths[] = {"0.0.0.0/1",       "10.0.0.0/8",      "172.16.0.0/12",
                                      "10.244.0.0/16",   "10.244.2.0/23",   "10.244.2.0/24",
                                      "10.244.2.128/25", "10.244.2.252/30", "10.244.2.7/32"};
static const char *const lengths6[] = {"8000::/1",       "fd00::/8",      "fd00:244::/48",
                                       "fd00:244::/49",  "fd00:244::/64", "fd00:244::8000/113",
                                       "fd00:244::1/128"};

static void check_length(struct nft *nft, enum ip_family_index family, const char *network)
{
	const char *tool = family == IP_V4 ? "iptables-nft" : "ip6tables-nft";
	char before[TEXT_MAX], after[TEXT_MAX], lines[TEXT_MAX], command[128];

	sandbox_run("%s -P FORWARD DROP", tool);
	assert_true(apply(nft, family == IP_V4 ? network : NULL, family == IP_V6 ? network : NULL));
	snprintf(lines, sizeof(lines),
	         "-P FORWARD DROP\n"
	         "-A FORWARD -s %s -m comment --comment \"hostgwd: from pods\" -j ACCEPT\n"
	         "-A FORWARD -d %s -m comment --comment \"hostgwd: to pods\" -j ACCEPT\n",
	         network, network);
	assert_shows(family == IP_V4 ? FORWARD4 : FORWARD6, lines);

	/* Saved and restored they are others' rules in form, and ours all the same. */
	snprintf(command, sizeof(command), "%s-save | grep -v '^#'", tool);
	sandbox_capture(command, before, sizeof(before));
	sandbox_run("%s-save | %s-restore", tool, tool);
	sandbox_capture(command, after, sizeof(after));
	assert_string_equal(before, after);
	assert_false(
		apply(nft, family == IP_V4 ? network : NULL, family == IP_V6 ? network : NULL));
	assert_shows(family == IP_V4 ? FORWARD4 : FORWARD6, lines);
	assert_true(apply(nft, NULL, NULL));
	assert_shows(family == IP_V4 ? FORWARD4 : FORWARD6, "-P FORWARD DROP\n");
}

static void iptables_save_prints_and_restores_them(void **state)
{
	for (size_t i = 0; i < COUNT(lengths); i++)
		check_length(*state, IP_V4, lengths[i]);
	for (size_t i = 0; i < COUNT(lengths6); i++)
		check_length(*state, IP_V6, lengths6[i]);
}

/* One step after another on one host. */
static void they_follow_what_others_do(void **state)
{
	char before[TEXT_MAX], after[TEXT_MAX];

	sandbox_run("iptables-nft -P FORWARD DROP && ip6tables-nft -P FORWARD DROP");
	assert_true(apply(*state, "10.244.0.0/16", "fd00:244::/48"));
	sandbox_capture(RULESET, before, sizeof(before));
	assert_false(apply(*state, "10.244.0.0/16", "fd00:244::/48"));
	sandbox_capture(RULESET, after, sizeof(after));
	assert_string_equal(before, after);

	/* Policy to accept, as a reload does in passing: they stay. */
	sandbox_run("iptables-nft -P FORWARD ACCEPT");
	assert_false(apply(*state, "10.244.0.0/16", "fd00:244::/48"));
	sandbox_run("iptables-nft -P FORWARD DROP");
	assert_false(apply(*state, "10.244.0.0/16", "fd00:244::/48"));

	/* A rule that picks packets out came behind them. */
	sandbox_run("iptables-nft -A FORWARD -s 10.244.7.7 -j DROP");
	assert_true(apply(*state, "10.244.0.0/16", "fd00:244::/48"));
	assert_shows(FORWARD4, "-P FORWARD DROP\n-A FORWARD -s 10.244.7.7/32 -j DROP\n" FROM TO);

	/* One is gone, one is there twice. */
	sandbox_run("iptables-nft -D FORWARD 2 && iptables-nft -A FORWARD -d 10.244.0.0/16 "
	            "-m comment --comment 'hostgwd: to pods' -j ACCEPT");
	assert_true(apply(*state, "10.244.0.0/16", "fd00:244::/48"));
	assert_shows(FORWARD4 " | sort", "-A FORWARD -d 10.244.0.0/16 -m comment --comment "
	                                 "\"hostgwd: to pods\" -j ACCEPT\n" FROM
	                                 "-A FORWARD -s 10.244.7.7/32 -j DROP\n-P FORWARD DROP\n");

	/* All flushed. */
	sandbox_run("iptables-nft -F FORWARD");
	assert_true(apply(*state, "10.244.0.0/16", "fd00:244::/48"));
	assert_shows(FORWARD4, "-P FORWARD DROP\n" FROM TO);

	/* Another Network. */
	assert_true(apply(*state, "10.1.0.0/16", "fd00:244::/48"));
	assert_shows(FORWARD4 " | cut -d' ' -f1-4", "-P FORWARD DROP\n-A FORWARD -s 10.1.0.0/16\n"
	                                            "-A FORWARD -d 10.1.0.0/16\n");
	assert_true(apply(*state, NULL, NULL));
	assert_shows(FORWARD4, "-P FORWARD DROP\n");
	assert_shows(FORWARD6, "-P FORWARD DROP\n");
}

/* Others' rules keep their handles, in whatever form, and also those that look a bit like ours. */
static void nothing_of_others_is_touched(void **state)
{
	static const char others[] =
		"-A FORWARD -s 10.244.0.0/16 -j ACCEPT\n"
		"-A FORWARD -s 10.244.0.0/16 -m comment --comment hostgwd -j ACCEPT\n"
		"-A FORWARD -s 10.244.0.0/16 -m comment --comment \"hostgwd: from pods\" -j DROP\n"
		"-A FORWARD -s 10.244.0.0/16 -p udp -m comment --comment \"hostgwd: from pods\" "
		"-j ACCEPT\n"
		"-A FORWARD -s 10.244.0.0/16 -d 10.244.0.0/16 -m comment "
		"--comment \"hostgwd: from pods\" -j ACCEPT\n"
		"-A FORWARD -m comment --comment \"hostgwd: from pods\" -j ACCEPT\n";
	char before[TEXT_MAX], after[TEXT_MAX];

	sandbox_run("printf '*filter\n:FORWARD DROP\n%%s\nCOMMIT\n' '%s' | iptables-nft-restore",
	            others);
	sandbox_capture(RULESET, before, sizeof(before));
	assert_false(apply(*state, "10.1.0.0/16", NULL)); /* the last one accepts everything */
	sandbox_capture(RULESET, after, sizeof(after));
	assert_string_equal(before, after);
	sandbox_run("iptables-nft -D FORWARD 6");
	sandbox_capture(RULESET, before, sizeof(before));
	assert_true(apply(*state, "10.1.0.0/16", NULL));
	assert_true(apply(*state, NULL, NULL));
	sandbox_capture(RULESET, after, sizeof(after));
	assert_string_equal(before, after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(they_stand_before_what_drops_and_behind_what_picks,
	                                        sandbox_set_up_nft, sandbox_tear_down_nft),
		cmocka_unit_test_setup_teardown(no_table_is_made, sandbox_set_up_nft,
	                                        sandbox_tear_down_nft),
		cmocka_unit_test_setup_teardown(iptables_save_prints_and_restores_them,
	                                        sandbox_set_up_nft, sandbox_tear_down_nft),
		cmocka_unit_test_setup_teardown(they_follow_what_others_do, sandbox_set_up_nft,
	                                        sandbox_tear_down_nft),
		cmocka_unit_test_setup_teardown(nothing_of_others_is_touched, sandbox_set_up_nft,
	                                        sandbox_tear_down_nft),
	};

	if (!sandbox_enter())
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
