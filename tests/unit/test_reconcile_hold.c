/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is a repair and what is news, and who took whose place: what is held of a route. */
#include <errno.h>
#include <string.h>

#include "check.h"
#include "daemon/reconcile.h"
#include "fake_kernel.h"

#define OURS ROUTE_PROTOCOL_HOSTGW

struct fixture {
	struct rtnl kernel;
	struct reconciler *reconciler;
	struct route wanted;
	uint64_t now;
	struct reconcile_report report; /* of the last run */
};

static struct route make_route(const char *via, uint8_t protocol)
{
	return (struct route){.dst = make_prefix("10.1.4.0/24"),
	                      .via = make_ip(via),
	                      .oif = 2,
	                      .table = RT_TABLE_MAIN,
	                      .protocol = protocol,
	                      .type = RTN_UNICAST};
}

static int set_up(void **state)
{
	static struct fixture fixture;
	const struct reconciler_config config = {
		.rtnl = &fixture.kernel,
		.protocol = OURS,
		.networks = {make_prefix("10.1.0.0/16")},
	};
	struct error err;

	memset(&fixture, 0, sizeof(fixture));
	fixture.wanted = make_route("192.168.2.45", OURS);
	*state = &fixture;
	return reconciler_new(&config, &fixture.reconciler, &err);
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	reconcile_report_free(&fixture->report);
	reconciler_free(fixture->reconciler);
	return 0;
}

static void run(struct fixture *fixture)
{
	const struct reconcile_goal goal = {
		.routes = &fixture->wanted,
		.count = 1,
		.table = RT_TABLE_MAIN,
		.uplink = 2,
		.may_delete = true,
		.now = fixture->now += LEDGER_RETRY_MOST_MS,
	};
	struct error err;

	reconcile_report_free(&fixture->report);
	assert_int_equal(reconcile_run(fixture->reconciler, &goal, &fixture->report, &err), 0);
	reconcile_settle(fixture->reconciler);
}

/* Another program puts its route in the place of what is there, and the monitor tells. */
static void take(struct fixture *fixture)
{
	fixture->kernel.table[0] = make_route("192.168.2.99", RTPROT_STATIC);
	assert_true(reconcile_note_route(fixture->reconciler, &fixture->kernel.table[0],
	                                 ROUTE_REPLACED));
}

static void refuse(struct fixture *fixture, int with)
{
	fixture->kernel.refuse = fixture->wanted.dst;
	fixture->kernel.refuse_with = with;
}

static void assert_ours_alone(const struct fixture *fixture)
{
	assert_int_equal(fixture->kernel.count, 1);
	assert_int_equal(fixture->kernel.table[0].protocol, OURS);
	assert_true(ip_equal(&fixture->kernel.table[0].via, &fixture->wanted.via));
}

static size_t installed(const struct fixture *fixture)
{
	return reconcile_stats(fixture->reconciler).installed;
}

/* A node's new address that the kernel takes at last: nobody had taken anything. */
static void test_a_refused_change_is_no_repair_once_it_works(void **state)
{
	struct fixture *fixture = *state;

	run(fixture);
	fixture->wanted.via = make_ip("192.168.2.46");
	refuse(fixture, -ENETUNREACH);
	run(fixture);
	assert_int_equal(fixture->report.failed, 1);
	assert_int_equal(installed(fixture), 0);
	refuse(fixture, 0);
	run(fixture);
	assert_int_equal(fixture->report.proposal.routes.change_count, 1);
	assert_false(fixture->report.causes[0].repair);
	assert_int_equal(reconcile_stats(fixture->reconciler).repairs, 0);
	assert_ours_alone(fixture);
}

/* ... but who comes meanwhile has taken the place of the route that we had. */
static void test_who_takes_the_place_of_a_refused_change_goes(void **state)
{
	struct fixture *fixture = *state;

	run(fixture);
	fixture->wanted.via = make_ip("192.168.2.46");
	refuse(fixture, -ENETUNREACH);
	run(fixture);
	take(fixture);
	run(fixture); /* refused once more, with him in place */
	assert_int_equal(fixture->report.proposal.routes.conflict_count, 0);
	assert_int_equal(fixture->report.failed, 1);
	refuse(fixture, 0);
	run(fixture);
	assert_ours_alone(fixture);
	assert_int_equal(installed(fixture), 1);
}

