/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "check.h"
#include "daemon/reconcile.h"
#include "fake_kernel.h"

#define OURS ROUTE_PROTOCOL_HOSTGW

#define PLENTY 600 /* next hops: enough for nexthop objects */

struct fixture {
	struct rtnl kernel;
	struct reconciler *reconciler;
	struct route wanted[PLENTY];
	size_t count;
	uint64_t now;
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

/* A start of the daemon: what is in the kernel stays. */
static int begin(struct fixture *fixture, enum nexthop_mode mode)
{
	struct reconciler_config config = {
		.rtnl = &fixture->kernel,
		.protocol = OURS,
		.nexthop_mode = mode,
		.networks = {make_prefix("10.0.0.0/8"), make_prefix("fd00:1::/32")},
	};
	struct error err;

	reconciler_free(fixture->reconciler);
	fixture->reconciler = NULL;
	return reconciler_new(&config, &fixture->reconciler, &err);
}

static int set_up(void **state)
{
	static struct fixture fixture;

	memset(&fixture, 0, sizeof(fixture));
	fixture.wanted[0] = make_route("10.1.1.0/24", "192.168.2.46", OURS);
	fixture.wanted[1] = make_route("10.1.2.0/24", "192.168.2.47", OURS);
	fixture.wanted[2] = make_route("10.1.4.0/24", "192.168.2.45", OURS);
	fixture.wanted[3] = make_route("fd00:1:4::/64", "fd00::45", OURS);
	fixture.count = 4;
	*state = &fixture;
	return begin(&fixture, NEXTHOP_AUTO);
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
		.table = RT_TABLE_MAIN,
		.uplink = 2,
		.may_delete = may_delete,
		.now = fixture->now,
		.own = {make_prefix("10.1.0.0/24")},
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
	reconcile_settle(fixture->reconciler);
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
	assert_int_equal(report.proposal.routes.change_count, 4);
	assert_false(report.causes[0].repair);
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

	run_quietly(fixture);
	assert_int_equal(begin(fixture, NEXTHOP_AUTO), 0);
	fixture->kernel.asked_count = 0;
	run_quietly(fixture);
	assert_int_equal(fixture->kernel.asked_count, 0);
}

/* Another program deletes wanted[i], and the monitor tells. */
static void lose(struct fixture *fixture, size_t i)
{
	struct rtnl *kernel = &fixture->kernel;
	struct route lost = {0};

	for (size_t j = 0; j < kernel->count; j++) {
		if (!prefix_equal(&kernel->table[j].dst, &fixture->wanted[i].dst))
			continue;
		lost = kernel->table[j];
		kernel->table[j] = kernel->table[--kernel->count];
		break;
	}
	assert_int_equal(lost.protocol, OURS);
	assert_true(reconcile_note_route(fixture->reconciler, &lost, ROUTE_WENT));
}

/* Another program replaces wanted[i], and the monitor tells. */
static void replace(struct fixture *fixture, size_t i, const char *via, uint8_t protocol)
{
	struct route *there = (struct route *)fake_routes_find(
		&fixture->kernel, &fixture->wanted[i].dst, fixture->wanted[i].metric);

	assert_non_null(there);
	there->via = make_ip(via);
	there->protocol = protocol;
	assert_true(reconcile_note_route(fixture->reconciler, there, ROUTE_REPLACED));
}

static void test_what_others_change_is_a_repair(void **state)
{
	static const struct {
		const char *title;
		const char *via; /* NULL: it is deleted */
		uint8_t protocol;
	} cases[] = {
		{"deleted", NULL, RTPROT_UNSPEC},
		{"changed, with our mark", "192.168.2.99", OURS},
		{"replaced by hand, via a node", "192.168.2.47", RTPROT_BOOT},
		{"replaced by a foreign one", "192.168.2.99", RTPROT_STATIC},
	};
	struct fixture *fixture = *state;

	run_quietly(fixture);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct reconcile_report report;
		size_t dumps = fixture->kernel.dumps;

		print_message("%s\n", cases[i].title);
		fixture->now += FIGHT_WINDOW_MS;
		if (cases[i].via)
			replace(fixture, 0, cases[i].via, cases[i].protocol);
		else
			lose(fixture, 0);
		run(fixture, true, &report);
		assert_int_equal(report.proposal.routes.change_count, 1);
		assert_int_equal(report.proposal.routes.conflict_count, 0);
		assert_true(report.causes[0].repair);
		assert_int_equal(report.causes[0].opponent, cases[i].protocol);
		assert_int_equal(fixture->kernel.dumps, dumps); /* the event told all */
		reconcile_report_free(&report);
		reconcile_settle(fixture->reconciler);
		assert_installed(fixture);
	}
}

