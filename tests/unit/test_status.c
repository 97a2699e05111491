/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the daemon says of each node, as JSON and as `hostgwd status` prints it. */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/node_states.h"
#include "daemon/status_json.h"
#include "daemon/status_text.h"
#include "plan_fixture.h"

static const struct route *find_nothing(void *ctx, const struct route *route)
{
	(void)ctx;
	(void)route;
	return NULL;
}

static const struct route *find_itself(void *ctx, const struct route *route)
{
	(void)ctx;
	return route;
}

static struct status_facts make_facts(const struct plan_fixture *f)
{
	return (struct status_facts){
		.version = "1.2",
		.node_name = OWN,
		.start_time = 1700000000,
		.last_sync = 1700000100,
		.ready = true,
		.missing = "",
		.plan = &f->plan,
		.uplink = &f->uplink,
		.links = &f->snapshot,
		.routes = {.desired = 1, .installed = 1},
		.find_observed = find_nothing,
	};
}

/* What is printed of the facts; to be freed. The JSON of the same says the same. */
static char *print(const struct status_facts *facts, struct status_style style, bool *well)
{
	struct status_verdict verdict;
	size_t length;
	char *json, *text;
	cJSON *root;

	status_judge(facts, &verdict);
	*well = verdict.well;
	json = status_json_render(facts, &verdict, &length);
	assert_non_null(json);
	assert_int_equal(strlen(json), length);
	root = cJSON_ParseWithOpts(json, NULL, true); /* one object, and nothing after it */
	if (!root)
		fail_msg("no JSON: %s", json);
	assert_int_equal(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(root, "well")),
	                 verdict.well);
	assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(root, "verdict")),
	                    verdict.text);
	cJSON_Delete(root);
	free(json);
	text = status_text_render(facts, &verdict, &style, &length);
	assert_non_null(text);
	assert_int_equal(strlen(text), length);
	return text;
}

static void test_all_is_well(void **state)
{
	struct plan_fixture *f = *state;
	struct status_facts facts;
	bool well;
	char *text;

	plan_fixture_add(f, OWN, 1, "10.1.0.0/24", "192.168.2.44");
	plan_fixture_add(f, "peer", 1, "10.1.4.0/24", "192.168.2.45");
	plan_fixture_make(f);
	facts = make_facts(f);
	text = print(&facts, (struct status_style){.width = 80}, &well);
	assert_true(well);
	assert_string_equal(text, "NODE        POD CIDR     NEXT HOP      STATE\n"
	                          "kubworker1  10.1.0.0/24  192.168.2.44  own\n"
	                          "peer        10.1.4.0/24  192.168.2.45  routed\n"
	                          "All is well: 2 nodes, 1 of 1 routes in place\n");
	free(text);
}

/* Every state of a node has its word, and trouble has its reason and an end that says so. */
static void test_every_state(void **state)
{
	struct plan_fixture *f = *state;

	plan_fixture_add(f, "peer", 1, "10.1.4.0/24", "192.168.2.45");
	for (int i = 0; i < CLAIM_STATES; i++) {
		struct status_facts facts;
		char *text, row[128];
		bool well;

		plan_fixture_make(f);
		f->plan.claims[0].state = (enum claim_state)i;
		facts = make_facts(f);
		text = print(&facts, (struct status_style){.width = 80}, &well);
		snprintf(row, sizeof(row), "peer  10.1.4.0/24  192.168.2.45  %s\n",
		         claim_state_word((enum claim_state)i));
		assert_non_null(strstr(text, row));
		assert_int_equal(well, node_states_is_well((enum claim_state)i));
		assert_non_null(strstr(text, well ? "All is well" : "Not well: 1 of 1 nodes"));
		free(text);
		facts.only = "peer";
		text = print(&facts, (struct status_style){.width = 80}, &well);
		snprintf(row, sizeof(row),
		         "  state:   %s: ", claim_state_word((enum claim_state)i));
		assert_non_null(strstr(text, row));
		assert_non_null(strstr(text, well ? "Node peer is well" : "Node peer is not well"));
		free(text);
	}
}

static const struct {
	const char *name, *cidr, *address;
} wide[] = {
	{"a", "10.1.4.0/24", "192.168.2.45"},
	{"ip-10-100-200-201.eu-central-1.compute.internal", "10.1.4.0/24", "192.168.2.45"},
	{"ip-10-100-200-201.eu-central-1.compute.internal", "10.1.4.0/24", "192.168.99.245"},
	{"node-17", "fd00:1:4000:5000:6000::/80", "fd00::1234:5678:9abc:def0"},
	{"node-17", "fd00:1:4000:5000:6000::/80", "fd01::1234:5678:9abc:def0"},
	{"node-17.with-a-name.of-some-length.example.com", "10.9.4.0/24", NULL},
	{"node-17", "2001:db8:1234:5678::/64", "2001:db8:1234:5678:a00:27ff:fe4e:66a1"},
	{"node-17", NULL, NULL},
};

