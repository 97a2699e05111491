/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What flannel left in nf_tables goes, and of others' rules not one byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hostgw/flannel_rules.h"
#include "sandbox.h"

#define TEXT_MAX 65536

/* All that iptables-nft and nft know, counters aside. */
#define EVERYTHING \
	"{ iptables-nft-save; ip6tables-nft-save; } | grep -v '^#'; nft -s -a list ruleset 2>&1"

/* flannel 0.28 in iptables mode: its pkg/trafficmngr/iptables. */
#define MASQ(tool, network, own, multicast)                                                            \
	tool " -t nat -N FLANNEL-POSTRTG && " tool                                                     \
	     " -t nat -A POSTROUTING -m comment --comment 'flanneld masq' -j FLANNEL-POSTRTG && " tool \
	     " -t nat -A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -m comment "                     \
	     "--comment 'flanneld masq' -j RETURN && " tool " -t nat -A FLANNEL-POSTRTG -s " own       \
	     " -d " network " -m comment "                                                             \
	     "--comment 'flanneld masq' -j RETURN && " tool                                            \
	     " -t nat -A FLANNEL-POSTRTG -s " network " -d " own " -m comment "                        \
	     "--comment 'flanneld masq' -j RETURN && " tool                                            \
	     " -t nat -A FLANNEL-POSTRTG ! -s " network " -d " own " -m comment "                      \
	     "--comment 'flanneld masq' -j RETURN && " tool                                            \
	     " -t nat -A FLANNEL-POSTRTG -s " network " ! -d " multicast " -m comment "                \
	     "--comment 'flanneld masq' -j MASQUERADE --random-fully && " tool                         \
	     " -t nat -A FLANNEL-POSTRTG ! -s " network " -d " network " -m comment "                  \
	     "--comment 'flanneld masq' -j MASQUERADE --random-fully"
#define FORWARD(tool, network)                                                             \
	tool " -N FLANNEL-FWD && " tool                                                    \
	     " -A FORWARD -m comment --comment 'flanneld forward' -j FLANNEL-FWD && " tool \
	     " -A FLANNEL-FWD -s " network                                                 \
	     " -m comment --comment 'flanneld forward' -j ACCEPT && " tool                 \
	     " -A FLANNEL-FWD -d " network " -m comment --comment 'flanneld forward' -j ACCEPT"

/* In nftables mode: its pkg/trafficmngr/nftables. */
#define TABLE(family, version, network, own, multicast)                                               \
	"nft 'table " family " flannel-" version " { comment \"rules for flannel-" version "\"; "     \
	"chain forward { type filter hook forward priority filter; " family " saddr " network         \
	" accept; " family " daddr " network " accept; }; "                                           \
	"chain postrtg { type nat hook postrouting priority srcnat; meta mark 0x4000 return; " family \
	" saddr " own " " family " daddr " network " return; " family " saddr " network " " family    \
	" daddr != " multicast " masquerade fully-random; " family " saddr != " network " " family    \
	" daddr " network " masquerade fully-random; }; }'"

static bool remove_leftovers(struct nft *nft)
{
	struct error err;
	bool changed;

	if (flannel_rules_remove(nft, &changed, &err) != 0)
		fail_msg("%s", err.text);
	return changed;
}

/* Any length of command. */
static void run(const char *command)
{
	if (system(command) != 0)
		fail_msg("%s", command);
}

static void set_up_others(const char *tool)
{
	sandbox_run(
		"%s -P FORWARD DROP && %s -A FORWARD -i eth0 -j LOG && "
		"%s -t nat -N KUBE-POSTROUTING && "
		"%s -t nat -A POSTROUTING -m comment --comment 'kubernetes postrouting rules' "
		"-j KUBE-POSTROUTING && "
		"%s -t nat -A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN && "
		"%s -t nat -A KUBE-POSTROUTING -j MASQUERADE --random-fully && "
		"%s -t nat -A POSTROUTING -o eth1 -m comment --comment 'flanneld' -j MASQUERADE",
		tool, tool, tool, tool, tool, tool, tool);
}