/* Who was there first is in the way, however long we wait. */
static void test_foreign_before_us_is_a_conflict(void **state)
{
	struct fixture *fixture = *state;
	struct route foreign = make_route("10.1.1.0/24", "192.168.2.99", RTPROT_STATIC);
	struct reconcile_report report;

	fake_routes_put(&fixture->kernel, &foreign);
	for (int i = 0; i < 3; i++) {
		reconcile_distrust(fixture->reconciler, false);
		run(fixture, true, &report);
		assert_int_equal(report.proposal.routes.conflict_count, 1);
		assert_int_equal(reconcile_stats(fixture->reconciler).conflicts, 1);
		assert_int_equal(reconcile_stats(fixture->reconciler).installed,
		                 fixture->count - 1);
		reconcile_report_free(&report);
	}
	assert_int_equal(fake_routes_find(&fixture->kernel, &foreign.dst, 0)->protocol,
	                 RTPROT_STATIC);
}

static void test_fight_slows_down(void **state)
{
	struct fixture *fixture = *state;
	struct reconcile_report report;

	run_quietly(fixture);
	for (int i = 0; i < FIGHT_REPAIRS; i++) {
		fixture->now += 1000;
		replace(fixture, 1, "192.168.2.99", RTPROT_BGP);
		run(fixture, true, &report);
		assert_true(report.causes[0].repair);
		assert_int_equal(report.fight_count, i == FIGHT_REPAIRS - 1);
		assert_int_equal(report.causes[0].opponent, RTPROT_BGP);
		reconcile_report_free(&report);
	}
	assert_int_equal(reconcile_stats(fixture->reconciler).fighting, 1);

	/* Held back, and the others are looked after all the same. */
	fixture->now += 1000;
	replace(fixture, 1, "192.168.2.99", RTPROT_BGP);
	lose(fixture, 0);
	run(fixture, true, &report);
	assert_int_equal(report.proposal.routes.change_count, 1);
	assert_true(prefix_equal(&report.proposal.routes.changes[0].route.dst,
	                         &fixture->wanted[0].dst));
	assert_int_equal(report.held_back, 1);
	assert_true(report.next_due > fixture->now);
	assert_true(report.next_due <= fixture->now + FIGHT_PACE_MS);
	fixture->now = report.next_due;
	reconcile_report_free(&report);

	run(fixture, true, &report);
	assert_int_equal(report.proposal.routes.change_count, 1);
	assert_true(report.causes[0].repair);
	assert_int_equal(report.fight_count, 1);
	assert_int_equal(report.fights[0].opponent, RTPROT_BGP);
	reconcile_report_free(&report);
	assert_installed(fixture);

	/* Five quiet minutes end it. */
	fixture->now += FIGHT_QUIET_MS + 1;
	run_quietly(fixture);
	assert_int_equal(reconcile_stats(fixture->reconciler).fighting, 0);
	assert_int_equal(reconcile_stats(fixture->reconciler).fights, 1);
}