static void test_a_refused_repair_is_one_once_it_works(void **state)
{
	struct fixture *fixture = *state;

	run(fixture);
	take(fixture);
	refuse(fixture, -ENETUNREACH);
	run(fixture);
	assert_int_equal(installed(fixture), 0);
	refuse(fixture, 0);
	run(fixture);
	assert_true(fixture->report.causes[0].repair);
	assert_int_equal(reconcile_stats(fixture->reconciler).repairs, 1);
	assert_ours_alone(fixture);
}

/* The same where the route that we had is an earlier life's. */
static void test_who_takes_the_place_of_an_earlier_lifes_goes(void **state)
{
	struct fixture *fixture = *state;
	struct route earlier = make_route("192.168.2.47", OURS);

	fake_routes_put(&fixture->kernel, &earlier);
	reconcile_distrust(fixture->reconciler, true);
	refuse(fixture, -ENETUNREACH);
	run(fixture);
	take(fixture);
	refuse(fixture, 0);
	run(fixture);
	assert_false(fixture->report.causes[0].repair);
	assert_ours_alone(fixture);
}

/* flannel's leftover that stands beside the right route cannot be replaced by it: it is told of. */
static void test_a_leftover_beside_ours_is_told_of(void **state)
{
	struct fixture *fixture = *state;
	struct route leftover = make_route("192.168.2.45", RTPROT_BOOT);

	run(fixture);
	fake_routes_put(&fixture->kernel, &leftover);
	reconcile_note_route(fixture->reconciler, &leftover, ROUTE_CAME);
	run(fixture);
	assert_int_equal(fixture->report.proposal.routes.conflict_count, 1);
	assert_int_equal(fixture->report.proposal.routes.change_count, 0);
	assert_int_equal(installed(fixture), 1);
}

/* Another's route beside ours is not in its place, also after ours went. */
static void test_who_stood_beside_ours_stays(void **state)
{
	static const uint8_t protocols[] = {RTPROT_STATIC, RTPROT_BOOT};

	for (size_t i = 0; i < COUNT(protocols); i++) {
		struct fixture *fixture = *state;
		struct route beside = make_route("192.168.2.99", protocols[i]), ours;

		fixture->kernel.count = 0;
		reconcile_distrust(fixture->reconciler, true);
		run(fixture);
		fake_routes_put(&fixture->kernel, &beside);
		reconcile_note_route(fixture->reconciler, &beside, ROUTE_CAME);
		run(fixture);
		assert_int_equal(fixture->report.proposal.routes.conflict_count, 1);
		assert_int_equal(installed(fixture), 1);
		ours = fixture->kernel.table[0];
		fixture->kernel.table[0] = fixture->kernel.table[--fixture->kernel.count];
		reconcile_note_route(fixture->reconciler, &ours, ROUTE_WENT);
		run(fixture);
		assert_int_equal(fixture->report.proposal.routes.change_count, 0);
		assert_int_equal(fixture->kernel.count, 1);
		assert_int_equal(fixture->kernel.table[0].protocol, protocols[i]);
		assert_int_equal(installed(fixture), 0);
	}
}

/* What is in the way may go with a link or an object of others, of which alone the kernel tells. */
static void test_who_goes_without_a_word(void **state)
{
	struct fixture *fixture = *state;
	struct route foreign = make_route("192.168.9.9", RTPROT_STATIC);

	foreign.oif = 7;
	fake_routes_put(&fixture->kernel, &foreign);
	reconcile_distrust(fixture->reconciler, false);
	run(fixture);
	assert_int_equal(fixture->report.proposal.routes.conflict_count, 1);
	assert_false(reconcile_note_other_link(fixture->reconciler, 8));
	fixture->kernel.count = 0;
	assert_true(reconcile_note_other_link(fixture->reconciler, 7));
	run(fixture);
	assert_ours_alone(fixture);
	assert_false(reconcile_note_other_link(fixture->reconciler, 7));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_refused_change_is_no_repair_once_it_works),
		CASE(test_who_takes_the_place_of_a_refused_change_goes),
		CASE(test_a_refused_repair_is_one_once_it_works),
		CASE(test_who_takes_the_place_of_an_earlier_lifes_goes),
		CASE(test_a_leftover_beside_ours_is_told_of),
		CASE(test_who_stood_beside_ours_stays),
		CASE(test_who_goes_without_a_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
