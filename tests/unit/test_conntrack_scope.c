/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include "netlink/conntrack_scope.h"

static struct conntrack_scope make_scope(const char *network4, const char *network6)
{
	/* As rules may have them: overlapping, in no order. */
	const struct prefix others[] = {make_prefix("172.16.0.0/12"), make_prefix("fd00:172::/32"),
	                                make_prefix("172.20.0.0/16")};
	static const char *const own[] = {"192.168.2.44", "fd00:2::44", "10.1.0.1",
	                                  "127.0.0.1",    "::1",        "192.168.2.4"};
	struct link_address addresses[COUNT(own)] = {0};
	const struct masquerade_rules rules = {
		.masquerade = true,
		.cluster = {make_prefix(network4), make_prefix(network6)},
		.nonmasquerade = others,
		.nonmasquerade_count = COUNT(others),
	};
	const struct link_snapshot links = {.addresses = addresses, .address_count = COUNT(own)};
	struct conntrack_scope scope;

	for (size_t i = 0; i < COUNT(own); i++)
		addresses[i].prefix.addr = make_ip(own[i]);
	assert_int_equal(conntrack_scope_make(&rules, &links, &scope), 0);
	return scope;
}

static const struct {
	const char *source, *destination, *answered_to; /* the last NULL: the source */
	bool unmasqueraded;
} cases[] = {
	{"10.1.0.10", "192.0.2.1", NULL, true},
	{"10.1.255.255", "172.32.0.1", NULL, true},
	{"10.1.0.10", "192.168.2.45", NULL, true},
	{"10.1.0.10", "223.255.255.255", NULL, true},
	{"fd00:1:4::10", "2001:db8::1", NULL, true},
	{"10.1.0.10", "192.0.2.1", "192.168.2.44", false},
	{"10.1.0.10", "192.0.2.1", "10.1.0.11", false}, /* rewritten by others, however oddly */
	{"10.2.0.10", "192.0.2.1", NULL, false},
	{"192.168.2.44", "192.0.2.1", NULL, false},
	{"192.0.2.1", "10.1.0.10", NULL, false},
	{"10.1.0.10", "10.1.4.10", NULL, false},
	{"10.1.0.10", "172.16.0.0", NULL, false},
	{"10.1.0.10", "172.31.255.255", NULL, false},
	{"10.1.0.10", "172.20.1.1", NULL, false},
	{"10.1.0.10", "224.0.0.0", NULL, false},
	{"10.1.0.10", "239.255.255.255", NULL, false},
	{"10.1.0.10", "192.168.2.44", NULL, false},
	{"10.1.0.10", "192.168.2.4", NULL, false},
	{"fd00:1:4::10", "fd00:1:8::10", NULL, false},
	{"fd00:1:4::10", "fd00:172:1::1", NULL, false},
	{"fd00:1:4::10", "ff05::1", NULL, false},
	{"fd00:1:4::10", "fd00:2::44", NULL, false},
	{"fd00:1:4::10", "2001:db8::1", "fd00:2::44", false},
};

static struct conntrack_entry make_entry(size_t i)
{
	const char *answered_to = cases[i].answered_to ? cases[i].answered_to : cases[i].source;

	return (struct conntrack_entry){.source = make_ip(cases[i].source),
	                                .destination = make_ip(cases[i].destination),
	                                .answered_to = make_ip(answered_to)};
}

static void flows_are_judged_by_their_addresses(void **state)
{
	struct conntrack_scope scope = make_scope("10.1.0.0/16", "fd00:1::/32");

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct conntrack_entry entry = make_entry(i);

		if (conntrack_is_unmasqueraded(&scope, &entry) != cases[i].unmasqueraded)
			fail_msg("%s to %s", cases[i].source, cases[i].destination);
	}
	assert_int_equal(conntrack_scope_family(&scope), AF_UNSPEC);
	conntrack_scope_release(&scope);
}

static void a_family_that_is_off_is_left_alone(void **state)
{
	const struct {
		struct conntrack_scope scope;
		uint8_t family;
	} scopes[] = {
		{make_scope("10.1.0.0/16", NULL), AF_INET},
		{make_scope(NULL, "fd00:1::/32"), AF_INET6},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases) * COUNT(scopes); i++) {
		struct conntrack_entry entry = make_entry(i / COUNT(scopes));
		uint8_t family = scopes[i % COUNT(scopes)].family;

		assert_int_equal(
			conntrack_is_unmasqueraded(&scopes[i % COUNT(scopes)].scope, &entry),
			entry.source.family == family && cases[i / COUNT(scopes)].unmasqueraded);
	}
	for (size_t i = 0; i < COUNT(scopes); i++) {
		struct conntrack_scope scope = scopes[i].scope;

		assert_int_equal(conntrack_scope_family(&scope), scopes[i].family);
		conntrack_scope_release(&scope);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flows_are_judged_by_their_addresses),
		cmocka_unit_test(a_family_that_is_off_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
