/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nftables table as the kernel has it and nft prints it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "hostgw/masquerade.h"
#include "sandbox.h"

#define LIST     "nft list table inet hostgw"
#define TEXT_MAX 16384
#define NOBODY   65534

static struct masquerade_rules all_rules(const struct prefix *nonmasquerade, size_t count)
{
	struct masquerade_rules rules = {
		.masquerade = true,
		.forward = true,
		.fully_random = true,
		.cluster = {sandbox_prefix("10.244.0.0/16"), sandbox_prefix("fd00:244::/48")},
		.own = {sandbox_prefix("10.244.1.0/24"), sandbox_prefix("fd00:244:0:1::/64")},
		.nonmasquerade = nonmasquerade,
		.nonmasquerade_count = count,
	};

	return rules;
}

static void apply(struct nft *nft, const struct masquerade_rules *rules)
{
	struct error err;

	if (masquerade_apply(nft, rules, &err) != 0)
		fail_msg("%s", err.text);
}

static void assert_listed(const char *wanted)
{
	char text[TEXT_MAX];

	sandbox_capture(LIST, text, sizeof(text));
	assert_string_equal(text, wanted);
}

static bool table_exists(void)
{
	return system(LIST " >/dev/null 2>&1") == 0;
}

static int set_up(void **state)
{
	struct nft *nft;
	struct error err;

	if (nft_open(&nft, &err) != 0)
		fail_msg("%s", err.text);
	*state = nft;
	return 0;
}

static int tear_down(void **state)
{
	nft_close(*state);
	sandbox_run("nft flush ruleset");
	return 0;
}

#define COUNTER "counter packets 0 bytes 0 "

static const char all_listed[] =
	"table inet hostgw {\n"
	"\tset cluster4 {\n"
	"\t\ttype ipv4_addr\n"
	"\t\tflags interval\n"
	"\t\telements = { 10.244.0.0/16 }\n"
	"\t}\n"
	"\n"
	"\tset pods4 {\n"
	"\t\ttype ipv4_addr\n"
	"\t\tflags interval\n"
	"\t\telements = { 10.244.1.0/24 }\n"
	"\t}\n"
	"\n"
	"\tset nonmasquerade4 {\n"
	"\t\ttype ipv4_addr\n"
	"\t\tflags interval\n"
	"\t\telements = { 172.16.0.0/12, 192.168.0.0/23 }\n"
	"\t}\n"
	"\n"
	"\tset cluster6 {\n"
	"\t\ttype ipv6_addr\n"
	"\t\tflags interval\n"
	"\t\telements = { fd00:244::/48 }\n"
	"\t}\n"
	"\n"
	"\tset pods6 {\n"
	"\t\ttype ipv6_addr\n"
	"\t\tflags interval\n"
	"\t\telements = { fd00:244:0:1::/64 }\n"
	"\t}\n"
	"\n"
	"\tset nonmasquerade6 {\n"
	"\t\ttype ipv6_addr\n"
	"\t\tflags interval\n"
	"\t\telements = { fd00:168::/32 }\n"
	"\t}\n"
	"\n"
	"\tchain postrouting {\n"
	"\t\ttype nat hook postrouting priority srcnat; policy accept;\n"
	"\t\tmeta mark & 0x00004000 == 0x00004000 " COUNTER
	"return comment \"left to kube-proxy\"\n"
	"\t\tip saddr @cluster4 ip daddr @cluster4 " COUNTER
	"return comment \"pods keep their address within the cluster\"\n"
	"\t\tip saddr @cluster4 ip daddr @nonmasquerade4 " COUNTER
	"return comment \"pods keep their address towards these networks\"\n"
	"\t\tip saddr @cluster4 ip daddr != 224.0.0.0/4 " COUNTER
	"masquerade fully-random comment \"pods to the outside\"\n"
	"\t\tip saddr != @cluster4 ip daddr @pods4 " COUNTER
	"return comment \"pods of this node see the client's address\"\n"
	"\t\tip saddr != @cluster4 ip daddr @cluster4 " COUNTER
	"masquerade fully-random comment \"outside to pods of other nodes\"\n"
	"\t\tip6 saddr @cluster6 ip6 daddr @cluster6 " COUNTER
	"return comment \"pods keep their address within the cluster\"\n"
	"\t\tip6 saddr @cluster6 ip6 daddr @nonmasquerade6 " COUNTER
	"return comment \"pods keep their address towards these networks\"\n"
	"\t\tip6 saddr @cluster6 ip6 daddr != ff00::/8 " COUNTER
	"masquerade fully-random comment \"pods to the outside\"\n"
	"\t\tip6 saddr != @cluster6 ip6 daddr @pods6 " COUNTER
	"return comment \"pods of this node see the client's address\"\n"
	"\t\tip6 saddr != @cluster6 ip6 daddr @cluster6 " COUNTER
	"masquerade fully-random comment \"outside to pods of other nodes\"\n"
	"\t}\n"
	"\n"
	"\tchain forward {\n"
	"\t\ttype filter hook forward priority filter; policy accept;\n"
	"\t\tip saddr @cluster4 " COUNTER "accept comment \"from pods\"\n"
	"\t\tip daddr @cluster4 " COUNTER "accept comment \"to pods\"\n"
	"\t\tip6 saddr @cluster6 " COUNTER "accept comment \"from pods\"\n"
	"\t\tip6 daddr @cluster6 " COUNTER "accept comment \"to pods\"\n"
	"\t}\n"
	"}\n";

