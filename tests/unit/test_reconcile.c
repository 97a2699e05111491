/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "check.h"
#include "daemon/reconcile.h"
#include "fake_routes.h"

#define OURS ROUTE_PROTOCOL_HOSTGW

struct fixture {
	struct rtnl kernel;
	struct reconciler *reconciler;
	struct route wanted[4];
	size_t count;
};

static struct route make_route(const char *dst, const char *via, uint8_t protocol)
{
	return (struct route){
		.dst = make_prefix(dst),
		.via = make_ip(via),
		.oif = 2,
		.table = RT_TABLE_MAIN,
		.metric = strchr(dst, ':') ? ROUTE_METRIC_IPV6 : 0,
		.protocol = protocol,
		.type = RTN_UNICAST,
	};
}

static int set_up(void **state)
{
	static struct fixture fixture;
	struct error err;

	memset(&fixture, 0, sizeof(fixture));
	fixture.wanted[0] = make_route("10.1.1.0/24", "192.168.2.46", OURS);
	fixture.wanted[1] = make_route("10.1.2.0/24", "192.168.2.47", OURS);
	fixture.wanted[2] = make_route("10.1.4.0/24", "192.168.2.45", OURS);
	fixture.wanted[3] = make_route("fd00:1:4::/64", "fd00::45", OURS);
	fixture.count = 4;
	*state = &fixture;
	return reconciler_new(&fixture.kernel, OURS, &fixture.reconciler, &err);
}

static int tear_down(void **state)
{
	reconciler_free(((struct fixture *)*state)->reconciler);
	return 0;
}

static int try_run(struct fixture *fixture, bool may_delete, struct reconcile_report *report)
{
	const struct reconcile_goal goal = {
		.routes = fixture->wanted,
		.count = fixture->count,
		.uplink = 2,
		.may_delete = may_delete,
	};
	struct error err;

	return reconcile_run(fixture->reconciler, &goal, report, &err);
}

static void run(struct fixture *fixture, bool may_delete, struct reconcile_report *report)
{
	assert_int_equal(try_run(fixture, may_delete, report), 0);
}

static void run_quietly(struct fixture *fixture)
{
	struct reconcile_report report;

	run(fixture, true, &report);
	assert_int_equal(report.failed, 0);
	reconcile_report_free(&report);
}

static void assert_installed(struct fixture *fixture)
{
	for (size_t i = 0; i < fixture->count; i++) {
		const struct route *route = fake_routes_find(
			&fixture->kernel, &fixture->wanted[i].dst, fixture->wanted[i].metric);

		assert_non_null(route);
		assert_true(route_satisfies(&fixture->wanted[i], route));
	}
}

static void test_first_run_adds_all(void **state)
{
	struct fixture *fixture = *state;
	struct reconcile_report report;

	run(fixture, true, &report);
	assert_int_equal(report.diff.change_count, 4);
	assert_false(report.repair[0]);
	assert_int_equal(report.failed, 0);
	assert_false(report.raced);
	reconcile_report_free(&report);
	assert_installed(fixture);
}

static void test_second_run_changes_nothing(void **state)
{
	struct fixture *fixture = *state;

	run_quietly(fixture);
	fixture->kernel.asked_count = 0;
	run_quietly(fixture);
	assert_int_equal(fixture->kernel.asked_count, 0);
}

static void test_restart_finds_its_routes(void **state)
{
	struct fixture *fixture = *state;
	struct error err;

	run_quietly(fixture);
	reconciler_free(fixture->reconciler);
	assert_int_equal(reconciler_new(&fixture->kernel, OURS, &fixture->reconciler, &err), 0);
	fixture->kernel.asked_count = 0;
	run_quietly(fixture);
	assert_int_equal(fixture->kernel.asked_count, 0);
}

static void test_deleted_by_others_is_a_repair(void **state)
{
	struct fixture *fixture = *state;
	struct reconcile_report report;

	run_quietly(fixture);
	fixture->kernel.table[0] = fixture->kernel.table[--fixture->kernel.count];
	run(fixture, true, &report);
	assert_int_equal(report.diff.change_count, 1);
	assert_true(report.repair[0]);
	reconcile_report_free(&report);
	assert_installed(fixture);
}

static void test_stale_route_goes_foreign_stays(void **state)
{
	struct fixture *fixture = *state;
	struct route stale = make_route("10.1.9.0/24", "192.168.2.99", OURS);
	struct route other_table = make_route("10.1.4.0/24", "192.168.2.45", OURS);
	struct route foreign = make_route("10.1.8.0/24", "192.168.2.98", RTPROT_STATIC);

	other_table.table = 100;
	fake_routes_put(&fixture->kernel, &stale);
	fake_routes_put(&fixture->kernel, &other_table);
	fake_routes_put(&fixture->kernel, &foreign);
	run_quietly(fixture);
	assert_null(fake_routes_find(&fixture->kernel, &stale.dst, 0));
	assert_non_null(fake_routes_find(&fixture->kernel, &foreign.dst, 0));
	assert_int_equal(fixture->kernel.count, fixture->count + 1);
	assert_installed(fixture);
}

static void test_incomplete_list_deletes_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct route stale = make_route("10.1.9.0/24", "192.168.2.99", OURS);
	struct reconcile_report report;

	fake_routes_put(&fixture->kernel, &stale);
	run(fixture, false, &report);
	reconcile_report_free(&report);
	assert_non_null(fake_routes_find(&fixture->kernel, &stale.dst, 0));
}

