/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every flag by its flag, its variable, which of them wins, its default and the message for a
 * wrong value. A flag of the table without a case here is a failure.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "daemon/option_table.h"
#include "daemon/options.h"

struct flag_case {
	const char *name;
	const char *variable;
	const char *initial;
	const char *in_environment;
	const char *by_flag;
	const char *wrong; /* NULL: any text will do as far as the parser is concerned */
	const char *says;
};

#define SWITCH(name, variable)                                                     \
	{                                                                          \
		name, variable, "false", "true", "false", "maybe", "true or false" \
	}
#define SWITCH_ON(name, variable)                                             \
	{                                                                     \
		name, variable, "true", "false", "true", "2", "true or false" \
	}
#define IGNORED(name, variable)                                 \
	{                                                       \
		name, variable, "", "here", "there", NULL, NULL \
	}

static const struct flag_case cases[] = {
	/* flannel's */
	SWITCH("kube-subnet-mgr", "FLANNELD_KUBE_SUBNET_MGR"),
	{"kube-api-url", "FLANNELD_KUBE_API_URL", "", "https://a", "https://b", NULL, NULL},
	{"kubeconfig-file", "FLANNELD_KUBECONFIG_FILE", "", "/a", "/b", NULL, NULL},
	{"kube-annotation-prefix", "FLANNELD_KUBE_ANNOTATION_PREFIX", "flannel.alpha.coreos.com",
         "a/b", "c", NULL, NULL},
	{"iface", "FLANNELD_IFACE", "", "eth7", "eth8", NULL, NULL},
	{"iface-regex", "FLANNELD_IFACE_REGEX", "", "eth.*", "ens\\d+", NULL, NULL},
	{"iface-can-reach", "FLANNELD_IFACE_CAN_REACH", "", "192.0.2.1", "192.0.2.2", NULL, NULL},
	{"public-ip", "FLANNELD_PUBLIC_IP", "", "192.0.2.1", "192.0.2.2", NULL, NULL},
	{"public-ipv6", "FLANNELD_PUBLIC_IPV6", "", "2001:db8::1", "2001:db8::2", NULL, NULL},
	SWITCH("ip-masq", "FLANNELD_IP_MASQ"),
	SWITCH("ip-masq-fully-random-disable", "FLANNELD_IP_MASQ_FULLY_RANDOM_DISABLE"),
	SWITCH_ON("iptables-forward-rules", "FLANNELD_IPTABLES_FORWARD_RULES"),
	SWITCH("ip-blackhole-route", "FLANNELD_IP_BLACKHOLE_ROUTE"),
	{"subnet-file", "FLANNELD_SUBNET_FILE", "/run/flannel/subnet.env", "/a", "/b", NULL, NULL},
	{"net-config-path", "FLANNELD_NET_CONFIG_PATH", "/etc/kube-flannel/net-conf.json", "/a",
         "/b", NULL, NULL},
	{"healthz-ip", "FLANNELD_HEALTHZ_IP", "0.0.0.0", "127.0.0.1", "::1", NULL, NULL},
	{"healthz-port", "FLANNELD_HEALTHZ_PORT", "0", "8080", "8081", "65536", "0 to 65535"},
	SWITCH_ON("set-node-network-unavailable", "FLANNELD_SET_NODE_NETWORK_UNAVAILABLE"),
	{"v", "FLANNELD_V", "0", "1", "2", "high", "0 to 100"},
	SWITCH("version", "FLANNELD_VERSION"),
	SWITCH("help", "FLANNELD_HELP"),
	{"vmodule", "FLANNELD_VMODULE", "", "rounds=2", "plan=1", NULL, NULL},
	IGNORED("log_backtrace_at", "FLANNELD_LOG_BACKTRACE_AT"),
	IGNORED("iptables-resync", "FLANNELD_IPTABLES_RESYNC"),
	IGNORED("subnet-lease-renew-margin", "FLANNELD_SUBNET_LEASE_RENEW_MARGIN"),
	IGNORED("etcd-endpoints", "FLANNELD_ETCD_ENDPOINTS"),
	IGNORED("etcd-prefix", "FLANNELD_ETCD_PREFIX"),
	IGNORED("etcd-keyfile", "FLANNELD_ETCD_KEYFILE"),
	IGNORED("etcd-certfile", "FLANNELD_ETCD_CERTFILE"),
	IGNORED("etcd-cafile", "FLANNELD_ETCD_CAFILE"),
	IGNORED("etcd-username", "FLANNELD_ETCD_USERNAME"),
	IGNORED("etcd-password", "FLANNELD_ETCD_PASSWORD"),
	/* our own */
	{"nodes-file", "HOSTGW_NODES_FILE", "", "/a", "/b", NULL, NULL},
	{"node-name", "HOSTGW_NODE_NAME", "", "a", "b", NULL, NULL},
	{"node", "HOSTGW_NODE", "", "a", "b", NULL, NULL},
	{"status-socket", "HOSTGW_STATUS_SOCKET", "/run/hostgw/hostgwd.sock", "/a", "", NULL, NULL},
	SWITCH_ON("annotate", "HOSTGW_ANNOTATE"),
	SWITCH_ON("events", "HOSTGW_EVENTS"),
	{"route-protocol", "HOSTGW_ROUTE_PROTOCOL", "72", "73", "74", "256", "0 to 255"},
	{"route-table", "HOSTGW_ROUTE_TABLE", "254", "100", "101", "main", "a number"},
	{"route-metric", "HOSTGW_ROUTE_METRIC", "0", "50", "60", "4294967296", "0 to 4294967295"},
	{"nexthop-objects", "HOSTGW_NEXTHOP_OBJECTS", "auto", "never", "always", "often",
         "auto|always|never"},
	{"nonmasquerade-cidr", "HOSTGW_NONMASQUERADE_CIDR", "", "192.0.2.0/24", "10.0.0.0/8", NULL,
         NULL},
	SWITCH("enable-forwarding", "HOSTGW_ENABLE_FORWARDING"),
	{"cni-conf-file", "HOSTGW_CNI_CONF_FILE", "", "/a", "/b", NULL, NULL},
	{"cni-conf-template", "HOSTGW_CNI_CONF_TEMPLATE", "", "/a", "/b", NULL, NULL},
	{"state-dir", "HOSTGW_STATE_DIR", "/run/hostgw", "/a", "/b", NULL, NULL},
	SWITCH("dry-run", "HOSTGW_DRY_RUN"),
	SWITCH("flannel", "HOSTGW_FLANNEL"),
	{"log-format", "HOSTGW_LOG_FORMAT", "klog", "json", "journal", NULL, NULL},
	{"output", "HOSTGW_OUTPUT", "", "json", "text", "xml", "text|ip|json"},
};

