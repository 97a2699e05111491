/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "check.h"
#include "daemon/route_group.h"

#define GROUP_ROOM 32

/* A, B, C by three gateways; a as A with a source address; N and n by one nexthop object, with
 * and without its gateway beside. */
static struct route make_letter(char letter, bool ipv6)
{
	struct route route = {
		.dst = make_prefix(ipv6 ? "fd00:1:4::/64" : "10.1.4.0/24"),
		.via = make_ip(ipv6 ? "fd00:2::5" : "192.168.2.5"),
		.oif = 2,
		.table = RT_TABLE_MAIN,
		.protocol = ROUTE_PROTOCOL_HOSTGW,
		.type = RTN_UNICAST,
		.foreign_attributes = letter == 'a',
		.nexthop_id = letter == 'N' || letter == 'n' ? 7 : 0,
	};

	if (letter == 'n') {
		route.via = (struct ip_addr){0};
		route.oif = 0;
	} else if (letter == 'B' || letter == 'C') {
		route.via.bytes[ipv6 ? 15 : 3] = (uint8_t)letter;
	}
	return route;
}

/* "+A" came, "=A" replaced, "-A" went; with "!" before it an own change. */
static const struct {
	const char *name, *known, *news;
	const char *ipv4, *ipv6; /* what is known then; NULL: stale */
} cases[] = {
	{"nothing heard", "A", "", "A", "A"},
	{"came", "", "+A", "A", "A"},
	{"came, and a dump saw it before", "A", "+A", "A", "A"},
	{"came beside another", "A", "+B", "AB", NULL},
	{"came, and cannot be told from the known one", "a", "+a", NULL, NULL},
	{"came beside one with a source address", "a", "+A", "aA", NULL},
	{"went", "A", "-A", "", ""},
	{"went before a dump could see it", "", "-A", "", ""},
	{"went, and another is known", "A", "-B", NULL, NULL},
	{"one of several went", "ABC", "-B", "AC", "AC"},
	{"one with a source address went", "aA", "-a", "A", "A"},
	{"one of two that look alike went", "aa", "-a", NULL, NULL},
	{"replaced", "A", "=B", "B", "B"},
	{"replaced by the same", "A", "=A", "A", "A"},
	{"one of several replaced", "AB", "=C", NULL, NULL},
	{"replaced, and none is known", "", "=A", NULL, NULL},
	{"went, then came", "A", "-A +B", "B", "B"},
	{"came, then went", "A", "+B -A", "B", NULL},
	{"came and went", "", "+A -A", "", ""},
	{"one story", "", "+A =B -B +C +A -C =B", "B", NULL},
	{"beyond what is looked through", "AAAAAAAAAAAAAAAA", "+B +C", NULL, NULL},
	{"told by its nexthop object alone", "N", "-n", "", ""},
	{"another nexthop object's gateway is no match", "A", "-N", NULL, NULL},
	{"own add", "", "!+A", "A", "A"},
	{"own add where one is known", "A", "!+B", NULL, NULL},
	{"own add of what is known", "A", "!+A", NULL, NULL},
	{"own replace", "A", "!=B", "B", "B"},
	{"own replace of the same", "A", "!=A", "A", "A"},
	{"own replace among several", "AB", "!=C", NULL, NULL},
	{"own replace of nothing", "", "!=A", NULL, NULL},
	{"own delete", "A", "!-A", "", ""},
	{"own delete of nothing", "", "!-A", NULL, NULL},
	{"own delete of another", "A", "!-B", NULL, NULL},
	{"own delete among several", "AB", "!-A", NULL, NULL},
	{"own changes in order", "A", "!-A !+B !=C", "C", "C"},
	{"own change, then an event", "A", "!=B =C", NULL, NULL},
	{"an event, then an own change", "A", "-A !+B", NULL, NULL},
};

static size_t make_news(const char *text, bool ipv6, struct route_news *news)
{
	size_t count = 0;

	for (; *text; text += *text == ' ') {
		struct route_news *one = &news[count++];

		one->own = *text == '!';
		text += one->own;
		one->event = *text == '+' ? ROUTE_CAME : *text == '=' ? ROUTE_REPLACED : ROUTE_WENT;
		one->route = make_letter(text[1], ipv6);
		text += 2;
	}
	return count;
}

static bool is_letter(const struct route *route, char letter, bool ipv6)
{
	struct route expected = make_letter(letter, ipv6);

	return ip_equal(&route->via, &expected.via) && route->oif == expected.oif &&
	       route->nexthop_id == expected.nexthop_id &&
	       route->foreign_attributes == expected.foreign_attributes;
}

/* No two letters of a result are the same. */
static void check_group(const struct route_group *group, const char *letters, bool ipv6)
{
	assert_int_equal(group->count, strlen(letters));
	for (; *letters; letters++) {
		size_t found = 0;

		for (size_t i = 0; i < group->count; i++)
			found += is_letter(&group->routes[i], *letters, ipv6);
		assert_int_equal(found, 1);
	}
}

static void check_case(size_t at, bool ipv6)
{
	const char *result = ipv6 ? cases[at].ipv6 : cases[at].ipv4;
	struct route routes[GROUP_ROOM];
	struct route_group group = {routes, strlen(cases[at].known)};
	struct route_news news[GROUP_ROOM];
	size_t count = make_news(cases[at].news, ipv6, news);

	for (size_t i = 0; i < group.count; i++)
		routes[i] = make_letter(cases[at].known[i], ipv6);
	assert_int_equal(route_group_take(&group, news, count), result != NULL);
	if (result)
		check_group(&group, result, ipv6);
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		print_message("%s\n", cases[i].name);
		check_case(i, false);
		check_case(i, true);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
