/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"
#include "daemon/route_ledger.h"

#define START 1000000u /* of the clock: any */

static struct route_ledger *ledger;

static int begin(void **state)
{
	struct error err;

	(void)state;
	return route_ledger_new(&ledger, &err);
}

static int end(void **state)
{
	(void)state;
	route_ledger_free(ledger);
	ledger = NULL;
	return 0;
}

static struct route make_route(const char *dst)
{
	return (struct route){
		.dst = make_prefix(dst),
		.via = make_ip("192.168.2.5"),
		.oif = 2,
		.table = RT_TABLE_MAIN,
		.protocol = ROUTE_PROTOCOL_HOSTGW,
		.type = RTN_UNICAST,
	};
}

static struct route the_route(void)
{
	return make_route("10.1.4.0/24");
}

/* When it may be tried: `now`, or later. */
static uint64_t allowed_at(enum route_verb verb, const struct route *route, uint64_t now)
{
	struct route_change change = {.verb = verb, .route = *route};
	uint64_t due = 0;

	return route_ledger_allows(ledger, &change, now, &due) ? now : due;
}

static void fail_at(const struct route *route, uint64_t now)
{
	struct route_change change = {.verb = ROUTE_ADD, .route = *route, .result = -1};

	route_ledger_note_failure(ledger, &change, now);
}

/* ---- fights ---- */

/* Repairs at these times after START; at which of them a fight begins (0: at none). */
static const struct {
	const char *name;
	uint64_t repairs[12];
	size_t begins[2];
} cases[] = {
	{"four at once", {1, 2, 3, 4}, {0}},
	{"five at once", {1, 2, 3, 4, 5}, {5}},
	{"five in just the window", {1, 2, 3, 4, 1 + FIGHT_WINDOW_MS}, {5}},
	{"five in a little more", {1, 2, 3, 4, 2 + FIGHT_WINDOW_MS}, {0}},
	{"five seldom, then more often",
         {1, 20000, 40000, 60000, 80000, 81000, 82000, 83000, 84000},
         {9}},
	{"said once", {1, 2, 3, 4, 5, 30005, 60005, 60006, 60007, 60008, 60009}, {5}},
	{"a second one after the first was over",
         {1, 2, 3, 4, 5, 400000, 400001, 400002, 400003, 400004},
         {5, 10}},
};

static void test_fight_begins(void **state)
{
	struct route route = the_route();
	uint64_t total = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t begun = 0;

		print_message("%s\n", cases[i].name);
		for (size_t j = 0; j < COUNT(cases[i].repairs) && cases[i].repairs[j]; j++) {
			uint64_t now = START + cases[i].repairs[j];

			route_ledger_expire(ledger, now);
			if (!route_ledger_note_repair(ledger, &route, RTPROT_STATIC, now))
				continue;
			assert_true(begun < COUNT(cases[i].begins));
			assert_int_equal(j + 1, cases[i].begins[begun++]);
		}
		assert_true(begun == COUNT(cases[i].begins) || cases[i].begins[begun] == 0);
		total += begun;
		assert_int_equal(route_ledger_fights(ledger), begun > 0);
		assert_int_equal(route_ledger_fights_total(ledger), total);
		route_ledger_forget(ledger, &route);
		assert_int_equal(route_ledger_fights(ledger), 0);
	}
}

/* Returns when the last repair was. */
static uint64_t fight(const struct route *route)
{
	for (uint64_t i = 1; i < FIGHT_REPAIRS; i++)
		assert_false(route_ledger_note_repair(ledger, route, RTPROT_UNSPEC, START));
	assert_true(route_ledger_note_repair(ledger, route, RTPROT_STATIC, START + 100));
	return START + 100;
}

static void test_fight_holds_repairs_back(void **state)
{
	struct route route = the_route(), elsewhere = route, other = route;
	uint64_t last = fight(&route), due = last + FIGHT_PACE_MS;

	(void)state;
	elsewhere.via = make_ip("192.168.2.6");
	other.metric = 1;
	assert_int_equal(allowed_at(ROUTE_ADD, &route, last), due);
	assert_int_equal(allowed_at(ROUTE_REPLACE, &route, due - 1), due);
	assert_int_equal(allowed_at(ROUTE_ADD, &route, due), due);
	assert_int_equal(allowed_at(ROUTE_DELETE, &route, last), last);
	assert_int_equal(allowed_at(ROUTE_REPLACE, &elsewhere, last), last);
	assert_int_equal(allowed_at(ROUTE_ADD, &other, last), last);

	/* news of the cluster: it stands elsewhere now, and is fought over there */
	route_ledger_note_success(ledger, &elsewhere);
	assert_false(route_ledger_note_repair(ledger, &elsewhere, RTPROT_STATIC, last + 1));
	assert_int_equal(allowed_at(ROUTE_ADD, &elsewhere, last + 1), last + 1 + FIGHT_PACE_MS);
	assert_int_equal(route_ledger_fights(ledger), 1);
}

static void test_fight_ends_in_quiet(void **state)
{
	struct route route = the_route();
	uint64_t last = fight(&route);

	(void)state;
	assert_int_equal(route_ledger_next(ledger, last), last + FIGHT_PACE_MS);
	last += FIGHT_PACE_MS;
	assert_false(route_ledger_note_repair(ledger, &route, RTPROT_BOOT, last));
	assert_int_equal(route_ledger_next(ledger, last), last + FIGHT_PACE_MS);
	assert_int_equal(route_ledger_next(ledger, last + FIGHT_PACE_MS), last + FIGHT_QUIET_MS);
	route_ledger_forgive(ledger);
	route_ledger_expire(ledger, last + FIGHT_QUIET_MS - 1);
	assert_int_equal(route_ledger_fights(ledger), 1);
	route_ledger_expire(ledger, last + FIGHT_QUIET_MS);
	assert_int_equal(route_ledger_fights(ledger), 0);
	assert_int_equal(route_ledger_fights_total(ledger), 1);
	assert_int_equal(route_ledger_next(ledger, last + FIGHT_QUIET_MS), UINT64_MAX);
	assert_int_equal(allowed_at(ROUTE_ADD, &route, last), last);
}

