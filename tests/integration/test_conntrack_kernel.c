/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sweeps over a connection tracking table that the kernel holds. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "hostgw/conntrack.h"
#include "netlink/batch.h"
#include "netlink/dump.h"
#include "sandbox.h"
#include "tests/unit/made_flow.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define NOBODY       65534
#define MANY         100000

struct world {
	uv_loop_t loop;
	struct nl_socket nl; /* the test's own */
	struct masquerade_rules rules;
	struct prefix nonmasquerade[2];
	struct link_address own[2];
	struct link_snapshot links;
};

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	struct error err;

	assert_non_null(world);
	assert_int_equal(uv_loop_init(&world->loop), 0);
	if (nl_socket_open(&world->nl, NETLINK_NETFILTER, &err) != 0)
		fail_msg("%s", err.text);
	world->nonmasquerade[0] = sandbox_prefix("172.16.0.0/12");
	world->nonmasquerade[1] = sandbox_prefix("fd00:172::/32");
	world->own[0].prefix = sandbox_prefix("192.168.2.44/32");
	world->own[1].prefix = sandbox_prefix("fd00:2::44/128");
	world->rules = (struct masquerade_rules){
		.masquerade = true,
		.cluster = {sandbox_prefix("10.244.0.0/16"), sandbox_prefix("fd00:244::/48")},
		.own = {sandbox_prefix("10.244.1.0/24"), sandbox_prefix("fd00:244:0:1::/64")},
		.nonmasquerade = world->nonmasquerade,
		.nonmasquerade_count = COUNT(world->nonmasquerade),
	};
	world->links.addresses = world->own;
	world->links.address_count = COUNT(world->own);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	nl_socket_close(&world->nl);
	assert_int_equal(uv_loop_close(&world->loop), 0);
	free(world);
	return 0;
}

/* ---- the table, by the test's own hand ---- */

struct making {
	void (*make)(size_t index, struct made_flow *flow);
	const struct made_flow *flows;
};

static int encode_flow(void *ctx, size_t index, void *buffer, size_t room)
{
	const struct making *making = ctx;
	alignas(struct nlmsghdr) unsigned char bytes[MADE_FLOW_MAX];
	struct made_flow flow = {0};
	const struct nlmsghdr *message;

	if (making->make)
		making->make(index, &flow);
	else
		flow = making->flows[index];
	message = made_flow_write(&flow, bytes);
	if (message->nlmsg_len > room)
		return -ENOSPC;
	memcpy(buffer, message, message->nlmsg_len);
	return (int)message->nlmsg_len;
}

static void expect_made(void *ctx, size_t index, const struct nl_answer *answer)
{
	(void)ctx;
	if (answer->result != 0)
		fail_msg("flow %zu cannot be made: %s", index, strerror(-answer->result));
}

static void enter(struct world *world, struct making making, size_t count)
{
	static const struct nl_batch_ops ops = {encode_flow, expect_made};
	struct error err;

	if (nl_batch_run(&world->nl, count, &ops, &making, &err) != 0)
		fail_msg("%s", err.text);
}

static int count_entry(void *ctx, const struct nlmsghdr *message)
{
	(void)message;
	++*(size_t *)ctx;
	return 0;
}

static void forget_count(void *ctx)
{
	*(size_t *)ctx = 0;
}

/* A request about all entries: for a delete, those are the ones that name none. */
static struct nlmsghdr *put_request(unsigned char *buffer, uint16_t kind)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

	message->nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | kind);
	mnl_nlmsg_put_extra_header(message, sizeof(struct nfgenmsg));
	return message;
}

static size_t entries(struct world *world)
{
	static const struct nl_dump_ops ops = {count_entry, forget_count};
	alignas(struct nlmsghdr) unsigned char request[MADE_FLOW_MAX];
	struct error err;
	size_t count = 0;

	if (nl_dump(&world->nl, put_request(request, IPCTNL_MSG_CT_GET), &ops, &count, &err) != 0)
		fail_msg("%s", err.text);
	return count;
}

