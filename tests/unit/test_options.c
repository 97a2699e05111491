/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "daemon/options.h"

#define ARGUMENTS_MAX 6

static const char *empty_environment(const char *name)
{
	(void)name;
	return NULL;
}

static const char *some_environment(const char *name)
{
	static const char *const variables[][2] = {
		{"FLANNELD_IP_MASQ", "true"},
		{"FLANNELD_IFACE", "eth7"},
		{"FLANNELD_SUBNET_FILE", "/from/environment"},
		{"HOSTGW_NODE_NAME", "from-environment"},
		{"HOSTGW_ENABLE_FORWARDING", "true"},
		{"FLANNELD_NODE_NAME", "wrong-prefix"},
		{"HOSTGW_NEXTHOP_OBJECTS", "never"},
		{"FLANNELD_NEXTHOP_OBJECTS", "wrong-prefix"},
		{"FLANNELD_V", ""}, /* set but empty is not given */
	};

	for (size_t i = 0; i < COUNT(variables); i++)
		if (strcmp(name, variables[i][0]) == 0)
			return variables[i][1];
	return NULL;
}

static void count_note(void *ctx, const char *text)
{
	assert_non_null(strstr(text, "no effect"));
	(*(int *)ctx)++;
}

static int parse(const char *const arguments[ARGUMENTS_MAX],
                 const char *(*environment)(const char *), struct options *options, int *notes,
                 struct error *err)
{
	char *argv[ARGUMENTS_MAX + 1] = {(char *)"hostgwd"};
	int argc = 1;

	while (argc <= ARGUMENTS_MAX && arguments[argc - 1]) {
		argv[argc] = (char *)arguments[argc - 1];
		argc++;
	}
	*notes = 0;
	return options_parse(argc, argv, environment, options, count_note, notes, err);
}

static void test_defaults(void **state)
{
	const char *const none[ARGUMENTS_MAX] = {NULL};
	struct options options;
	struct error err;
	int notes;

	(void)state;
	assert_int_equal(parse(none, empty_environment, &options, &notes, &err), 0);
	assert_false(options.kube_subnet_mgr);
	assert_false(options.ip_masq);
	assert_true(options.iptables_forward_rules);
	assert_true(options.set_node_network_unavailable);
	assert_true(options.annotate);
	assert_false(options.enable_forwarding);
	assert_string_equal(options.subnet_file, "/run/flannel/subnet.env");
	assert_string_equal(options.net_config_path, "/etc/kube-flannel/net-conf.json");
	assert_string_equal(options.kube_annotation_prefix, "flannel.alpha.coreos.com");
	assert_int_equal(options.route_protocol, 72);
	assert_int_equal(options.route_table, 254);
	assert_int_equal(options.nexthop_objects, NEXTHOP_AUTO);
	assert_int_equal(options.output, OUTPUT_UNSET);
	assert_int_equal(options.iface.count, 0);
	assert_int_equal(notes, 0);
}