static void test_eighty_columns(void **state)
{
	for (size_t i = 0; i < COUNT(wide); i++) {
		struct plan_fixture *f;
		struct status_facts facts;
		char *text, *line, *rest = NULL;
		bool well;

		plan_fixture_tear_down(state);
		assert_int_equal(plan_fixture_set_up(state), 0);
		f = *state;
		plan_fixture_add(f, wide[i].name, 1, wide[i].cidr, wide[i].address);
		plan_fixture_make(f);
		for (int only = 0; only <= 1; only++) {
			facts = make_facts(f);
			facts.ready = false;
			facts.missing = "routes: a long sentence about something that is not as it "
					"should be, with a remedy that takes some words to say\n";
			facts.only = only ? wide[i].name : NULL;
			text = print(&facts, (struct status_style){.width = 80}, &well);
			for (line = strtok_r(text, "\n", &rest); line;
			     line = strtok_r(NULL, "\n", &rest))
				if (strlen(line) > 80)
					fail_msg("%zu columns: %s", strlen(line), line);
			free(text);
		}
	}
}

static void test_colours_only_where_wanted(void **state)
{
	struct plan_fixture *f = *state;
	struct status_facts facts;
	bool well;
	char *text;

	plan_fixture_add(f, "peer", 1, "10.1.4.0/24", "192.168.2.45");
	plan_fixture_make(f);
	facts = make_facts(f);
	text = print(&facts, (struct status_style){.width = 80}, &well);
	assert_null(strchr(text, '\033'));
	free(text);
	text = print(&facts, (struct status_style){.width = 80, .colour = true}, &well);
	assert_non_null(strstr(text, "\033[32mrouted\033[0m"));
	assert_non_null(strstr(text, "1 of 1 routes in place\033[0m\n"));
	free(text);
}

/* A nodes file can hold any name: it forges no line and steers no terminal. */
static void test_names_are_made_visible(void **state)
{
	struct plan_fixture *f = *state;
	struct status_facts facts;
	bool well;
	char *text;

	plan_fixture_add(f, "evil\033[2J\"\\\nAll is\xc2\x9b well", 1, "10.1.4.0/24",
	                 "192.168.2.45");
	plan_fixture_make(f);
	facts = make_facts(f);
	text = print(&facts, (struct status_style){.width = 80}, &well);
	assert_null(strchr(text, '\033'));
	assert_non_null(strstr(text, "evil?[2J\"\\?All is?? well  10.1.4.0/24"));
	free(text);
}

static void test_one_node(void **state)
{
	struct plan_fixture *f = *state;
	struct status_facts facts;
	bool well;
	char *text;

	plan_fixture_add(f, "peer", 1700000000, "10.1.4.0/24", "192.168.2.45");
	plan_fixture_add(f, "other", 1, "10.1.5.0/24", "192.168.2.46");
	plan_fixture_make(f);
	f->plan.claims[1].since = 1700000060;
	facts = make_facts(f);
	facts.only = "peer";
	facts.find_observed = find_itself;
	text = print(&facts, (struct status_style){.width = 80}, &well);
	assert_string_equal(text,
	                    "10.1.4.0/24 via 192.168.2.45\n"
	                    "  read:    pod CIDR 10.1.4.0/24; next hop 192.168.2.45; created "
	                    "2023-11-14\n"
	                    "           22:13:20 UTC\n"
	                    "  state:   routed: via the node's address\n"
	                    "  kernel:  10.1.4.0/24 via 192.168.2.45 dev ens192, protocol hostgw "
	                    "(72)\n"
	                    "  since:   2023-11-14 22:14:20 UTC\n"
	                    "Node peer is well\n");
	free(text);
	facts.only = "nobody";
	text = print(&facts, (struct status_style){.width = 80}, &well);
	assert_false(well);
	assert_string_equal(text, "There is no node nobody: nobody has told of it\n");
	free(text);
}

#define LONG "a text that is longer than what is looked at in one go, which is 64 bytes "

static const char *last_line(const char *text)
{
	const char *end = text + strlen(text) - 1;

	while (end > text && end[-1] != '\n')
		end--;
	return end;
}

/* About one node as well: one that is not found may be told of yet. */
static void test_not_ready_about_one_node(void **state)
{
	struct plan_fixture *f = *state;
	struct status_facts facts;
	bool well;
	char *text;

	plan_fixture_add(f, "peer", 1, "10.1.4.0/24", "192.168.2.45");
	plan_fixture_make(f);
	facts = make_facts(f);
	facts.ready = false;
	facts.missing = "waiting for the first complete list of nodes\n";
	facts.only = "nobody";
	text = print(&facts, (struct status_style){.width = 80}, &well);
	assert_false(well);
	assert_string_equal(text, "waiting for the first complete list of nodes\n"
	                          "Node nobody is not known yet: not ready\n");
	free(text);
	facts.only = "peer";
	text = print(&facts, (struct status_style){.width = 80}, &well);
	assert_false(well);
	assert_non_null(strstr(text, "\nwaiting for the first complete list of nodes\n"));
	assert_string_equal(last_line(text), "Not ready: 1 thing is missing\n");
	free(text);
}

