/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whatever happens, in whatever order: nothing of others is ever touched, and once things settle
 * the kernel holds exactly the plan. HOSTGW_PROPERTY_SEED repeats a run, HOSTGW_PROPERTY_STEPS
 * makes a longer one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "check.h"
#include "daemon/reconcile.h"
#include "daemon/route_diff.h"
#include "engine_world.h"

#define STEPS "20000"
/* Runs until nothing is due any more; a refused route is tried a few times, a fight takes longer.
 */
#define PATIENCE 100

struct story {
	struct world world;
	struct reconciler *reconciler;
	int via[WORLD_KEYS]; /* the number of the gateway; negative: no route is wanted */
	struct route goal[WORLD_KEYS];
	size_t goal_count;
	enum nexthop_mode mode;
	uint64_t now;
	bool links_changed; /* since the last run that went through */
	bool disturbed;     /* others were at work during this run */
	bool short_dump;    /* ... during the last dump, which may have missed something else */
	unsigned long step;
};

#define CHECK(story, what) check(story, what, #what, __LINE__)

static void check(struct story *story, bool holds, const char *what, int line)
{
	if (holds)
		return;
	world_print(&story->world);
	fail_msg("line %d, step %lu: not so: %s", line, story->step, what);
}

/* ---- the daemon ---- */

static void distrust(struct story *story, bool links)
{
	reconcile_distrust(story->reconciler, links);
	story->links_changed = story->links_changed || links;
}

static void start(struct story *story)
{
	struct world *world = &story->world;
	struct reconciler_config config = {
		.rtnl = &world->kernel,
		.protocol = OURS,
		.networks = {make_prefix("10.1.0.0/16"), make_prefix("fd00:1::/32")},
	};
	struct error err;

	story->mode = (enum nexthop_mode)world_roll(world, NEXTHOP_NEVER + 1);
	config.nexthop_mode = story->mode;
	reconciler_free(story->reconciler);
	story->reconciler = NULL;
	CHECK(story, reconciler_new(&config, &story->reconciler, &err) == 0);
	memset(world->wanted, 0, sizeof(world->wanted));
	memset(world->held, 0, sizeof(world->held));
	memset(world->known, 0, sizeof(world->known));
	world->news_count = 0;
	distrust(story, true);
}

static void change_nodes(struct story *story)
{
	size_t key = world_roll(&story->world, WORLD_KEYS);

	story->via[key] = world_chance(&story->world, 30)
	                          ? -1
	                          : (int)world_roll(&story->world, WORLD_GATEWAYS);
}

static void make_goal(struct story *story, const bool leave_alone[IP_FAMILIES])
{
	story->goal_count = 0;
	for (size_t key = 0; key < WORLD_KEYS; key++) {
		struct prefix dst = world_destination(key);
		uint8_t family = dst.addr.family;

		if (story->via[key] < 0 || leave_alone[ip_family_index(family)])
			continue;
		story->goal[story->goal_count++] = (struct route){
			.dst = dst,
			.via = world_gateway(family, (unsigned)story->via[key]),
			.oif = UPLINK,
			.table = RT_TABLE_MAIN,
			.metric = family == AF_INET6 ? ROUTE_METRIC_IPV6 : 0,
			.protocol = OURS,
			.type = RTN_UNICAST,
		};
	}
	qsort(story->goal, story->goal_count, sizeof(*story->goal), route_compare_key);
}

static bool is_wanted(const struct story *story, size_t key)
{
	for (size_t i = 0; i < story->goal_count; i++)
		if (world_key_of(&story->goal[i]) == key)
			return true;
	return false;
}

/* ---- what others do while it looks and acts ---- */

static void meddle_meanwhile(void *ctx)
{
	struct story *story = ctx;

	if (!world_chance(&story->world, 15))
		return;
	story->disturbed = story->short_dump = true;
	world_meddle(&story->world);
}

/* The monitor's news; now and then the socket was too full, which is told instead. */
static void deliver(struct story *story)
{
	struct world *world = &story->world;

	if (world_chance(world, 10)) {
		distrust(story, world_chance(world, 50));
		world->news_count = 0;
	}
	for (size_t i = 0; i < world->news_count; i++) {
		const struct news *news = &world->news[i];

		if (news->is_nexthop)
			reconcile_note_nexthop(story->reconciler, &news->nexthop);
		else
			reconcile_note_route(story->reconciler, &news->route, news->event);
	}
	world->news_count = 0;
}