/* An interface that goes up and down takes routes along: that is nobody's attack. */
static void test_flapping_link_is_no_fight(void **state)
{
	struct fixture *fixture = *state;

	run_quietly(fixture);
	for (int i = 0; i < 3 * FIGHT_REPAIRS; i++) {
		fixture->kernel.count = 0;
		reconcile_distrust(fixture->reconciler, true);
		fixture->now += 100;
		run_quietly(fixture);
		assert_installed(fixture);
	}
	assert_int_equal(reconcile_stats(fixture->reconciler).fights, 0);
}

static void test_refused_route_waits_longer_each_time(void **state)
{
	struct fixture *fixture = *state;
	struct reconcile_report report;
	uint64_t wait = 0;

	fixture->kernel.refuse = fixture->wanted[1].dst;
	fixture->kernel.refuse_with = -ENETUNREACH;
	for (int i = 0; i < 8; i++) {
		run(fixture, true, &report);
		assert_int_equal(report.failed, 1);
		assert_true(report.next_due - fixture->now >= wait);
		wait = report.next_due - fixture->now;
		fixture->now = report.next_due;
		reconcile_report_free(&report);
	}
	assert_true(wait >= LEDGER_RETRY_MOST_MS / 2);

	/* Before it is due it is not tried, whatever else happens. */
	run(fixture, true, &report);
	reconcile_report_free(&report);
	fixture->kernel.asked_count = 0;
	fixture->now++;
	lose(fixture, 0);
	run(fixture, true, &report);
	assert_int_equal(report.held_back, 1);
	assert_int_equal(fixture->kernel.asked_count, 1);
	reconcile_report_free(&report);

	/* A link that changed is a reason to try at once. */
	fixture->kernel.refuse_with = 0;
	reconcile_distrust(fixture->reconciler, true);
	run_quietly(fixture);
	assert_installed(fixture);
}

/* ---- nexthop objects ---- */

static void want_many(struct fixture *fixture, size_t count)
{
	char dst[32], via[32];

	for (size_t i = 0; i < count; i++) {
		snprintf(dst, sizeof(dst), "10.%zu.%zu.0/24", 2 + i / 256, i % 256);
		snprintf(via, sizeof(via), "172.16.%zu.%zu", i / 250, 1 + i % 250);
		fixture->wanted[i] = make_route(dst, via, OURS);
	}
	fixture->count = count;
}

/* Whatever it goes through: each route leads to its gateway. */
static void assert_leads(const struct fixture *fixture)
{
	for (size_t i = 0; i < fixture->count; i++) {
		const struct route *route = fake_routes_find(&fixture->kernel,
		                                             &fixture->wanted[i].dst, 0);
		const struct nexthop *nexthop;

		assert_non_null(route);
		nexthop = fake_nexthops_find(&fixture->kernel, route->nexthop_id);
		assert_true(
			ip_equal(nexthop ? &nexthop->via : &route->via, &fixture->wanted[i].via));
	}
}

/* Runs until nothing asks for more. */
static void run_out(struct fixture *fixture)
{
	struct reconcile_report report = {.raced = true};

	for (int i = 0; report.raced; i++) {
		assert_true(i < 4);
		reconcile_report_free(&report);
		run(fixture, true, &report);
	}
	reconcile_report_free(&report);
}