static void test_not_ready_is_not_well(void **state)
{
	struct plan_fixture *f = *state;
	struct status_facts facts;
	bool well;
	char *text;

	plan_fixture_add(f, "peer", 1, "10.1.4.0/24", "192.168.2.45");
	plan_fixture_make(f);
	facts = make_facts(f);
	facts.ready = false;
	facts.missing = "rules: no\nfiles: no\n";
	text = print(&facts, (struct status_style){.width = 80}, &well);
	assert_false(well);
	assert_non_null(
		strstr(text, "routed\nrules: no\nfiles: no\nNot ready: 2 things are missing\n"));
	assert_string_equal(last_line(text), "Not ready: 2 things are missing\n");
	free(text);
	facts.missing = LONG "and a remedy for it\n";
	text = print(&facts, (struct status_style){.width = 80}, &well);
	assert_string_equal(last_line(text), "Not ready: 1 thing is missing\n");
	free(text);
	facts.missing = "";
	text = print(&facts, (struct status_style){.width = 80}, &well);
	assert_string_equal(last_line(text), "Not ready: the first round is not through\n");
	free(text);
	facts.ready = true;
	facts.missing = "";
	facts.routes.installed = 0;
	text = print(&facts, (struct status_style){.width = 80}, &well);
	assert_false(well);
	assert_non_null(strstr(text, "0 of 1 routes in place"));
	free(text);
}

/* Of one node the JSON has all that the text is made of. */
static void test_json_of_one_node(void **state)
{
	struct plan_fixture *f = *state;
	struct status_verdict verdict;
	struct status_facts facts;
	size_t length;
	char *json;

	plan_fixture_add(f, "pe\"er\n\xc2\x9b\xc2\xb5", 1700000000, "10.1.4.0/24", "192.168.2.45");
	plan_fixture_make(f);
	f->plan.claims[0].since = 4294967295;
	facts = make_facts(f);
	facts.missing = "rules: no\nfiles: no\n";
	facts.only = "pe\"er\n\xc2\x9b\xc2\xb5";
	facts.find_observed = find_itself;
	status_judge(&facts, &verdict);
	json = status_json_render(&facts, &verdict, &length);
	assert_string_equal(
		json,
		"{\"version\":\"1.2\",\"node\":\"kubworker1\",\"interface\":\"ens192\","
		"\"since\":1700000000,\"lastSync\":1700000100,\"ready\":true,"
		"\"missing\":[\"rules: no\",\"files: no\"],\"nodes\":["
		"{\"node\":\"pe\\\"er\\u000a\\u009b\xc2\xb5\",\"podCIDR\":\"10.1.4.0/24\","
		"\"nextHop\":\"192.168.2.45\",\"state\":\"routed\",\"since\":4294967295,"
		"\"reason\":\"via the node's address\",\"read\":{\"created\":1700000000,"
		"\"podCIDRs\":[\"10.1.4.0/24\"],\"nextHops\":[\"192.168.2.45\"],"
		"\"badPodCIDR\":false,\"otherBackend\":false},"
		"\"kernel\":\"10.1.4.0/24 via 192.168.2.45 dev ens192, protocol hostgw (72)\"}],"
		"\"well\":true,\"verdict\":\"Node pe\\\"er\\u000a\\u009b\xc2\xb5 is well\"}\n");
	free(json);
}

static const struct {
	const char *text, *shown;
} harmless[] = {
	{"a\nb", "a\nb"},
	{"\033[32mrouted\033[0m", "\033[32mrouted\033[0m"},
	{"\033[2Jx", "?[2Jx"},
	{"\033[32", "?[32"},
	{"\033\033[0m\r\t\177", "?\033[0m???"},
	{"n\xc3\xb6", "n\xc3\xb6"},
	{"\xc2\x9b"
         "2J\xc2\x80\xc2\x9f\xc2",
         "??2J????\xc2"},
	{"\xc2\xa0\xc2\xb5\xe2\x9b\x84", "\xc2\xa0\xc2\xb5\xe2\x9b\x84"},
	{LONG "\xc2\x9b", LONG "??"},
	{LONG "\033[31m" LONG "\033[2J", LONG "\033[31m" LONG "?[2J"},
	{LONG "\177\n" LONG "\r", LONG "?\n" LONG "?"},
};

static void test_whoever_answers_steers_no_terminal(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(harmless); i++) {
		char text[256];

		strcpy(text, harmless[i].text);
		status_text_make_harmless(text, strlen(text));
		assert_string_equal(text, harmless[i].shown);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAN_CASE(test_all_is_well),
		PLAN_CASE(test_every_state),
		PLAN_CASE(test_eighty_columns),
		PLAN_CASE(test_colours_only_where_wanted),
		PLAN_CASE(test_names_are_made_visible),
		PLAN_CASE(test_one_node),
		PLAN_CASE(test_not_ready_about_one_node),
		PLAN_CASE(test_not_ready_is_not_well),
		PLAN_CASE(test_json_of_one_node),
		PLAN_CASE(test_whoever_answers_steers_no_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