/* ---- after each run: what is theirs ---- */

/* What flanneld left may be replaced where a route of ours belongs. */
static bool is_leftover(const struct story *story, const struct route *route)
{
	if (route->protocol != RTPROT_BOOT || route->type != RTN_UNICAST || route->oif != UPLINK ||
	    route->foreign_attributes || route->nexthop_id != 0)
		return false;
	for (size_t i = 0; i < story->goal_count; i++)
		if (ip_equal(&story->goal[i].via, &route->via))
			return true;
	return false;
}

static void check_foreign_routes(struct story *story)
{
	struct world *world = &story->world;

	for (size_t i = 0; i < world->foreign_count; i++) {
		const struct foreign *foreign = &world->foreign[i];
		size_t key = world_key_of(&foreign->route);
		bool there = false;

		for (size_t j = 0; j < world->kernel.count; j++)
			there = there || world_same_route(&world->kernel.table[j], &foreign->route);
		if (there)
			continue;
		CHECK(story, key < WORLD_KEYS && is_wanted(story, key));
		/* One that a dump missed may end under a replace of what was seen there: the kernel
		 * has no replace of this very one. */
		CHECK(story, foreign->taken || is_leftover(story, &foreign->route) ||
		                     (story->short_dump && world->had[key]));
		world->foreign[i--] = world->foreign[--world->foreign_count];
	}
	for (size_t i = 0; i < world->kernel.asked_count; i++)
		CHECK(story, world->kernel.asked[i].route.protocol == OURS);
}

static void check_foreign_objects(struct story *story)
{
	const struct world *world = &story->world;

	for (size_t i = 0; i < world->object_count; i++) {
		const struct nexthop *theirs = &world->objects[i];
		const struct nexthop *there = fake_nexthops_find(&world->kernel, theirs->id);

		CHECK(story, there && there->protocol == theirs->protocol);
		CHECK(story, ip_equal(&there->via, &theirs->via));
	}
}

static bool stands(const struct story *story, const struct route *wanted)
{
	const struct world *world = &story->world;

	for (size_t i = 0; i < world->kernel.count; i++) {
		const struct route *route = &world->kernel.table[i];
		struct ip_addr via = world_leads_to(world, route);

		if (route_compare_key(route, wanted) == 0 && route->protocol == OURS &&
		    route->type == RTN_UNICAST && !route->foreign_attributes &&
		    ip_equal(&via, &wanted->via))
			return true;
	}
	return false;
}

/* What the daemon knows to stand now, and what it no longer asks for. */
static void note_outcome(struct story *story, bool whole, bool raced)
{
	struct world *world = &story->world;

	for (size_t key = 0; key < WORLD_KEYS; key++) {
		bool wanted = is_wanted(story, key);

		world->held[key] = world->known[key] = false;
		world->wanted[key] = wanted || (!whole && world->wanted[key]);
	}
	for (size_t i = 0; whole && !raced && !story->disturbed && i < story->goal_count; i++) {
		size_t key = world_key_of(&story->goal[i]);

		world->known[key] = stands(story, &story->goal[i]);
		world->held[key] = world->known[key] && world_count(world, key, true) == 1 &&
		                   world_count(world, key, false) == 0;
	}
	for (size_t i = 0; i < world->foreign_count; i++) {
		size_t key = world_key_of(&world->foreign[i].route);

		/* Nobody's place, or beside one of ours: what became of that later is not his
		 * doing. */
		if (key >= WORLD_KEYS || !world->wanted[key] ||
		    (world->known[key] && world_count(world, key, true) > 0))
			world->foreign[i].taken = world->foreign[i].sure = false;
	}
}