static void empty(struct world *world)
{
	static const struct nl_dump_ops ops = {count_entry, forget_count};
	alignas(struct nlmsghdr) unsigned char request[MADE_FLOW_MAX];
	struct error err;
	size_t count = 0;

	if (nl_query(&world->nl, put_request(request, IPCTNL_MSG_CT_DELETE), &ops, &count, &err))
		fail_msg("%s", err.text);
	assert_int_equal(entries(world), 0);
}

/* ---- sweeps ---- */

struct outcome {
	struct conntrack_sweep *sweep;
	bool done;
	size_t dropped;
	struct error err;
	double took, longest; /* CPU time of it, and of its longest turn of the loop, in ms */
};

static void on_done(void *ctx, size_t dropped, const struct error *err)
{
	struct outcome *outcome = ctx;

	assert_false(outcome->done);
	outcome->done = true;
	outcome->dropped = dropped;
	if (err)
		outcome->err = *err;
	conntrack_sweep_stop(outcome->sweep);
}

/* Other programs run beside a test, so that the time on the wall tells little. */
static double cpu_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static struct outcome sweep(struct world *world)
{
	struct outcome outcome = {0};
	struct conntrack_sweep_config config = {
		.loop = &world->loop,
		.rules = &world->rules,
		.links = &world->links,
		.done = on_done,
		.ctx = &outcome,
	};
	double began = cpu_ms();
	struct error err;

	if (conntrack_sweep_start(&config, &outcome.sweep, &err) != 0)
		fail_msg("%s", err.text);
	for (int more = 1; more;) {
		double turn = cpu_ms();

		more = uv_run(&world->loop, UV_RUN_ONCE);
		turn = cpu_ms() - turn;
		if (turn > outcome.longest)
			outcome.longest = turn;
	}
	outcome.took = cpu_ms() - began;
	assert_true(outcome.done);
	return outcome;
}

/* A flow's addresses are its source, its target, and, where DNAT or SNAT changed them, where it
 * leads and where answers go. */
static const struct {
	const char *addresses[4];
	struct made_flow more;
	bool goes;
	const char *why;
} cases[] = {
	{{"10.244.1.5", "192.0.2.1"}, {0}, true, "a pod's to the outside"},
	{{"10.244.7.5", "192.0.2.1"}, {0}, true, "another node's pod's"},
	{{"fd00:244:0:1::5", "2001:db8::1"}, {0}, true, "the same by IPv6"},
	{{"10.244.1.5", "192.0.2.1"}, {.protocol = IPPROTO_TCP}, true, "TCP"},
	{{"10.244.1.5", "192.0.2.1"}, {.protocol = IPPROTO_ICMP}, true, "a ping"},
	{{"fd00:244:0:1::5", "2001:db8::1"}, {.protocol = IPPROTO_ICMPV6}, true, "by IPv6"},
	{{"10.244.1.5", "192.0.2.1"}, {.protocol = IPPROTO_SCTP}, true, "SCTP"},
	{{"10.244.1.5", "192.0.2.2"}, {.zone = 7}, true, "in a zone"},
	{{"10.244.1.5", "192.0.2.3"}, {.source_zone = 7}, true, "in a zone of one direction"},
	{{"10.244.1.5", "10.96.0.1", "192.168.2.40"}, {0}, true, "by a Service's address"},
	{{"10.244.1.5", "192.168.2.45"}, {0}, true, "to another node"},
	{{"10.244.1.5", "192.0.2.4", NULL, "192.168.2.44"}, {0}, false, "masqueraded"},
	{{"10.244.1.5", "10.96.0.2", "192.0.2.5", "192.168.2.44"}, {0}, false, "that and DNAT"},
	{{"10.244.1.5", "10.244.2.5"}, {0}, false, "to a pod"},
	{{"10.244.1.5", "10.96.0.3", "10.244.2.5"}, {0}, false, "to a pod as a Service's"},
	{{"10.244.1.5", "10.96.0.4", "172.20.0.1"}, {0}, false, "to a non-masquerade CIDR"},
	{{"fd00:244:0:1::5", "fd00:172::1"}, {0}, false, "the same by IPv6"},
	{{"10.244.1.5", "239.0.0.1"}, {0}, false, "to multicast"},
	{{"fd00:244:0:1::5", "ff05::1"}, {0}, false, "to multicast by IPv6"},
	{{"10.244.1.5", "192.168.2.44"}, {0}, false, "to this host"},
	{{"fd00:244:0:1::5", "fd00:2::44"}, {0}, false, "to this host by IPv6"},
	{{"192.168.2.44", "192.0.2.1"}, {0}, false, "the host's own"},
	{{"192.0.2.1", "192.168.2.44", "10.244.1.5"}, {0}, false, "from outside to a pod"},
	{{"2001:db8::1", "fd00:244:0:1::5"}, {0}, false, "the same by IPv6"},
};

