/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/plan_print.h"
#include "plan_fixture.h"

#define ROUTES_MAX 8

/* A route of ours in the kernel, or as changed by the row of a test. */
struct row {
	struct {
		const char *dst, *via;
		uint8_t protocol, type;
		uint32_t table, metric, nexthop_id;
		int oif;
	} observed[ROUTES_MAX];
	struct nexthop nexthops[ROUTES_MAX];
	enum nexthop_mode mode;
	bool blackhole;
	const char *text, *batch;
};

#define OURS ROUTE_PROTOCOL_HOSTGW
#define ID   NEXTHOP_ID_FIRST

struct made {
	struct proposal proposal;
	struct route observed[ROUTES_MAX];
	struct plan_outcome outcome;
};

static size_t make_observed(const struct row *row, struct route *routes)
{
	size_t count = 0;

	for (; count < ROUTES_MAX && row->observed[count].dst; count++)
		routes[count] = (struct route){
			.dst = make_prefix(row->observed[count].dst),
			.via = make_ip(row->observed[count].via),
			.oif = row->observed[count].oif,
			.protocol = row->observed[count].protocol,
			.type = row->observed[count].type,
			.table = row->observed[count].table,
			.metric = row->observed[count].metric,
			.nexthop_id = row->observed[count].nexthop_id,
		};
	if (count > 0)
		qsort(routes, count, sizeof(*routes), route_compare_key);
	return count;
}

/* The proposal for the plan as it is, by the functions that reconcile makes it with. */
static void propose(struct plan_fixture *f, const struct row *row, struct made *made)
{
	struct nexthop_plan_input objects = {
		.desired = f->plan.routes,
		.desired_count = f->plan.route_count,
		.observed = made->observed,
		.observed_count = make_observed(row, made->observed),
		.nexthops = row->nexthops,
		.mode = row->mode,
		.supported = true,
		.protocol = OURS,
		.may_delete = true,
	};
	struct route_diff_input diff = {
		.observed = made->observed,
		.protocol = OURS,
		.table = RT_TABLE_MAIN,
		.uplink = f->uplink.index,
		.may_delete = true,
	};
	struct error err;

	while (row->nexthops[objects.nexthop_count].id != 0)
		objects.nexthop_count++;
	memset(&made->proposal, 0, sizeof(made->proposal));
	assert_int_equal(nexthop_plan_make(&objects, &made->proposal.nexthops, &err), 0);
	memcpy(diff.networks, f->conf.network, sizeof(diff.networks));
	diff.desired = made->proposal.nexthops.routes;
	diff.desired_count = made->proposal.nexthops.route_count;
	diff.observed_count = objects.observed_count;
	assert_int_equal(route_diff_make(&diff, &made->proposal.routes, &err), 0);
	made->outcome = (struct plan_outcome){
		.plan = &f->plan,
		.proposal = &made->proposal,
		.observed = made->observed,
		.observed_count = objects.observed_count,
		.uplink = &f->uplink,
		.links = &f->snapshot,
	};
}

static char *printed(const struct plan_outcome *outcome,
                     void (*print)(const struct plan_outcome *outcome, FILE *to))
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	assert_non_null(to);
	print(outcome, to);
	assert_int_equal(fclose(to), 0);
	return text;
}

static void print_json(const struct plan_outcome *outcome, FILE *to)
{
	struct error err;

	assert_int_equal(plan_print_json(outcome, to, &err), 0);
}

