/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "check.h"
#include "daemon/route_diff.h"
#include "daemon/route_view.h"

#define IPV4 "10.1.4.0/24"
#define IPV6 "fd00:1:4::/64"

static struct route_view *view;

static int begin(void **state)
{
	struct error err;

	(void)state;
	return route_view_new(&view, &err);
}

static int end(void **state)
{
	(void)state;
	route_view_free(view);
	view = NULL;
	return 0;
}

static void read_routes(const struct route *routes, size_t count)
{
	struct error err;

	route_view_begin(view);
	for (size_t i = 0; i < count; i++)
		route_view_add(view, &routes[i]);
	assert_int_equal(route_view_end(view, &err), 0);
}

static void note_own(enum route_verb verb, const struct route *route, int result)
{
	struct route_change change = {.verb = verb, .route = *route, .result = result};

	route_view_note_change(view, &change);
}

static struct route make_route(const char *dst, const char *via)
{
	return (struct route){
		.dst = make_prefix(dst),
		.via = make_ip(via),
		.oif = 2,
		.table = RT_TABLE_MAIN,
		.protocol = ROUTE_PROTOCOL_HOSTGW,
		.type = RTN_UNICAST,
	};
}

static void check_routes(const struct route *expected, size_t count)
{
	size_t seen_count;
	const struct route *seen = route_view_routes(view, &seen_count);

	assert_int_equal(seen_count, count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(route_compare_key(&seen[i], &expected[i]), 0);
		assert_true(ip_equal(&seen[i].via, &expected[i].via));
	}
}

/* ---- trust ---- */

static void test_results(void **state)
{
	static const struct {
		int result;
		bool trusted;
	} results[] = {
		{-EEXIST, false},     {-ENOENT, false}, {-ESRCH, false}, {-EINPROGRESS, false},
		{-ENETUNREACH, true}, {-EINVAL, true},  {-ENODEV, true}, {-EPERM, true},
	};
	struct route route = make_route(IPV4, "192.168.2.5");
	struct route other = make_route(IPV4, "192.168.2.6");

	(void)state;
	for (size_t i = 0; i < COUNT(results); i++) {
		read_routes(&route, 1);
		note_own(ROUTE_REPLACE, &other, results[i].result);
		assert_int_equal(route_view_settle(view), results[i].trusted);
		if (results[i].trusted)
			check_routes(&route, 1);
	}
}

static void test_trust(void **state)
{
	struct route route = make_route(IPV4, "192.168.2.5");
	struct error err;

	(void)state;
	assert_false(route_view_settle(view)); /* never read */
	read_routes(&route, 1);
	assert_true(route_view_settle(view));
	route_view_distrust(view);
	assert_false(route_view_settle(view));
	route_view_note_event(view, &route, ROUTE_WENT); /* of no interest: it is to be read */
	read_routes(&route, 1);
	assert_true(route_view_settle(view));
	check_routes(&route, 1);
	route_view_begin(view);
	assert_false(route_view_settle(view)); /* a dump that failed has no end */
	route_view_begin(view);
	route_view_distrust(view);
	assert_int_equal(route_view_end(view, &err), 0);
	assert_false(route_view_settle(view));
}

/* What was told before the reading began is in it; what is told while it goes on comes on top. */
static void test_reading(void **state)
{
	struct route first = make_route(IPV4, "192.168.2.5");
	struct route second = make_route(IPV6, "fd00:2::5");
	struct route both[2] = {make_route(IPV4, "192.168.2.6"), second};
	struct error err;

	(void)state;
	read_routes(NULL, 0);
	route_view_note_event(view, &second, ROUTE_WENT);
	route_view_begin(view);
	route_view_begin_family(view);
	route_view_add(view, &first);
	route_view_begin_family(view);
	route_view_add(view, &second);
	route_view_add(view, &second);
	route_view_restart_family(view);
	route_view_note_event(view, &both[0], ROUTE_REPLACED);
	route_view_add(view, &second);
	assert_int_equal(route_view_end(view, &err), 0);
	assert_true(route_view_settle(view));
	check_routes(both, 2);
}

/* ---- many ---- */

enum { MANY = 20000 };

static struct route make_numbered(uint32_t number)
{
	struct route route = make_route(IPV4, "192.168.2.5");

	route.metric = number;
	return route;
}

static void read_many(uint32_t count)
{
	struct error err;

	route_view_begin(view);
	for (uint32_t i = count; i-- > 0;) {
		struct route route = make_numbered(2 * i);

		route_view_add(view, &route);
	}
	assert_int_equal(route_view_end(view, &err), 0);
}

static void test_too_many_events(void **state)
{
	static const struct {
		uint32_t known, events;
		bool trusted;
	} floods[] = {{0, 256, true},
	              {0, 257, false},
	              {MANY, MANY / 8, true},
	              {MANY, MANY / 8 + 1, false}};

	(void)state;
	for (size_t i = 0; i < COUNT(floods); i++) {
		read_many(floods[i].known);
		assert_true(route_view_settle(view));
		for (uint32_t j = 0; j < floods[i].events; j++) {
			struct route route = make_numbered(2 * j + 1);

			route_view_note_event(view, &route, ROUTE_CAME);
		}
		assert_int_equal(route_view_settle(view), floods[i].trusted);
	}
}

/* Own changes are never too many, nor is an event beside them: a whole table is added, moved and
 * taken away again. */
static void test_own_table(void **state)
{
	static const enum route_verb verbs[] = {ROUTE_ADD, ROUTE_REPLACE, ROUTE_DELETE};
	struct route unknown = make_route(IPV6, "fd00:2::5");

	(void)state;
	read_many(MANY);
	for (size_t i = 0; i < COUNT(verbs); i++) {
		size_t count;

		for (uint32_t j = 0; j < MANY; j++) {
			struct route route = make_numbered(2 * (j * 7 % MANY) + 1);

			route.oif = verbs[i] == ROUTE_ADD ? 2 : 3;
			note_own(verbs[i], &route, 0);
		}
		route_view_note_event(view, &unknown, ROUTE_WENT);
		assert_true(route_view_settle(view));
		const struct route *routes = route_view_routes(view, &count);

		assert_int_equal(count, verbs[i] == ROUTE_DELETE ? MANY : 2 * MANY);
		for (uint32_t j = 0; j < count; j++)
			assert_int_equal(routes[j].metric, verbs[i] == ROUTE_DELETE ? 2 * j : j);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_results, begin, end),
		cmocka_unit_test_setup_teardown(test_trust, begin, end),
		cmocka_unit_test_setup_teardown(test_reading, begin, end),
		cmocka_unit_test_setup_teardown(test_too_many_events, begin, end),
		cmocka_unit_test_setup_teardown(test_own_table, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