/* Rule 2: a dump that broke off is no knowledge. */
static void test_failed_dump_changes_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct reconcile_report report;

	run_quietly(fixture);
	fixture->kernel.asked_count = 0;
	fixture->kernel.dump_fails = -EIO;
	assert_int_equal(try_run(fixture, true, &report), -EIO);
	reconcile_report_free(&report);
	assert_int_equal(fixture->kernel.asked_count, 0);
}

static void test_restarted_dump_counts_once(void **state)
{
	struct fixture *fixture = *state;

	run_quietly(fixture);
	fixture->kernel.asked_count = 0;
	fixture->kernel.restart_dumps = true;
	run_quietly(fixture);
	assert_int_equal(fixture->kernel.asked_count, 0);
}

static void test_one_refusal_holds_back_nobody(void **state)
{
	struct fixture *fixture = *state;
	struct reconcile_report report;

	fixture->kernel.refuse = fixture->wanted[1].dst;
	fixture->kernel.refuse_with = -ENETUNREACH;
	run(fixture, true, &report);
	assert_int_equal(report.failed, 1);
	assert_int_equal(report.diff.changes[1].result, -ENETUNREACH);
	reconcile_report_free(&report);
	assert_int_equal(fixture->kernel.count, 3);

	/* It was never there: when it works at last, that is no repair. */
	fixture->kernel.refuse_with = 0;
	run(fixture, true, &report);
	assert_int_equal(report.diff.change_count, 1);
	assert_false(report.repair[0]);
	reconcile_report_free(&report);
	assert_installed(fixture);
}

static void test_race_is_read_again_then_decided(void **state)
{
	struct fixture *fixture = *state;
	struct reconcile_report report;

	fixture->kernel.sneak_in = make_route("10.1.4.0/24", "192.168.2.200", RTPROT_STATIC);
	run(fixture, true, &report);
	assert_true(report.raced);
	assert_int_equal(report.failed, 1);
	reconcile_report_free(&report);

	run(fixture, true, &report);
	assert_false(report.raced);
	assert_int_equal(report.diff.conflict_count, 1);
	assert_int_equal(report.diff.change_count, 0);
	reconcile_report_free(&report);
	assert_int_equal(fake_routes_find(&fixture->kernel, &fixture->wanted[2].dst, 0)->protocol,
	                 RTPROT_STATIC);
}

static void test_delete_of_what_is_gone_is_success(void **state)
{
	struct fixture *fixture = *state;
	struct route stale = make_route("10.1.9.0/24", "192.168.2.99", OURS);
	struct reconcile_report report;

	fake_routes_put(&fixture->kernel, &stale);
	fixture->kernel.refuse = stale.dst;
	fixture->kernel.refuse_with = -ESRCH;
	run(fixture, true, &report);
	assert_int_equal(report.failed, 0);
	reconcile_report_free(&report);
}

static void test_failed_send_is_an_error(void **state)
{
	struct fixture *fixture = *state;
	struct reconcile_report report;

	fixture->kernel.apply_fails = -ENOBUFS;
	assert_int_equal(try_run(fixture, true, &report), -ENOBUFS);
	reconcile_report_free(&report);
}

/* A family whose interface address is away: its routes are neither removed nor added. */
static void test_family_left_alone(void **state)
{
	struct fixture *fixture = *state;
	const struct reconcile_goal goal = {
		.routes = fixture->wanted,
		.count = 3,
		.uplink = 2,
		.may_delete = true,
		.leave_alone = {[IP_V6] = true},
	};
	struct reconcile_report report;
	struct error err;

	run_quietly(fixture);
	fixture->kernel.asked_count = 0;
	assert_int_equal(reconcile_run(fixture->reconciler, &goal, &report, &err), 0);
	reconcile_report_free(&report);
	assert_int_equal(fixture->kernel.asked_count, 0);
	assert_installed(fixture);
}

/* Whatever mark it carries: nobody asked for a default route, so nobody takes it away. */
static void test_default_route_is_never_ours(void **state)
{
	struct fixture *fixture = *state;
	struct route marked = make_route("0.0.0.0/0", "192.168.2.254", OURS);

	fake_routes_put(&fixture->kernel, &marked);
	run_quietly(fixture);
	assert_non_null(fake_routes_find(&fixture->kernel, &marked.dst, 0));
}

static void test_concerns(void **state)
{
	struct fixture *fixture = *state;
	struct route ours = make_route("10.77.0.0/24", "192.168.2.99", OURS);
	struct route over_ours = make_route("10.1.4.0/24", "192.168.2.99", RTPROT_STATIC);
	struct route other = make_route("172.16.0.0/24", "192.168.2.99", RTPROT_BGP);

	run_quietly(fixture);
	assert_true(reconcile_concerns(fixture->reconciler, &ours));
	assert_true(reconcile_concerns(fixture->reconciler, &over_ours));
	assert_false(reconcile_concerns(fixture->reconciler, &other));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_first_run_adds_all),
		CASE(test_second_run_changes_nothing),
		CASE(test_restart_finds_its_routes),
		CASE(test_deleted_by_others_is_a_repair),
		CASE(test_stale_route_goes_foreign_stays),
		CASE(test_incomplete_list_deletes_nothing),
		CASE(test_failed_dump_changes_nothing),
		CASE(test_restarted_dump_counts_once),
		CASE(test_one_refusal_holds_back_nobody),
		CASE(test_race_is_read_again_then_decided),
		CASE(test_delete_of_what_is_gone_is_success),
		CASE(test_failed_send_is_an_error),
		CASE(test_family_left_alone),
		CASE(test_default_route_is_never_ours),
		CASE(test_concerns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