static void test_fights_are_listed(void **state)
{
	struct route first = the_route(), second = make_route("fd00:1:4::/64");
	struct ledger_fight fights[3];

	(void)state;
	assert_int_equal(route_ledger_list_fights(ledger, fights, 3), 0);
	fight(&first);
	fail_at(&second, START);
	assert_int_equal(route_ledger_list_fights(ledger, fights, 3), 1);
	assert_true(prefix_equal(&fights[0].dst, &first.dst));
	assert_int_equal(fights[0].opponent, RTPROT_STATIC);
	fight(&second);
	assert_int_equal(route_ledger_list_fights(ledger, fights, 3), 2);
	assert_int_equal(route_ledger_list_fights(ledger, fights, 1), 1);
}

/* ---- refusals ---- */

static void test_refused_waits_longer_each_time(void **state)
{
	static const uint64_t delays[] = {1000, 2000, 4000, 8000, 16000, 30000, 30000};
	struct route route = the_route();
	uint64_t now = START;

	(void)state;
	for (size_t i = 0; i < COUNT(delays); i++) {
		fail_at(&route, now);
		assert_int_equal(route_ledger_next(ledger, now), now + delays[i]);
		assert_int_equal(allowed_at(ROUTE_ADD, &route, now), now + delays[i]);
		assert_int_equal(allowed_at(ROUTE_DELETE, &route, now), now + delays[i]);
		now += delays[i];
		assert_int_equal(allowed_at(ROUTE_ADD, &route, now), now);
		/* it is tried now: no timer is needed for what is due already */
		assert_int_equal(route_ledger_next(ledger, now), UINT64_MAX);
	}
}

/* Each of these makes a refusal undone: the next one waits as the first did. */
static void test_refusal_ends(void **state)
{
	struct route route = the_route();

	(void)state;
	for (int way = 0; way < 5; way++) {
		uint64_t now = START;

		fail_at(&route, now);
		fail_at(&route, now);
		switch (way) {
		case 0:
			route_ledger_note_success(ledger, &route);
			break;
		case 1:
			route_ledger_forget(ledger, &route);
			break;
		case 2:
			route_ledger_forgive(ledger);
			break;
		case 3:
			route_ledger_note_repair(ledger, &route, RTPROT_UNSPEC, now);
			break;
		default:
			now += 2 * LEDGER_RETRY_FIRST_MS + FIGHT_QUIET_MS;
			route_ledger_expire(ledger, now);
			break;
		}
		assert_int_equal(allowed_at(ROUTE_ADD, &route, now), now);
		assert_int_equal(route_ledger_next(ledger, now), UINT64_MAX);
		fail_at(&route, now);
		assert_int_equal(route_ledger_next(ledger, now), now + LEDGER_RETRY_FIRST_MS);
		route_ledger_forget(ledger, &route);
	}
}

/* A refused repair in a fight waits for the later of the two; forgiving undoes one of them. */
static void test_refused_in_a_fight(void **state)
{
	struct route route = the_route();
	uint64_t last = fight(&route), due = last + FIGHT_PACE_MS;

	(void)state;
	fail_at(&route, last);
	assert_int_equal(route_ledger_next(ledger, last), last + LEDGER_RETRY_FIRST_MS);
	assert_int_equal(allowed_at(ROUTE_ADD, &route, last), due);
	fail_at(&route, due - 1);
	assert_int_equal(allowed_at(ROUTE_ADD, &route, due), due - 1 + 2 * LEDGER_RETRY_FIRST_MS);
	route_ledger_forgive(ledger);
	assert_int_equal(allowed_at(ROUTE_ADD, &route, due), due);
	assert_int_equal(allowed_at(ROUTE_ADD, &route, last), due);
}

/* Each key for itself, however many: all fail, every second one is mended. */
static void test_many(void **state)
{
	enum { MANY = 20000 };
	struct route route = the_route();

	(void)state;
	for (uint32_t i = 0; i < MANY; i++) {
		route.metric = i;
		fail_at(&route, START + i);
	}
	for (uint32_t i = 0; i < MANY; i += 2) {
		route.metric = i;
		route_ledger_note_success(ledger, &route);
	}
	assert_int_equal(route_ledger_next(ledger, START), START + 1 + LEDGER_RETRY_FIRST_MS);
	for (uint32_t i = 0; i < MANY; i++) {
		route.metric = i;
		assert_int_equal(allowed_at(ROUTE_ADD, &route, START),
		                 i % 2 ? START + i + LEDGER_RETRY_FIRST_MS : START);
	}
	route_ledger_forgive(ledger);
	assert_int_equal(route_ledger_next(ledger, START), UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_fight_begins, begin, end),
		cmocka_unit_test_setup_teardown(test_fight_holds_repairs_back, begin, end),
		cmocka_unit_test_setup_teardown(test_fight_ends_in_quiet, begin, end),
		cmocka_unit_test_setup_teardown(test_fights_are_listed, begin, end),
		cmocka_unit_test_setup_teardown(test_refused_waits_longer_each_time, begin, end),
		cmocka_unit_test_setup_teardown(test_refusal_ends, begin, end),
		cmocka_unit_test_setup_teardown(test_refused_in_a_fight, begin, end),
		cmocka_unit_test_setup_teardown(test_many, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