/* Before a run: what it may see and decide to replace, when another may be quicker. */
static void look_ahead(struct story *story)
{
	struct world *world = &story->world;

	story->disturbed = false;
	for (size_t key = 0; key < WORLD_KEYS; key++)
		world->wanted[key] = world->wanted[key] || is_wanted(story, key);
	/* Ours went with the link: whoever is there now was there first. */
	for (size_t i = 0; story->links_changed && i < world->foreign_count; i++)
		world->foreign[i].taken = world->foreign[i].sure = false;
	memset(world->had, 0, sizeof(world->had));
	for (size_t i = 0; i < world->kernel.count; i++) {
		const struct route *route = &world->kernel.table[i];
		size_t key = world_key_of(route);

		if (key < WORLD_KEYS && (route->protocol == OURS || is_leftover(story, route)))
			world->had[key] = true;
	}
}

/* One run. True: nothing more is due, ever. */
static bool run(struct story *story, bool may_delete, const bool leave_alone[IP_FAMILIES])
{
	struct world *world = &story->world;
	struct reconcile_goal goal = {
		.routes = story->goal,
		.table = RT_TABLE_MAIN,
		.uplink = UPLINK,
		.may_delete = may_delete,
		.now = story->now,
	};
	struct reconcile_report report;
	struct error err;
	size_t dumps = world->kernel.dumps;
	bool quiet;
	int result;

	make_goal(story, leave_alone);
	goal.count = story->goal_count;
	memcpy(goal.leave_alone, leave_alone, sizeof(goal.leave_alone));
	look_ahead(story);
	world->kernel.asked_count = 0;
	world->racing = true;
	result = reconcile_run(story->reconciler, &goal, &report, &err);
	world->racing = false;
	check_foreign_routes(story);
	check_foreign_objects(story);
	note_outcome(story, result == 0, report.raced);
	story->links_changed = story->links_changed && result < 0;
	if (result == 0 && !story->disturbed && world->kernel.dumps != dumps)
		story->short_dump = false;
	quiet = result == 0 && !report.raced && report.next_due == UINT64_MAX;
	if (result == 0 && !report.raced && !quiet)
		story->now = report.next_due > story->now ? report.next_due : story->now + 10;
	reconcile_report_free(&report);
	return quiet;
}

/* ---- once things settle ---- */

static void check_route(struct story *story, const struct route *wanted)
{
	struct world *world = &story->world;
	size_t key = world_key_of(wanted), others = world_count(world, key, false);
	size_t leftovers = 0;

	for (size_t i = 0; i < world->foreign_count; i++) {
		const struct foreign *foreign = &world->foreign[i];

		if (world_key_of(&foreign->route) != key)
			continue;
		CHECK(story, !foreign->sure);
		leftovers += is_leftover(story, &foreign->route);
	}
	CHECK(story, world_count(world, key, true) <= 1);
	/* Who was there first is left alone, and beside him ours may stand or not, but not wrong.
	 */
	if (world_count(world, key, true) == 1)
		CHECK(story, stands(story, wanted) || others > leftovers);
	else
		CHECK(story, others > leftovers);
}

static void check_nothing_else_is_ours(struct story *story)
{
	const struct world *world = &story->world;

	for (size_t i = 0; i < world->kernel.count; i++) {
		const struct route *route = &world->kernel.table[i];

		if (route->protocol == OURS)
			CHECK(story, is_wanted(story, world_key_of(route)));
	}
}

static bool has_foreign_user(const struct world *world, uint32_t id)
{
	for (size_t i = 0; i < world->kernel.count; i++)
		if (world->kernel.table[i].nexthop_id == id &&
		    world->kernel.table[i].protocol != OURS)
			return true;
	return false;
}

static bool is_gateway(const struct story *story, const struct ip_addr *via)
{
	for (size_t i = 0; i < story->goal_count; i++)
		if (ip_equal(&story->goal[i].via, via))
			return true;
	return false;
}