/* Before and behind flannel's, of each family; in its tables and beside them. */
static void set_up_more(void)
{
	sandbox_run("iptables-nft -A FORWARD -j REJECT && ip6tables-nft -A FORWARD -j DROP && "
	            "iptables-nft -t nat -A POSTROUTING -s 172.17.0.0/16 -j MASQUERADE && "
	            "nft 'table inet flannel-ipv4 { chain forward { accept; }; }' && "
	            "nft 'table ip flannel { chain FLANNEL-FWD { accept; }; }'");
}

static void set_up_flannel(void)
{
	run(MASQ("iptables-nft", "10.244.0.0/16", "10.244.1.0/24", "224.0.0.0/4"));
	run(FORWARD("iptables-nft", "10.244.0.0/16"));
	run(MASQ("ip6tables-nft", "fd00:244::/48", "fd00:244:0:1::/64", "ff00::/8"));
	run(FORWARD("ip6tables-nft", "fd00:244::/48"));
	run(TABLE("ip", "ipv4", "10.244.0.0/16", "10.244.1.0/24", "224.0.0.0/4"));
	run(TABLE("ip6", "ipv6", "fd00:244::/48", "fd00:244:0:1::/64", "ff00::/8"));
}

static void all_of_flannel_goes_and_nothing_else(void **state)
{
	char before[TEXT_MAX], after[TEXT_MAX];

	set_up_others("iptables-nft");
	set_up_others("ip6tables-nft");
	set_up_more();
	assert_false(remove_leftovers(*state));
	sandbox_capture(EVERYTHING, before, sizeof(before));
	set_up_flannel();
	sandbox_capture(EVERYTHING, after, sizeof(after));
	assert_string_not_equal(before, after);
	assert_true(remove_leftovers(*state));
	sandbox_capture(EVERYTHING, after, sizeof(after));
	assert_string_equal(before, after);
	assert_false(remove_leftovers(*state));
}

/* Before 0.20 flannel's rules stood in the base chains themselves. */
static void rules_of_old_versions_go(void **state)
{
	char before[TEXT_MAX], after[TEXT_MAX];

	set_up_others("iptables-nft");
	sandbox_capture(EVERYTHING, before, sizeof(before));
	sandbox_run(
		"iptables-nft -t nat -A POSTROUTING -s 10.244.0.0/16 -d 10.244.0.0/16 -m comment "
		"--comment 'flanneld masq' -j RETURN && "
		"iptables-nft -t nat -A POSTROUTING -s 10.244.0.0/16 ! -d 224.0.0.0/4 -m comment "
		"--comment 'flanneld masq' -j MASQUERADE --random-fully && "
		"iptables-nft -A FORWARD -s 10.244.0.0/16 -m comment "
		"--comment 'flanneld forward' -j ACCEPT");
	assert_true(remove_leftovers(*state));
	sandbox_capture(EVERYTHING, after, sizeof(after));
	assert_string_equal(before, after);
}

/* It is empty then, and the rule of others leads on to the next one. */
static void a_chain_that_others_lead_to_stays_empty(void **state)
{
	char text[TEXT_MAX];

	sandbox_run(
		"%s && iptables-nft -I FORWARD -i eth0 -j FLANNEL-FWD && iptables-nft -N MINE && "
		"iptables-nft -A MINE -j FLANNEL-FWD",
		FORWARD("iptables-nft", "10.244.0.0/16"));
	assert_true(remove_leftovers(*state));
	sandbox_capture("iptables-nft -S", text, sizeof(text));
	assert_string_equal(text, "-P INPUT ACCEPT\n-P FORWARD ACCEPT\n-P OUTPUT ACCEPT\n"
	                          "-N FLANNEL-FWD\n-N MINE\n-A MINE -j FLANNEL-FWD\n");
	assert_false(remove_leftovers(*state));
	sandbox_run("iptables-nft -D MINE -j FLANNEL-FWD");
	assert_true(remove_leftovers(*state));
	sandbox_capture("iptables-nft -S", text, sizeof(text));
	assert_string_equal(text,
	                    "-P INPUT ACCEPT\n-P FORWARD ACCEPT\n-P OUTPUT ACCEPT\n-N MINE\n");
}

