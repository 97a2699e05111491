/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sweeps over a connection tracking table that the kernel holds. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "conntrack_table.h"
#include "hostgw/conntrack.h"
#include "sandbox.h"
#include "sweep_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define NOBODY       65534
#define MANY         100000

/* Requests to ctnetlink go to nobody. */
static bool ctnetlink_missing;
/* The first entry of each part of the table comes with an attribute that is longer than it. */
static bool first_is_malformed;

ssize_t sendto(int fd, const void *bytes, size_t length, int flags, __CONST_SOCKADDR_ARG address,
               socklen_t address_length)
{
	alignas(struct nlmsghdr) unsigned char copy[MADE_FLOW_MAX];

	if (ctnetlink_missing) {
		assert_true(length <= sizeof(copy));
		memcpy(copy, bytes, length);
		((struct nlmsghdr *)copy)->nlmsg_type |= 0xff00;
		bytes = copy;
	}
	return syscall(SYS_sendto, fd, bytes, length, flags, address, address_length);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	ssize_t length = syscall(SYS_recvmsg, fd, message, flags);
	struct nlmsghdr *first = message->msg_iov->iov_base;

	if (first_is_malformed && length > 0 &&
	    first->nlmsg_type == (NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW)) {
		struct nlattr *attribute = mnl_nlmsg_get_payload_offset(first,
		                                                        sizeof(struct nfgenmsg));

		attribute->nla_len = UINT16_MAX;
	}
	return length;
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

static void make_case(const void *ctx, size_t i, struct made_flow *flow)
{
	(void)ctx;
	*flow = cases[i].more;
	flow->source = cases[i].addresses[0];
	flow->target = cases[i].addresses[1];
	flow->destination = cases[i].addresses[2];
	flow->answered_to = cases[i].addresses[3];
	flow->port = (uint16_t)(1000 + i);
}

static void make_this_case(const void *ctx, size_t i, struct made_flow *flow)
{
	make_case(NULL, i + *(const size_t *)ctx, flow);
}

static void only_unmasqueraded_flows_go(void **state)
{
	struct sweep_world *world = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct sweep_outcome outcome;

		table_enter(&world->nl, make_this_case, &i, 1);
		outcome = sweep_all(world);
		if (outcome.err.code != 0 || outcome.dropped != cases[i].goes ||
		    table_count(&world->nl) != !cases[i].goes)
			fail_msg("%s: dropped %zu, %s", cases[i].why, outcome.dropped,
			         outcome.err.text);
		table_empty(&world->nl);
	}
}

static void all_at_once(void **state)
{
	struct sweep_world *world = *state;
	struct sweep_outcome outcome;
	size_t goes = 0;

	for (size_t i = 0; i < COUNT(cases); i++)
		goes += cases[i].goes;
	table_enter(&world->nl, make_case, NULL, COUNT(cases));
	outcome = sweep_all(world);
	assert_int_equal(outcome.dropped, goes);
	assert_int_equal(table_count(&world->nl), COUNT(cases) - goes);
	outcome = sweep_all(world);
	assert_int_equal(outcome.dropped, 0);
	table_empty(&world->nl);
}

/* One in ten is to go. */
static void make_many(const void *ctx, size_t index, struct made_flow *flow)
{
	static const char *const pods[] = {"10.244.1.5", "10.244.1.6", "10.244.1.7"};

	(void)ctx;
	*flow = (struct made_flow){.source = pods[index / 50000],
	                           .target = index % 10 == 0 ? "192.0.2.1" : "10.244.2.5",
	                           .port = (uint16_t)(1000 + index % 50000)};
	if (index % 2 == 1) {
		flow->target = "192.0.2.1";
		flow->answered_to = index / 50000 == 0 ? "192.168.2.44" : "192.168.2.43";
	}
}

static void make_doomed(const void *ctx, size_t index, struct made_flow *flow)
{
	(void)ctx;
	*flow = (struct made_flow){
		.source = "10.244.1.5", .target = "192.0.2.1", .port = (uint16_t)(1000 + index)};
}

static void a_table_full_of_them(void **state)
{
	struct sweep_world *world = *state;
	struct sweep_outcome outcome;

	table_enter(&world->nl, make_doomed, NULL, MANY / 10);
	outcome = sweep_all(world);
	assert_int_equal(outcome.err.code, 0);
	assert_int_equal(outcome.dropped, MANY / 10);
	assert_int_equal(table_count(&world->nl), 0);
}

static void a_large_table_takes_many_turns(void **state)
{
	struct sweep_world *world = *state;
	struct sweep_outcome outcome;

	table_enter(&world->nl, make_many, NULL, MANY);
	outcome = sweep_all(world);
	print_message("%d entries, %zu of them to go: %.1f ms of CPU, the longest turn %.2f ms\n",
	              MANY, outcome.dropped, outcome.took, outcome.longest);
	assert_int_equal(outcome.err.code, 0);
	assert_int_equal(outcome.dropped, MANY / 10);
	assert_int_equal(table_count(&world->nl), MANY - MANY / 10);
	outcome = sweep_all(world);
	print_message("none to go: %.1f ms, the longest turn %.2f ms\n", outcome.took,
	              outcome.longest);
	assert_int_equal(outcome.dropped, 0);
	table_empty(&world->nl);
}