static const struct flag_case *variable_case; /* the one variable that is set, NULL: none */

static const char *environment(const char *name)
{
	if (variable_case && strcmp(name, variable_case->variable) == 0)
		return variable_case->in_environment;
	return NULL;
}

/* What the field holds, as one would write it. */
static void print_field(const struct option_spec *spec, const struct options *options, char *text,
                        size_t size)
{
	const void *field = (const char *)options + spec->offset;
	const struct option_list *list = field;
	const char *words = spec->value;
	unsigned number;

	text[0] = '\0';
	switch (spec->kind) {
	case OPTION_BOOL:
		snprintf(text, size, "%s", *(const bool *)field ? "true" : "false");
		return;
	case OPTION_NUMBER:
		snprintf(text, size, "%u", *(const uint32_t *)field);
		return;
	case OPTION_TEXT:
		snprintf(text, size, "%s", *(const char *const *)field);
		return;
	case OPTION_LIST:
		for (size_t i = 0; i < list->count; i++)
			snprintf(text + strlen(text), size - strlen(text), "%s%s", i > 0 ? "," : "",
			         list->items[i]);
		return;
	case OPTION_CHOICE:
		number = *(const unsigned *)field;
		if (!spec->initial[0] && number-- == 0)
			return;
		for (; number > 0; number--)
			words = strchr(words, '|') + 1;
		snprintf(text, size, "%.*s", (int)strcspn(words, "|"), words);
		return;
	case OPTION_IGNORED:
	case OPTION_ETCD:
		return;
	}
}

static void keep_note(void *ctx, const char *text)
{
	char *kept = ctx;

	assert_string_equal(kept, ""); /* one note */
	snprintf(kept, ERROR_TEXT_MAX, "%s", text);
}