static void one_family_alone(void **state)
{
	run(TABLE("ip6", "ipv6", "fd00:244::/48", "fd00:244:0:1::/64", "ff00::/8"));
	assert_true(remove_leftovers(*state));
	sandbox_run("test -z \"$(nft list ruleset)\"");
}

static void hear(void *ctx, const struct error *leftover)
{
	char *text = ctx;
	size_t used = strlen(text);

	snprintf(text + used, TEXT_MAX - used, "%s\n", leftover->text);
}

static void find_legacy(char text[TEXT_MAX])
{
	struct error err;

	text[0] = '\0';
	if (flannel_legacy_find(hear, text, &err) != 0)
		fail_msg("%s", err.text);
}

/* There it is only told, with commands that leave nothing of it and all of others. */
static void leftovers_in_iptables_legacy_are_told(void **state)
{
	static const char *const show =
		"{ iptables-legacy-save; ip6tables-legacy-save; } | grep -v "
		"'^#' | sed 's/ .[0-9]*:[0-9]*]//'";
	char text[TEXT_MAX], before[TEXT_MAX], after[TEXT_MAX];

	find_legacy(text);
	assert_string_equal(text, "");
	set_up_others("iptables-legacy");
	set_up_others("ip6tables-legacy");
	find_legacy(text);
	assert_string_equal(text, "");
	sandbox_capture(show, before, sizeof(before));
	run(MASQ("iptables-legacy", "10.244.0.0/16", "10.244.1.0/24", "224.0.0.0/4"));
	run(FORWARD("iptables-legacy", "10.244.0.0/16"));
	run(FORWARD("ip6tables-legacy", "fd00:244::/48"));
	run("iptables-legacy -t nat -I POSTROUTING 2 -s 10.244.0.0/16 -m comment --comment "
	    "'flanneld masq' -j RETURN");
	assert_false(remove_leftovers(*state));
	find_legacy(text);
	assert_string_equal(
		text,
		"Table nat of iptables-legacy still has rules of flannel, and hostgwd does not write "
		"there; run: iptables-legacy -t nat -D POSTROUTING 4; iptables-legacy -t nat -D "
		"POSTROUTING 2; iptables-legacy -t nat -F FLANNEL-POSTRTG; iptables-legacy -t nat -X "
		"FLANNEL-POSTRTG\n"
		"Table filter of iptables-legacy still has rules of flannel, and hostgwd does not "
		"write there; run: iptables-legacy -t filter -D FORWARD 2; iptables-legacy -t filter "
		"-F FLANNEL-FWD; iptables-legacy -t filter -X FLANNEL-FWD\n"
		"Table filter of ip6tables-legacy still has rules of flannel, and hostgwd does not "
		"write there; run: ip6tables-legacy -t filter -D FORWARD 2; ip6tables-legacy -t filter "
		"-F FLANNEL-FWD; ip6tables-legacy -t filter -X FLANNEL-FWD\n");
	for (char *line = text; (line = strstr(line, "run: ")) != NULL; line++) {
		char *end = strchr(line, '\n');

		*end = '\0';
		run(line + strlen("run: "));
		*end = '\n';
	}
	find_legacy(text);
	assert_string_equal(text, "");
	sandbox_capture(show, after, sizeof(after));
	assert_string_equal(before, after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_of_flannel_goes_and_nothing_else,
	                                        sandbox_set_up_nft, sandbox_tear_down_nft),
		cmocka_unit_test_setup_teardown(rules_of_old_versions_go, sandbox_set_up_nft,
	                                        sandbox_tear_down_nft),
		cmocka_unit_test_setup_teardown(a_chain_that_others_lead_to_stays_empty,
	                                        sandbox_set_up_nft, sandbox_tear_down_nft),
		cmocka_unit_test_setup_teardown(one_family_alone, sandbox_set_up_nft,
	                                        sandbox_tear_down_nft),
		cmocka_unit_test_setup_teardown(leftovers_in_iptables_legacy_are_told,
	                                        sandbox_set_up_nft, sandbox_tear_down_nft),
	};

	if (!sandbox_enter())
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