static void enter_case(struct world *world, size_t i, uint16_t port)
{
	struct made_flow flow = cases[i].more;

	flow.source = cases[i].addresses[0];
	flow.target = cases[i].addresses[1];
	flow.destination = cases[i].addresses[2];
	flow.answered_to = cases[i].addresses[3];
	flow.port = port;
	enter(world, (struct making){.flows = &flow}, 1);
}

static void only_unmasqueraded_flows_go(void **state)
{
	struct world *world = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct outcome outcome;

		enter_case(world, i, 1000);
		outcome = sweep(world);
		if (outcome.err.code != 0 || outcome.dropped != cases[i].goes ||
		    entries(world) != !cases[i].goes)
			fail_msg("%s: dropped %zu, %s", cases[i].why, outcome.dropped,
			         outcome.err.text);
		empty(world);
	}
}

static void all_at_once(void **state)
{
	struct world *world = *state;
	struct outcome outcome;
	size_t goes = 0;

	for (size_t i = 0; i < COUNT(cases); i++) {
		enter_case(world, i, (uint16_t)(1000 + i));
		goes += cases[i].goes;
	}
	outcome = sweep(world);
	assert_int_equal(outcome.dropped, goes);
	assert_int_equal(entries(world), COUNT(cases) - goes);
	outcome = sweep(world);
	assert_int_equal(outcome.dropped, 0);
	empty(world);
}

/* One in ten is to go. */
static void make_many(size_t index, struct made_flow *flow)
{
	static const char *const pods[] = {"10.244.1.5", "10.244.1.6", "10.244.1.7"};

	*flow = (struct made_flow){.source = pods[index / 50000],
	                           .target = index % 10 == 0 ? "192.0.2.1" : "10.244.2.5",
	                           .port = (uint16_t)(1000 + index % 50000)};
	if (index % 2 == 1) {
		flow->target = "192.0.2.1";
		flow->answered_to = index / 50000 == 0 ? "192.168.2.44" : "192.168.2.43";
	}
}

static void a_large_table_takes_many_turns(void **state)
{
	struct world *world = *state;
	struct outcome outcome;

	enter(world, (struct making){.make = make_many}, MANY);
	outcome = sweep(world);
	print_message("%d entries, %zu of them to go: %.1f ms of CPU, the longest turn %.2f ms\n",
	              MANY, outcome.dropped, outcome.took, outcome.longest);
	assert_int_equal(outcome.err.code, 0);
	assert_int_equal(outcome.dropped, MANY / 10);
	assert_int_equal(entries(world), MANY - MANY / 10);
	outcome = sweep(world);
	print_message("none to go: %.1f ms, the longest turn %.2f ms\n", outcome.took,
	              outcome.longest);
	assert_int_equal(outcome.dropped, 0);
	empty(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(only_unmasqueraded_flows_go, set_up, tear_down),
		cmocka_unit_test_setup_teardown(all_at_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_large_table_takes_many_turns, set_up, tear_down),
	};

	if (!sandbox_enter())
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