/* Those of ours: one a gateway where they are in use, otherwise none. */
static void check_objects(struct story *story)
{
	const struct world *world = &story->world;
	const struct rtnl *kernel = &world->kernel;

	CHECK(story, reconcile_stats(story->reconciler).nexthop_objects ==
	                     (story->mode == NEXTHOP_ALWAYS));
	for (size_t i = 0; i < kernel->nexthop_count; i++) {
		const struct nexthop *nexthop = &kernel->nexthops[i];

		if (nexthop->protocol != OURS || nexthop->id < NEXTHOP_ID_FIRST ||
		    has_foreign_user(world, nexthop->id))
			continue;
		CHECK(story, story->mode == NEXTHOP_ALWAYS && !nexthop->foreign_attributes &&
		                     is_gateway(story, &nexthop->via));
		for (size_t j = 0; j < i; j++)
			CHECK(story, !ip_equal(&kernel->nexthops[j].via, &nexthop->via) ||
			                     kernel->nexthops[j].protocol != OURS ||
			                     kernel->nexthops[j].id < NEXTHOP_ID_FIRST ||
			                     has_foreign_user(world, kernel->nexthops[j].id) ||
			                     kernel->nexthops[j].foreign_attributes);
	}
}

static void settle(struct story *story)
{
	static const bool none[IP_FAMILIES];
	struct rtnl *kernel = &story->world.kernel;
	int runs = 0;

	kernel->dump_fails = kernel->apply_fails = kernel->refuse_with = 0;
	kernel->restart_dumps = false;
	kernel->meanwhile = NULL;
	deliver(story);
	/* The audit: the only one to notice what a dump missed. */
	if (story->short_dump)
		distrust(story, false);
	story->short_dump = false;
	while (!run(story, true, none))
		CHECK(story, ++runs < PATIENCE);
	for (size_t i = 0; i < story->goal_count; i++)
		check_route(story, &story->goal[i]);
	check_nothing_else_is_ours(story);
	check_objects(story);

	/* Nothing is left to do, for a new life neither. */
	kernel->nexthops_asked = 0;
	if (world_chance(&story->world, 20))
		distrust(story, false);
	CHECK(story, run(story, true, none));
	CHECK(story, kernel->asked_count == 0 && kernel->nexthops_asked == 0);
}

/* ---- the story ---- */

static void bring_trouble(struct story *story)
{
	struct world *world = &story->world;
	struct rtnl *kernel = &world->kernel;

	kernel->dump_fails = world_chance(world, 5) ? -EIO : 0;
	kernel->apply_fails = world_chance(world, 5) ? -ENOBUFS : 0;
	kernel->restart_dumps = world_chance(world, 20);
	kernel->refuse = world_destination(world_roll(world, WORLD_KEYS));
	kernel->refuse_with = world_chance(world, 20) ? -ENETUNREACH : 0;
	kernel->meanwhile = world_chance(world, 30) ? meddle_meanwhile : NULL;
	kernel->meanwhile_ctx = story;
}

static void take_step(struct story *story)
{
	struct world *world = &story->world;
	const bool leave_alone[IP_FAMILIES] = {world_chance(world, 5), world_chance(world, 5)};

	if (world_chance(world, 4)) {
		world->kernel.dump_fails = 0;
		world->kernel.meanwhile = NULL;
		start(story);
	}
	for (unsigned i = world_roll(world, 4); i > 0; i--)
		change_nodes(story);
	for (unsigned i = world_roll(world, 3); i > 0; i--)
		world_meddle(world);
	story->now += world_roll(world, 4000);
	deliver(story);
	bring_trouble(story);
	(void)run(story, world_chance(world, 90), leave_alone);
	if (world_chance(world, 25))
		settle(story);
}

static unsigned long setting(const char *name, const char *otherwise)
{
	const char *text = getenv(name);

	return strtoul(text ? text : otherwise, NULL, 10);
}

static void test_kernel_holds_the_plan_and_what_is_foreign(void **state)
{
	static struct story story;
	unsigned long steps = setting("HOSTGW_PROPERTY_STEPS", STEPS);

	(void)state;
	story.world.random = getenv("HOSTGW_PROPERTY_SEED") ? setting("HOSTGW_PROPERTY_SEED", "")
	                                                    : (uint64_t)time(NULL);
	print_message("HOSTGW_PROPERTY_SEED=%lu HOSTGW_PROPERTY_STEPS=%lu\n",
	              (unsigned long)story.world.random, steps);
	for (size_t key = 0; key < WORLD_KEYS; key++)
		story.via[key] = -1;
	start(&story);
	for (story.step = 0; story.step < steps; story.step++)
		take_step(&story);
	settle(&story);
	reconciler_free(story.reconciler);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernel_holds_the_plan_and_what_is_foreign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