/* The own node and one peer, 10.1.4.0/24 via 192.168.2.45. */
static const struct row rows[] = {
	{.text = "+ 10.1.4.0/24 via 192.168.2.45 dev ens192\n"
                 "1 to add, 0 to replace, 0 to remove, 0 right, 0 nodes left out\n",
         .batch = "route add 10.1.4.0/24 via 192.168.2.45 dev ens192 proto 72 table 254 metric "
                  "0\n"},
	{.observed = {{"10.1.4.0/24", "192.168.2.45", OURS, RTN_UNICAST, 254, 0, 0, 2}},
         .text = "0 to add, 0 to replace, 0 to remove, 1 right, 0 nodes left out\n",
         .batch = ""},
	/* flannel's leftover, and what no node claims in another table and at another metric */
	{.observed = {{"10.1.4.0/24", "192.168.2.45", RTPROT_BOOT, RTN_UNICAST, 254, 0, 0, 2},
                      {"10.1.8.0/24", "192.168.2.48", OURS, RTN_UNICAST, 100, 50, 0, 9},
                      {"fd00:1:8::/64", NULL, OURS, RTN_UNREACHABLE, 254, 1024, 0, 2}},
         .text = "~ 10.1.4.0/24 via 192.168.2.45 dev ens192 (was via 192.168.2.45 dev ens192 of "
                 "protocol boot (3))\n"
                 "- 10.1.8.0/24 via 192.168.2.48 dev if9 table 100 metric 50\n"
                 "- unreachable fd00:1:8::/64 dev ens192\n"
                 "0 to add, 1 to replace, 2 to remove, 0 right, 0 nodes left out\n",
         .batch = "route replace 10.1.4.0/24 via 192.168.2.45 dev ens192 proto 72 table 254 metric "
                  "0\n"
                  "route del 10.1.8.0/24 via 192.168.2.48 dev if9 proto 72 table 100 metric 50\n"
                  "route del unreachable fd00:1:8::/64 dev ens192 proto 72 table 254 metric "
                  "1024\n"},
	/* a foreign route in the way, and one that nobody explains */
	{.observed = {{"10.1.4.0/24", "192.168.2.99", RTPROT_STATIC, RTN_UNICAST, 254, 0, 0, 2},
                      {"10.1.8.0/24", "192.168.2.99", RTPROT_STATIC, RTN_UNICAST, 254, 0, 0, 2}},
         .text = "! Route 10.1.4.0/24 via 192.168.2.99 is in the way of 10.1.4.0/24 via "
                 "192.168.2.45: it belongs to another program (protocol static (4)) and is left "
                 "alone; remove it and ours takes its place\n"
                 "! Route 10.1.8.0/24 via 192.168.2.99 leads into the Network, and no node claims "
                 "it: it belongs to another program (protocol static (4)) and is left alone; "
                 "remove it if it is a leftover: ip route del 10.1.8.0/24 via 192.168.2.99\n"
                 "0 to add, 0 to replace, 0 to remove, 0 right, 0 nodes left out, 1 conflict, 1 "
                 "stranger\n",
         .batch = ""},
	/* onto objects, with a blackhole, whose loopback interface is not said */
	{.observed = {{"10.1.4.0/24", "192.168.2.46", OURS, RTN_UNICAST, 254, 0, 0, 2},
                      {"fd00:1:8::/64", NULL, OURS, RTN_BLACKHOLE, 254, ROUTE_METRIC_LAST, 0, 1}},
         .mode = NEXTHOP_ALWAYS,
         .blackhole = true,
         .text = "+ nexthop 1207959552 via 192.168.2.45 dev ens192\n"
                 "+ blackhole 10.1.0.0/24\n"
                 "~ 10.1.4.0/24 via 192.168.2.45 dev ens192 nhid 1207959552 (was via 192.168.2.46 "
                 "dev ens192)\n"
                 "- blackhole fd00:1:8::/64\n"
                 "1 to add, 1 to replace, 1 to remove, 0 right, 0 nodes left out, 1 nexthop object "
                 "to change\n",
         .batch = "nexthop add id 1207959552 via 192.168.2.45 dev ens192 proto 72\n"
                  "route add blackhole 10.1.0.0/24 proto 72 table 254 metric 4294967295\n"
                  "route replace 10.1.4.0/24 nhid 1207959552 proto 72 table 254 metric 0\n"
                  "route del blackhole fd00:1:8::/64 proto 72 table 254 metric 4294967295\n"},
	/* and off them again: one that is waited for and one that nobody uses */
	{.observed = {{"10.1.4.0/24", "192.168.2.45", OURS, RTN_UNICAST, 254, 0, ID, 2}},
         .nexthops =
                 {{.id = ID, .via = {AF_INET, {192, 168, 2, 45}}, .oif = 2, .protocol = OURS},
                  {.id = ID + 1, .via = {AF_INET, {192, 168, 2, 46}}, .oif = 2, .protocol = OURS}},
         .mode = NEXTHOP_NEVER,
         .text = "~ 10.1.4.0/24 via 192.168.2.45 dev ens192 (was via 192.168.2.45 dev ens192 nhid "
                 "1207959552)\n"
                 "- nexthop 1207959553 via 192.168.2.46 dev ens192\n"
                 "- nexthop 1207959552 via 192.168.2.45 dev ens192\n"
                 "0 to add, 1 to replace, 0 to remove, 0 right, 0 nodes left out, 2 nexthop "
                 "objects to change\n",
         .batch = "route replace 10.1.4.0/24 via 192.168.2.45 dev ens192 proto 72 table 254 metric "
                  "0\n"
                  "nexthop del id 1207959553\n"
                  "nexthop del id 1207959552\n"},
};

static void test_changes(void **state)
{
	struct plan_fixture *f = *state;

	plan_fixture_add(f, OWN, 1, "10.1.0.0/24", "192.168.2.44");
	plan_fixture_add(f, "peer", 1, "10.1.4.0/24", "192.168.2.45");
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct made made;
		char *text, *batch;

		print_message("row %zu\n", i);
		f->input.blackhole = rows[i].blackhole;
		plan_fixture_make(f);
		propose(f, &rows[i], &made);
		text = printed(&made.outcome, plan_print_text);
		batch = printed(&made.outcome, plan_print_ip);
		assert_string_equal(text, rows[i].text);
		assert_string_equal(batch, rows[i].batch);
		free(text);
		free(batch);
		proposal_free(&made.proposal);
	}
}