static void everything_is_listed_as_meant(void **state)
{
	const struct prefix others[] = {
		sandbox_prefix("192.168.1.0/24"), sandbox_prefix("192.168.0.0/24"),
		sandbox_prefix("172.20.0.0/16"), sandbox_prefix("172.16.0.0/12"),
		sandbox_prefix("fd00:168::/32")};
	struct masquerade_rules rules = all_rules(others, sizeof(others) / sizeof(*others));

	apply(*state, &rules);
	assert_listed(all_listed);
	apply(*state, &rules); /* once more changes nothing */
	assert_listed(all_listed);
}

static void other_contents_take_their_place(void **state)
{
	struct masquerade_rules rules = all_rules(NULL, 0);

	apply(*state, &rules);
	rules.masquerade = false;
	rules.cluster[IP_V4] = sandbox_prefix("10.1.0.0/16");
	rules.cluster[IP_V6].addr.family = 0;
	apply(*state, &rules);
	assert_listed("table inet hostgw {\n"
	              "\tset cluster4 {\n"
	              "\t\ttype ipv4_addr\n"
	              "\t\tflags interval\n"
	              "\t\telements = { 10.1.0.0/16 }\n"
	              "\t}\n"
	              "\n"
	              "\tchain forward {\n"
	              "\t\ttype filter hook forward priority filter; policy accept;\n"
	              "\t\tip saddr @cluster4 " COUNTER "accept comment \"from pods\"\n"
	              "\t\tip daddr @cluster4 " COUNTER "accept comment \"to pods\"\n"
	              "\t}\n"
	              "}\n");
}

static void random_ports_can_be_turned_off(void **state)
{
	struct masquerade_rules rules = all_rules(NULL, 0);
	char text[TEXT_MAX];

	rules.fully_random = false;
	apply(*state, &rules);
	sandbox_capture(LIST, text, sizeof(text));
	assert_non_null(strstr(text, "masquerade comment"));
	assert_null(strstr(text, "random"));
}

/* Intervals that begin or end with the address space, and more than one message of them. */
static void large_and_open_sets(void **state)
{
	struct prefix others[300] = {0};
	struct masquerade_rules rules = all_rules(others, sizeof(others) / sizeof(*others));
	char text[TEXT_MAX];

	for (size_t i = 0; i < 298; i++) {
		others[i] = sandbox_prefix("100.0.0.0/32");
		others[i].addr.bytes[2] = (uint8_t)(i / 128);
		others[i].addr.bytes[3] = (uint8_t)(i % 128 * 2);
	}
	others[298] = sandbox_prefix("0.0.0.0/8");
	others[299] = sandbox_prefix("240.0.0.0/4");
	apply(*state, &rules);
	sandbox_capture("nft list set inet hostgw nonmasquerade4", text, sizeof(text));
	assert_non_null(strstr(text, "0.0.0.0/8"));
	assert_non_null(strstr(text, "240.0.0.0/4"));
	assert_non_null(strstr(text, "100.0.0.0,"));
	assert_non_null(strstr(text, "100.0.2.82,"));
	for (size_t i = 0; i < 298; i += 99)
		sandbox_run(
			"nft get element inet hostgw nonmasquerade4 { 100.0.%zu.%zu } >/dev/null",
			i / 128, i % 128 * 2);
}

static void without_rules_the_table_goes(void **state)
{
	struct masquerade_rules rules = all_rules(NULL, 0);
	struct masquerade_rules none = {0};

	apply(*state, &none); /* there is none yet */
	apply(*state, &rules);
	assert_true(table_exists());
	apply(*state, &none);
	assert_false(table_exists());
	apply(*state, &none);
}

/* A refused transaction leaves what was there, and its error says which object and why. */
static void a_refusal_changes_nothing(void **state)
{
	struct masquerade_rules rules = all_rules(NULL, 0);
	char before[TEXT_MAX];
	int status;
	pid_t child;

	apply(*state, &rules);
	sandbox_capture(LIST, before, sizeof(before));
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct masquerade_rules none = {0};
		struct error err = {0};
		struct nft *nft;

		/* Without root's rights, and with them CAP_NET_ADMIN. */
		if (setuid(NOBODY) != 0 || nft_open(&nft, &err) != 0)
			_exit(2);
		if (masquerade_apply(nft, &rules, &err) != -EPERM ||
		    !strstr(err.text, "table inet hostgw: the transaction: ") ||
		    !strstr(err.text, "CAP_NET_ADMIN") ||
		    masquerade_apply(nft, &none, &err) != -EPERM)
			_exit(1);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_listed(before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(everything_is_listed_as_meant, set_up, tear_down),
		cmocka_unit_test_setup_teardown(other_contents_take_their_place, set_up, tear_down),
		cmocka_unit_test_setup_teardown(random_ports_can_be_turned_off, set_up, tear_down),
		cmocka_unit_test_setup_teardown(large_and_open_sets, set_up, tear_down),
		cmocka_unit_test_setup_teardown(without_rules_the_table_goes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_refusal_changes_nothing, set_up, tear_down),
	};

	if (!sandbox_enter())
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