/* The same switch, each way in which flannel's users write it. */
static void test_booleans(void **state)
{
	static const struct {
		const char *arguments[ARGUMENTS_MAX];
		int expected; /* -1: an error */
	} cases[] = {
		{{"--ip-masq"}, 1},       {{"-ip-masq"}, 1},         {{"--ip-masq=true"}, 1},
		{{"--ip-masq=1"}, 1},     {{"--ip-masq=T"}, 1},      {{"--ip-masq=false"}, 0},
		{{"--ip-masq=0"}, 0},     {{"--ip-masq=yes"}, -1},   {{"--ip-masq="}, -1},
		{{"--ip-masq", "x"}, -1}, {{"--ip-masq=TRUEx"}, -1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct options options;
		struct error err;
		int notes;
		int result = parse(cases[i].arguments, empty_environment, &options, &notes, &err);

		print_message("%s\n", cases[i].arguments[0]);
		assert_int_equal(result < 0, cases[i].expected < 0);
		if (result == 0)
			assert_int_equal(options.ip_masq, cases[i].expected);
	}
}

static void test_values(void **state)
{
	static const char *const arguments[][ARGUMENTS_MAX] = {
		{"--iface=eth1", "--iface", "eth2", "-v=4", "-route-metric", "50"},
		{"-iface", "eth1", "--iface=eth2", "--v", "4", "--route-metric=50"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(arguments); i++) {
		struct options options;
		struct error err;
		int notes;

		assert_int_equal(parse(arguments[i], empty_environment, &options, &notes, &err), 0);
		assert_int_equal(options.iface.count, 2);
		assert_string_equal(options.iface.items[0], "eth1");
		assert_string_equal(options.iface.items[1], "eth2");
		assert_int_equal(options.verbosity, 4);
		assert_int_equal(options.route_metric, 50);
	}
}

static void test_choices(void **state)
{
	static const struct {
		const char *arguments[ARGUMENTS_MAX];
		enum nexthop_mode expected;
	} cases[] = {
		{{"--nexthop-objects=auto"}, NEXTHOP_AUTO},
		{{"--nexthop-objects=always"}, NEXTHOP_ALWAYS},
		{{"--nexthop-objects", "never"}, NEXTHOP_NEVER},
		{{"--nexthop-objects=never", "--nexthop-objects=always"}, NEXTHOP_ALWAYS},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct options options;
		struct error err;
		int notes;

		assert_int_equal(
			parse(cases[i].arguments, empty_environment, &options, &notes, &err), 0);
		assert_int_equal(options.nexthop_objects, cases[i].expected);
	}
}

static void test_output_is_told_from_none(void **state)
{
	static const struct {
		const char *arguments[ARGUMENTS_MAX];
		enum output_format expected;
	} cases[] = {
		{{"--output=text"}, OUTPUT_TEXT}, {{"--output", "ip"}, OUTPUT_IP},
		{{"-o", "json"}, OUTPUT_JSON},    {{"-o=text"}, OUTPUT_TEXT},
		{{"--ip-masq"}, OUTPUT_UNSET},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct options options;
		struct error err;
		int notes;

		assert_int_equal(
			parse(cases[i].arguments, empty_environment, &options, &notes, &err), 0);
		assert_int_equal(options.output, cases[i].expected);
	}
}

static void test_environment_and_precedence(void **state)
{
	const char *const none[ARGUMENTS_MAX] = {NULL};
	const char *const flags[ARGUMENTS_MAX] = {"--ip-masq=false", "--iface=eth1",
	                                          "--subnet-file=/from/flag", "--node-name=flag",
	                                          "--nexthop-objects=always"};
	struct options options;
	struct error err;
	int notes;

	(void)state;
	assert_int_equal(parse(none, some_environment, &options, &notes, &err), 0);
	assert_true(options.ip_masq);
	assert_string_equal(options.iface.items[0], "eth7");
	assert_string_equal(options.subnet_file, "/from/environment");
	assert_string_equal(options.node_name, "from-environment");
	assert_true(options.enable_forwarding);
	assert_int_equal(options.nexthop_objects, NEXTHOP_NEVER);

	assert_int_equal(parse(flags, some_environment, &options, &notes, &err), 0);
	assert_false(options.ip_masq);
	assert_int_equal(options.iface.count, 1);
	assert_string_equal(options.iface.items[0], "eth1");
	assert_string_equal(options.subnet_file, "/from/flag");
	assert_string_equal(options.node_name, "flag");
	assert_int_equal(options.nexthop_objects, NEXTHOP_ALWAYS);
}

static void test_flannels_meaningless_flags_are_taken(void **state)
{
	static const struct {
		const char *arguments[ARGUMENTS_MAX];
		int notes; /* one for each reason */
		const char *etcd_flag;
	} cases[] = {
		{{"--iptables-resync=5", "--vmodule", "x=1", "--log_backtrace_at=:0"}, 2, NULL},
		{{"--log-backtrace-at=:0", "--log_backtrace_at=:1"}, 1, NULL},
		{{"--nodes-file=x", "--subnet-lease-renew-margin=60", "--etcd-prefix=/x",
	          "--etcd-endpoints=y"},
	         1,
	         "etcd-endpoints"},
		{{"--kube-subnet-mgr", "--etcd-prefix=/x"}, 1, "etcd-prefix"},
		{{"--etcd-prefix=/x"}, 0, "etcd-prefix"}, /* an error of its own follows */
		{{"--etcd-prefix=/x", "--iptables-resync=5"}, 1, "etcd-prefix"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct options options;
		struct error err;
		int notes;

		print_message("%zu\n", i);
		assert_int_equal(
			parse(cases[i].arguments, empty_environment, &options, &notes, &err), 0);
		assert_int_equal(notes, cases[i].notes);
		if (cases[i].etcd_flag)
			assert_string_equal(options.etcd_flag, cases[i].etcd_flag);
		else
			assert_null(options.etcd_flag);
	}
}

/* Each mistake names the flag and says what is expected. */
static void test_mistakes(void **state)
{
	static const struct {
		const char *arguments[ARGUMENTS_MAX];
		const char *words[2];
	} cases[] = {
		{{"--ip-mask"}, {"--ip-mask;", "did you mean --ip-masq?"}},
		{{"-ifcae=eth1"}, {"-ifcae=eth1", "did you mean --iface?"}},
		{{"--unlike-any"}, {"--unlike-any; hostgwd", "--help"}},
		{{"--"}, {"--", "--help"}},
		{{"--subnet-file"}, {"--subnet-file", "needs a value"}},
		{{"--route-protocol=256"}, {"--route-protocol=256", "0 to 255"}},
		{{"--route-protocol=-1"}, {"--route-protocol=-1", "number"}},
		{{"--route-protocol=7x"}, {"--route-protocol=7x", "number"}},
		{{"--route-protocol="}, {"--route-protocol=", "number"}},
		{{"--healthz-port=65536"}, {"--healthz-port", "65535"}},
		{{"--ip-masq=maybe"}, {"--ip-masq=maybe", "true or false"}},
		{{"--nexthop-objects=often"}, {"--nexthop-objects=often", "auto|always|never"}},
		{{"--nexthop-objects=alway"}, {"--nexthop-objects=alway", "auto|always|never"}},
		{{"--nexthop-objects=auto|"}, {"--nexthop-objects=auto|", "auto|always|never"}},
		{{"--nexthop-objects="}, {"--nexthop-objects=", "auto|always|never"}},
		{{"-o", "xml"}, {"--output=xml", "text|ip|json"}},
		{{"--nexthop-objects"}, {"needs a value", "auto|always|never"}},
		{{"--ip-masq", "stray"}, {"\"stray\"", "no flag"}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct options options;
		struct error err;
		int notes;

		print_message("%s\n", cases[i].arguments[0]);
		assert_true(parse(cases[i].arguments, empty_environment, &options, &notes, &err) <
		            0);
		for (size_t j = 0; j < COUNT(cases[i].words); j++)
			assert_non_null(strstr(err.text, cases[i].words[j]));
	}
}

static void test_too_many_of_a_list(void **state)
{
	char *argv[OPTION_LIST_MAX + 2] = {(char *)"hostgwd"};
	struct options options;
	struct error err;

	(void)state;
	for (int i = 1; i <= OPTION_LIST_MAX + 1; i++)
		argv[i] = (char *)"--iface=eth0";
	assert_int_equal(options_parse(OPTION_LIST_MAX + 1, argv, empty_environment, &options, NULL,
	                               NULL, &err),
	                 0);
	assert_true(options_parse(OPTION_LIST_MAX + 2, argv, empty_environment, &options, NULL,
	                          NULL, &err) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_booleans),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_choices),
		cmocka_unit_test(test_output_is_told_from_none),
		cmocka_unit_test(test_environment_and_precedence),
		cmocka_unit_test(test_flannels_meaningless_flags_are_taken),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_too_many_of_a_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