static void test_large_table_goes_through_objects_and_back(void **state)
{
	struct fixture *fixture = *state;

	want_many(fixture, NEXTHOP_AUTO_ON - 1);
	run_out(fixture);
	assert_int_equal(fixture->kernel.nexthop_count, 0);
	want_many(fixture, NEXTHOP_AUTO_ON);
	run_out(fixture);
	assert_int_equal(fixture->kernel.nexthop_count, NEXTHOP_AUTO_ON);
	assert_true(reconcile_stats(fixture->reconciler).nexthop_objects);
	assert_leads(fixture);

	/* A restart changes nothing. */
	assert_int_equal(begin(fixture, NEXTHOP_AUTO), 0);
	fixture->kernel.asked_count = fixture->kernel.nexthops_asked = 0;
	run_out(fixture);
	assert_int_equal(fixture->kernel.asked_count + fixture->kernel.nexthops_asked, 0);

	/* A node's new address is one replace, of its object. */
	fixture->wanted[7].via = make_ip("172.17.0.1");
	run_out(fixture);
	assert_int_equal(fixture->kernel.asked_count, 0);
	assert_int_equal(fixture->kernel.nexthops_asked, 1);
	assert_leads(fixture);

	/* Nodes go: their routes and objects, too; below the mark, all objects. */
	want_many(fixture, NEXTHOP_AUTO_OFF);
	run_out(fixture);
	assert_int_equal(fixture->kernel.nexthop_count, NEXTHOP_AUTO_OFF);
	want_many(fixture, NEXTHOP_AUTO_OFF - 1);
	run_out(fixture);
	assert_int_equal(fixture->kernel.nexthop_count, 0);
	assert_int_equal(fixture->kernel.count, fixture->count);
	assert_leads(fixture);
}

static void test_objects_that_others_flush_return(void **state)
{
	struct fixture *fixture = *state;
	struct nexthop foreign = {.id = 5, .via = make_ip("172.16.0.9"), .oif = 2, .protocol = 186};
	struct nexthop gone;

	fixture->kernel.nexthops[fixture->kernel.nexthop_count++] = foreign;
	want_many(fixture, NEXTHOP_AUTO_ON);
	run_out(fixture);
	gone = fixture->kernel.nexthops[1];
	fixture->kernel.nexthops[1] = fixture->kernel.nexthops[--fixture->kernel.nexthop_count];
	fixture->kernel.table[3] = fixture->kernel.table[--fixture->kernel.count];
	assert_true(reconcile_note_nexthop(fixture->reconciler, &gone));
	assert_false(reconcile_note_nexthop(fixture->reconciler, &foreign));
	run_out(fixture);
	assert_leads(fixture);

	fixture->kernel.nexthop_count = fixture->kernel.count = 0;
	assert_true(reconcile_note_nexthop(fixture->reconciler, &gone));
	run_out(fixture);
	assert_leads(fixture);
}

/* One that leads an object of ours elsewhere is an opponent like any other. */
static void test_fight_over_an_object(void **state)
{
	struct fixture *fixture = *state;
	struct reconcile_report report;

	want_many(fixture, NEXTHOP_AUTO_ON);
	run_out(fixture);
	for (int i = 0; i < FIGHT_REPAIRS + 1; i++) {
		struct nexthop *object = &fixture->kernel.nexthops[3];

		fixture->now += 100;
		object->via = make_ip("172.30.0.1");
		assert_true(reconcile_note_nexthop(fixture->reconciler, object));
		fixture->kernel.nexthops_asked = 0;
		run(fixture, true, &report);
		assert_int_equal(report.held_back, i == FIGHT_REPAIRS);
		assert_int_equal(fixture->kernel.nexthops_asked, i < FIGHT_REPAIRS);
		assert_int_equal(report.fight_count, i >= FIGHT_REPAIRS - 1);
		reconcile_report_free(&report);
	}
	fixture->now += FIGHT_PACE_MS;
	run_quietly(fixture);
	assert_leads(fixture);
}

static void test_kernel_without_objects(void **state)
{
	struct fixture *fixture = *state;

	fixture->kernel.no_nexthops = true;
	assert_int_equal(begin(fixture, NEXTHOP_ALWAYS), -EOPNOTSUPP);
	assert_int_equal(begin(fixture, NEXTHOP_AUTO), 0);
	want_many(fixture, NEXTHOP_AUTO_ON);
	run_out(fixture);
	assert_leads(fixture);
}

/* ---- what is whose ---- */

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
	reconcile_distrust(fixture->reconciler, false);
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
	reconcile_distrust(fixture->reconciler, false);
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
	reconcile_distrust(fixture->reconciler, false);
	assert_int_equal(try_run(fixture, true, &report), -EIO);
	assert_true(report.next_due == UINT64_MAX);
	reconcile_report_free(&report);
	assert_int_equal(fixture->kernel.asked_count, 0);
}