/* Parses --name=flag (NULL: no flag) beside the variable of `from`, and expects `value`. */
static void expect(const struct flag_case *flag, const char *value, const struct flag_case *from,
                   const char *expected)
{
	const struct option_spec *spec = option_find(flag->name, strlen(flag->name));
	char argument[128], source[] = "--nodes-file=/x", text[128], note[ERROR_TEXT_MAX] = "";
	char *argv[] = {(char[]){"hostgwd"}, argument, source, NULL};
	bool ignored = spec->kind == OPTION_IGNORED || spec->kind == OPTION_ETCD;
	struct options options;
	struct error err;
	int argc = 1;

	snprintf(argument, sizeof(argument), "--%s=%s", flag->name, value ? value : "");
	if (!value)
		argv[1] = source;
	argc += value ? 1 : 0;
	argc += ignored ? 1 : 0; /* etcd's flags are told of where there is another source */
	variable_case = from;
	print_message("%s, variable %s\n", value ? argument : flag->name,
	              from ? from->variable : "not set");
	assert_int_equal(options_parse(argc, argv, environment, &options, keep_note, note, &err),
	                 0);
	if (ignored) {
		assert_int_equal(strstr(note, flag->name) != NULL, value || from);
		return;
	}
	print_field(spec, &options, text, sizeof(text));
	assert_string_equal(text, expected);
}

static void test_flag_variable_and_precedence(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct flag_case *flag = &cases[i];

		expect(flag, NULL, NULL, flag->initial);
		expect(flag, flag->by_flag, NULL, flag->by_flag);
		expect(flag, NULL, flag, flag->in_environment);
		expect(flag, flag->by_flag, flag, flag->by_flag);
	}
}

/* The message has the flag, or the variable, with the value, and what is expected. */
static void expect_refused(const struct flag_case *flag, int argc, char *argv[], const char *source)
{
	char given[128];
	struct options options;
	struct error err;

	snprintf(given, sizeof(given), "%s=%s", source, flag->wrong);
	print_message("%s\n", given);
	assert_int_equal(options_parse(argc, argv, environment, &options, NULL, NULL, &err),
	                 -EINVAL);
	assert_non_null(strstr(err.text, given));
	assert_non_null(strstr(err.text, flag->says));
}

static void test_wrong_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct flag_case flag = cases[i];
		char argument[128], source[64];
		char *argv[] = {(char[]){"hostgwd"}, argument, NULL};

		if (!flag.wrong)
			continue;
		snprintf(source, sizeof(source), "--%s", flag.name);
		snprintf(argument, sizeof(argument), "--%s=%s", flag.name, flag.wrong);
		variable_case = NULL;
		expect_refused(&flag, 2, argv, source);
		flag.in_environment = flag.wrong;
		variable_case = &flag;
		expect_refused(&flag, 1, argv, flag.variable);
	}
}

static void test_a_value_is_needed(void **state)
{
	(void)state;
	variable_case = NULL;
	for (size_t i = 0; i < option_count; i++) {
		char argument[128];
		char *argv[] = {(char[]){"hostgwd"}, argument, NULL};
		struct options options;
		struct error err;

		if (option_table[i].kind == OPTION_BOOL)
			continue;
		snprintf(argument, sizeof(argument), "--%s", option_table[i].name);
		assert_int_equal(options_parse(2, argv, environment, &options, NULL, NULL, &err),
		                 -EINVAL);
		assert_non_null(strstr(err.text, argument));
		assert_non_null(strstr(err.text, "needs a value"));
		assert_non_null(strstr(err.text, option_table[i].value));
	}
}

/* No flag without a case, with what its kind can get wrong. */
static void test_every_flag_has_a_case(void **state)
{
	(void)state;
	for (size_t i = 0; i < option_count; i++) {
		const struct option_spec *spec = &option_table[i];
		size_t found = 0;

		print_message("%s\n", spec->name);
		while (found < COUNT(cases) && strcmp(cases[found].name, spec->name) != 0)
			found++;
		assert_true(found < COUNT(cases));
		if (spec->kind == OPTION_BOOL || spec->kind == OPTION_NUMBER ||
		    spec->kind == OPTION_CHOICE)
			assert_non_null(cases[found].wrong);
		assert_string_not_equal(cases[found].in_environment, cases[found].by_flag);
	}
	assert_int_equal(option_count, COUNT(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flag_variable_and_precedence),
		cmocka_unit_test(test_wrong_values),
		cmocka_unit_test(test_a_value_is_needed),
		cmocka_unit_test(test_every_flag_has_a_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