static void test_nodes_are_counted_once_and_cannot_steer_a_terminal(void **state)
{
	static const struct row nothing;
	struct plan_fixture *f = *state;
	struct node_record both = {
		.name = "both", .pod_cidrs = {"10.9.0.0/24", "fd00:9::/64"}, .pod_cidr_count = 2};
	struct made made;
	char *text;

	plan_fixture_add(f, "\x1b[2Jevil\n+ 10.1.9.0/24", 1, NULL, NULL);
	plan_fixture_upsert(f, &both);
	plan_fixture_make(f);
	propose(f, &nothing, &made);
	text = printed(&made.outcome, plan_print_text);
	assert_non_null(strstr(text, "! node ?[2Jevil?+ 10.1.9.0/24: no-pod-cidr: the node has no pod CIDR;"));
	assert_non_null(strstr(text, "! node both (10.9.0.0/24 via -): "));
	assert_non_null(strstr(text, "! node both (fd00:9::/64 via -): "));
	assert_non_null(strstr(text, "\n0 to add, 0 to replace, 0 to remove, 0 right, 2 nodes left "
	                             "out\n"));
	free(text);
	proposal_free(&made.proposal);
}

static void test_waiting_is_said(void **state)
{
	static const struct proposal none;
	struct plan_fixture *f = *state;
	struct plan_outcome outcome = {
		.plan = &f->plan, .proposal = &none, .links = &f->snapshot, .waiting = "Waiting"};
	char *text = printed(&outcome, plan_print_text), *json = printed(&outcome, print_json);

	assert_string_equal(text, "! Waiting\n"
	                          "0 to add, 0 to replace, 0 to remove, 0 right, 0 nodes left "
	                          "out\n");
	assert_non_null(strstr(json, "\"waiting\":\t\"Waiting\""));
	free(text);
	free(json);
}

/* ---- JSON ---- */

static const cJSON *member(const cJSON *object, const char *list, int index)
{
	const cJSON *found = cJSON_GetArrayItem(cJSON_GetObjectItem(object, list), index);

	assert_non_null(found);
	return found;
}

static void expect(const cJSON *object, const char *wanted)
{
	char *text = cJSON_PrintUnformatted(object);

	assert_string_equal(text, wanted);
	cJSON_free(text);
}

static void test_json(void **state)
{
	struct plan_fixture *f = *state;
	struct made made;
	cJSON *root;
	char *text;

	plan_fixture_add(f, OWN, 1, "10.1.0.0/24", "192.168.2.44");
	plan_fixture_add(f, "peer", 1, "10.1.4.0/24", "192.168.2.45");
	f->input.blackhole = true;
	plan_fixture_make(f);
	propose(f, &rows[4], &made);
	text = printed(&made.outcome, print_json);
	root = cJSON_Parse(text);
	assert_non_null(root);
	expect(member(root, "changes", 0),
	       "{\"object\":\"nexthop\",\"verb\":\"add\",\"nexthopId\":1207959552,\"via\":"
	       "\"192.168.2.45\",\"dev\":\"ens192\",\"protocol\":72}");
	expect(member(root, "changes", 1),
	       "{\"object\":\"route\",\"verb\":\"add\",\"type\":\"blackhole\",\"dst\":\"10.1.0.0/"
	       "24\",\"table\":254,\"metric\":4294967295,\"protocol\":72}");
	expect(member(root, "changes", 2),
	       "{\"object\":\"route\",\"verb\":\"replace\",\"type\":\"unicast\",\"dst\":\"10.1.4.0/"
	       "24\",\"via\":\"192.168.2.45\",\"dev\":\"ens192\",\"nexthopId\":1207959552,"
	       "\"table\":254,\"metric\":0,\"protocol\":72,\"was\":{\"type\":\"unicast\",\"dst\":"
	       "\"10.1.4.0/24\",\"via\":\"192.168.2.46\",\"dev\":\"ens192\",\"table\":254,"
	       "\"metric\":0,\"protocol\":72}}");
	expect(member(root, "nodes", 1),
	       "{\"name\":\"peer\",\"podCIDR\":\"10.1.4.0/24\",\"via\":\"192.168.2.45\",\"state\":"
	       "\"routed\",\"reason\":\"node peer (10.1.4.0/24 via 192.168.2.45): routed: via the node's "
	       "address\"}");
	expect(cJSON_GetObjectItem(root, "conflicts"), "[]");
	expect(cJSON_GetObjectItem(root, "strangers"), "[]");
	expect(cJSON_GetObjectItem(root, "summary"),
	       "{\"add\":1,\"replace\":1,\"remove\":1,\"right\":0,\"nexthops\":1,\"conflicts\":0,"
	       "\"strangers\":0,\"nodesLeftOut\":0}");
	cJSON_Delete(root);
	free(text);
	proposal_free(&made.proposal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAN_CASE(test_changes),
		PLAN_CASE(test_nodes_are_counted_once_and_cannot_steer_a_terminal),
		PLAN_CASE(test_waiting_is_said),
		PLAN_CASE(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