static void test_restarted_dump_counts_once(void **state)
{
	struct fixture *fixture = *state;

	run_quietly(fixture);
	fixture->kernel.asked_count = 0;
	fixture->kernel.restart_dumps = true;
	reconcile_distrust(fixture->reconciler, false);
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
	assert_int_equal(report.proposal.routes.changes[1].result, -ENETUNREACH);
	reconcile_report_free(&report);
	assert_int_equal(fixture->kernel.count, 3);

	/* It was never there: when it works at last, that is no repair. */
	fixture->kernel.refuse_with = 0;
	fixture->now += LEDGER_RETRY_FIRST_MS;
	run(fixture, true, &report);
	assert_int_equal(report.proposal.routes.change_count, 1);
	assert_false(report.causes[0].repair);
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
	assert_int_equal(report.proposal.routes.conflict_count, 1);
	assert_int_equal(report.proposal.routes.change_count, 0);
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
	reconcile_distrust(fixture->reconciler, false);
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
	assert_true(report.next_due == UINT64_MAX);
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
	reconcile_distrust(fixture->reconciler, false);
	run_quietly(fixture);
	assert_non_null(fake_routes_find(&fixture->kernel, &marked.dst, 0));
}

static void test_events_of_no_concern(void **state)
{
	struct fixture *fixture = *state;
	struct route ours = make_route("10.77.0.0/24", "192.168.2.99", OURS);
	struct route inside = make_route("10.1.9.0/24", "192.168.2.99", RTPROT_STATIC);
	struct route outside = make_route("172.16.0.0/24", "192.168.2.99", RTPROT_BGP);

	run_quietly(fixture);
	assert_true(reconcile_note_route(fixture->reconciler, &ours, ROUTE_CAME));
	assert_true(reconcile_note_route(fixture->reconciler, &inside, ROUTE_CAME));
	assert_false(reconcile_note_route(fixture->reconciler, &outside, ROUTE_CAME));
}

/* What others put into the Network is reported, not touched. */
static void test_strangers(void **state)
{
	static const struct {
		const char *dst;
		uint8_t protocol;
		size_t strangers;
	} cases[] = {
		{"10.9.0.0/24", RTPROT_BOOT, 1}, /* a leftover of flannel, of a node that is gone */
		{"10.1.1.128/25", RTPROT_STATIC, 1}, /* a part of a node's */
		{"10.1.0.0/26", RTPROT_STATIC, 0},   /* in this node's own */
		{"10.1.0.0/24", RTPROT_KERNEL, 0},   /* the bridge's */
		{"172.16.0.0/24", RTPROT_STATIC, 0},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct route route = make_route(cases[i].dst, "192.168.2.99", cases[i].protocol);
		struct reconcile_report report;

		fixture->kernel.count = 0;
		fake_routes_put(&fixture->kernel, &route);
		reconcile_distrust(fixture->reconciler, false);
		run(fixture, true, &report);
		assert_int_equal(report.proposal.routes.stranger_count, cases[i].strangers);
		reconcile_report_free(&report);
		assert_non_null(fake_routes_find(&fixture->kernel, &route.dst, 0));
	}
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_first_run_adds_all),
		CASE(test_second_run_changes_nothing),
		CASE(test_restart_finds_its_routes),
		CASE(test_what_others_change_is_a_repair),
		CASE(test_foreign_before_us_is_a_conflict),
		CASE(test_fight_slows_down),
		CASE(test_flapping_link_is_no_fight),
		CASE(test_refused_route_waits_longer_each_time),
		CASE(test_large_table_goes_through_objects_and_back),
		CASE(test_objects_that_others_flush_return),
		CASE(test_fight_over_an_object),
		CASE(test_kernel_without_objects),
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
		CASE(test_events_of_no_concern),
		CASE(test_strangers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