/* Its number tells: an entry that has come to the place of one that was read stays. */
static void a_tuple_in_use_again_is_spared(void **state)
{
	struct sweep_world *world = *state;
	struct conntrack_entry entry;

	table_enter(&world->nl, make_case, NULL, 1);
	entry = table_read_one(&world->nl);
	entry.id ^= 1;
	assert_int_equal(table_delete(&world->nl, &entry), -ENOENT);
	assert_int_equal(table_count(&world->nl), 1);
	entry.id ^= 1;
	assert_int_equal(table_delete(&world->nl, &entry), 0);
	assert_int_equal(table_count(&world->nl), 0);
}

/* ---- what goes wrong ---- */

static void never_done(void *ctx, size_t dropped, const struct error *err)
{
	(void)ctx, (void)dropped, (void)err;
	fail_msg("a sweep that was stopped called back");
}

static void a_sweep_can_be_stopped_on_its_way(void **state)
{
	struct sweep_world *world = *state;
	struct sweep_outcome outcome;

	table_enter(&world->nl, make_many, NULL, MANY / 10);
	for (int turns = 0; turns < 4; turns++) {
		struct conntrack_sweep *sweep = sweep_start(world, never_done, NULL);

		for (int i = 0; i < turns; i++)
			uv_run(&world->loop, UV_RUN_ONCE);
		conntrack_sweep_stop(sweep);
		uv_run(&world->loop, UV_RUN_DEFAULT);
	}
	outcome = sweep_all(world); /* which finishes what they began */
	assert_int_equal(outcome.err.code, 0);
	assert_int_equal(table_count(&world->nl), MANY / 10 - MANY / 100);
	table_empty(&world->nl);
}

/* Without root's rights, and with them CAP_NET_ADMIN. */
static int sweep_as_nobody(struct sweep_world *world)
{
	struct sweep_outcome outcome;

	if (setuid(NOBODY) != 0)
		return 2;
	outcome = sweep_all(world);
	return outcome.err.code == EPERM && strstr(outcome.err.text, "CAP_NET_ADMIN is needed") ? 0
	                                                                                        : 1;
}

static void without_rights(void **state)
{
	struct sweep_world *world = *state;
	int status;
	pid_t child;

	table_enter(&world->nl, make_case, NULL, 1);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (uv_loop_fork(&world->loop) != 0)
			_exit(3);
		_exit(sweep_as_nobody(world));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(table_count(&world->nl), 1);
	table_empty(&world->nl);
}

/* nfnetlink answers for a subsystem that it has not as it would where ctnetlink is missing. */
static void without_ctnetlink(void **state)
{
	struct sweep_outcome outcome;

	ctnetlink_missing = true;
	outcome = sweep_all(*state);
	ctnetlink_missing = false;
	assert_int_equal(outcome.err.code, EINVAL);
	assert_string_equal(outcome.err.text,
	                    "connection tracking: Invalid argument; the kernel lacks ctnetlink "
	                    "(module nf_conntrack_netlink); pods' flows to the outside that began "
	                    "while the rules were away may keep the pod's address until they end");
}

/* The sweep goes on without it. */
static void a_malformed_entry_is_passed_over(void **state)
{
	struct sweep_world *world = *state;
	struct sweep_outcome outcome;

	table_enter(&world->nl, make_doomed, NULL, 3);
	first_is_malformed = true;
	outcome = sweep_all(world);
	first_is_malformed = false;
	assert_int_equal(outcome.dropped, 2);
	assert_int_equal(table_count(&world->nl), 1);
	assert_int_equal(outcome.err.code, EBADMSG);
	assert_string_equal(
		outcome.err.text,
		"connection tracking: unreadable entries: 1; pods' flows to the "
		"outside that began while the rules were away may keep the pod's address "
		"until they end");
	table_empty(&world->nl);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(only_unmasqueraded_flows_go, sweep_set_up,
	                                        sweep_tear_down),
		cmocka_unit_test_setup_teardown(all_at_once, sweep_set_up, sweep_tear_down),
		cmocka_unit_test_setup_teardown(a_table_full_of_them, sweep_set_up,
	                                        sweep_tear_down),
		cmocka_unit_test_setup_teardown(a_large_table_takes_many_turns, sweep_set_up,
	                                        sweep_tear_down),
		cmocka_unit_test_setup_teardown(a_tuple_in_use_again_is_spared, sweep_set_up,
	                                        sweep_tear_down),
		cmocka_unit_test_setup_teardown(a_sweep_can_be_stopped_on_its_way, sweep_set_up,
	                                        sweep_tear_down),
		cmocka_unit_test_setup_teardown(a_malformed_entry_is_passed_over, sweep_set_up,
	                                        sweep_tear_down),
		cmocka_unit_test_setup_teardown(without_rights, sweep_set_up, sweep_tear_down),
		cmocka_unit_test_setup_teardown(without_ctnetlink, sweep_set_up, sweep_tear_down),
	};

	if (!sandbox_enter())
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
