/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "check.h"
#include "daemon/net_conf.h"

#define BACKEND "\"Backend\":{\"Type\":\"host-gw\"}"
#define FAMILY6 "\"EnableIPv6\":true,\"IPv6Network\":\"fd00:10:244::/48\""

static void count_warning(void *ctx, const char *text)
{
	assert_non_null(strstr(text, "net-conf.json:1:"));
	assert_non_null(strstr(text, "is ignored"));
	(*(int *)ctx)++;
}

static int parse(const char *text, struct net_conf *conf, int *warnings, struct error *err)
{
	*warnings = 0;
	return net_conf_parse(text, strlen(text), "net-conf.json", conf, count_warning, warnings,
	                      err);
}

static void test_good(void **state)
{
	static const struct {
		const char *text;
		const char *network[IP_FAMILIES]; /* "-": switched off */
		int warnings;
	} cases[] = {
		{"{\"Network\":\"10.244.0.0/16\"," BACKEND "}", {"10.244.0.0/16", "-"}, 0},
		{"{\"Network\":\"10.244.3.4/16\"," BACKEND "}", {"10.244.0.0/16", "-"}, 0},
		{"{\"network\":\"10.1.0.0/16\",\"backend\":{\"type\":\"host-gw\"}}",
	         {"10.1.0.0/16", "-"},
	         0},
		{"{\"Network\":\"10.1.0.0/16\"," FAMILY6 "," BACKEND "}",
	         {"10.1.0.0/16", "fd00:10:244::/48"},
	         0},
		{"{\"EnableIPv4\":false," FAMILY6 "," BACKEND "}", {"-", "fd00:10:244::/48"}, 0},
		{"{\"Network\":\"10.1.0.0/16\",\"IPv6Network\":\"fd00::/48\"," BACKEND "}",
	         {"10.1.0.0/16", "-"},
	         0},
		{"{\"Network\":\"10.1.0.0/16\",\"EnableNFTables\":false," BACKEND "}",
	         {"10.1.0.0/16", "-"},
	         0},
		{"{\"Network\":\"10.1.0.0/16\",\"SubnetLen\":24,\"SubnetMin\":\"10.1.10.0\","
	         "\"SubnetMax\":\"10.1.20.0\"," BACKEND "}",
	         {"10.1.0.0/16", "-"},
	         0},
		{"{\"Network\":\"10.1.0.0/16\",\"Colour\":1,\"x\":{}," BACKEND "}",
	         {"10.1.0.0/16", "-"},
	         2},
		{"{\"Network\":\"10.1.0.0/16\",\"Backend\":{\"Type\":\"host-gw\",\"VNI\":1}}",
	         {"10.1.0.0/16", "-"},
	         1},
		{"{\"Network\":\"10.1.0.0/16\",\"SubnetLen\":null,\"SubnetMin\":null,\"EnableIPv6\":"
	         "null," BACKEND "}",
	         {"10.1.0.0/16", "-"},
	         0},
		{"{\"EnableIPv4\":false,\"IPv6SubnetLen\":80,\"IPv6SubnetMin\":\"fd00:10:244:1::\","
	         "\"IPv6SubnetMax\":\"fd00:10:244:2::\"," FAMILY6 "," BACKEND "}",
	         {"-", "fd00:10:244::/48"},
	         0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct net_conf conf;
		struct error err;
		char text[PREFIX_TEXT_MAX];
		int warnings;

		print_message("%s\n", cases[i].text);
		assert_int_equal(parse(cases[i].text, &conf, &warnings, &err), 0);
		assert_int_equal(warnings, cases[i].warnings);
		for (int j = 0; j < IP_FAMILIES; j++)
			assert_string_equal(prefix_format(&conf.network[j], text),
			                    cases[i].network[j]);
	}
}

/* Each error names the file, what is wrong, and what to write. */
static void test_bad(void **state)
{
	static const struct {
		const char *text;
		const char *words[2];
	} cases[] = {
		{"", {"net-conf.json:1:1", "syntax error"}},
		{"{\n  \"Network\": \"10.1.0.0/16\",\n  oops\n}", {"net-conf.json:3:", "syntax"}},
		{"{\"Network\":\"10.1.0.0/16\"," BACKEND "} x",
	         {"syntax error", "net-conf.json:1"}},
		{"[]", {"object", "host-gw"}},
		{"{\"Network\":\"10.1.0.0/16\"}", {"no backend type", "host-gw"}},
		{"{\"Network\":\"10.1.0.0/16\",\"Backend\":{\"Type\":\"vxlan\"}}",
	         {"\"vxlan\"", "\"Type\": \"host-gw\""}},
		{"{\n \"Network\":\"10.1.0.0/16\",\n \"Backend\": {\n  \"Type\": \"vxlan\"}}",
	         {"net-conf.json:4:3: ", "\"vxlan\""}},
		{"{\"Network\":\"10.1.0.0/16\",\"Backend\":{\"Type\":7}}",
	         {"net-conf.json:1:37: ", "backend type must be \"host-gw\", not a number"}},
		{"{\"Network\":\"10.1.0.0/16\",\"Backend\":\"host-gw\"}",
	         {"net-conf.json:1:26: \"Backend\" must be", "not a string"}},
		{"{\"Network\":\"10.1.0.0/16\",\"Backend\":[{\"Type\":\"host-gw\"}]}",
	         {"\"Backend\" must be", "not a list"}},
		{"{" BACKEND "}", {"\"Network\" is missing", "10.244.0.0/16"}},
		{"{\"Network\":null," BACKEND "}", {"\"Network\" is missing", "EnableIPv4"}},
		{"{\"Network\":\"10.1.0.0\"," BACKEND "}", {"1:2: \"Network\"", "IPv4 CIDR"}},
		{"{\n\n  \"Network\":10," BACKEND "}", {"3:3: \"Network\"", "not a number"}},
		{"{\"x\\\"{\":\"[7,\\\\\",\"Network\":7," BACKEND "}",
	         {"1:17: \"Network\"", "not a number"}},
		{"{\"Network\":{}," BACKEND "}", {"\"Network\"", "not an object"}},
		{"{\"Network\":\"fd00::/48\"," BACKEND "}", {"\"Network\"", "IPv4 CIDR"}},
		{"{" BACKEND ",\"Network\":\"10.1.0.0/16\",\n\"network\":\"10.2.0.0/16\"}",
	         {"2:1: ", "\"network\" is there twice"}},
		{"{\"Network\":\"10.1.0.0/16\",\"Backend\":{\"Type\":\"host-gw\",\"type\":\"vxlan\"}}",
	         {"1:54: ", "\"type\" is there twice"}},
		{"{\"Network\":\"10.1.0.0/16\",\"EnableIPv6\":true," BACKEND "}",
	         {"\"IPv6Network\" is missing", "fd00"}},
		{"{\"EnableIPv4\":false,\"EnableIPv6\":true,\"IPv6Network\":\"10.1.0.0/16\"," BACKEND
	         "}",
	         {"1:39: \"IPv6Network\"", "IPv6 CIDR such as \"fd00"}},
		{"{\"Network\":\"10.1.0.0/16\",\"EnableIPv6\":\"yes\"," BACKEND "}",
	         {"\"EnableIPv6\"", "true or false, not a string"}},
		{"{\"Network\":\"10.1.0.0/16\",\"EnableNFTables\":1," BACKEND "}",
	         {"1:26: \"EnableNFTables\"", "true or false, not a number"}},
		{"{\n\"EnableIPv4\":false," BACKEND "}", {"2:1: ", "both false: enable one"}},
		{"{\"Network\":\"10.1.0.0/16\",\"SubnetLen\":12," BACKEND "}",
	         {"1:26: \"SubnetLen\"", "from 16 (the Network's) to 30"}},
		{"{\"Network\":\"10.1.0.0/16\",\"SubnetLen\":24.5," BACKEND "}",
	         {"\"SubnetLen\"", "from 16"}},
		{"{\"Network\":\"10.1.0.0/16\",\"SubnetLen\":\"24\"," BACKEND "}",
	         {"\"SubnetLen\"", "a number, not a string"}},
		{"{\"Network\":\"10.1.0.0/16\",\"SubnetMin\":\"10.2.0.0\"," BACKEND "}",
	         {"\"SubnetMin\"", "inside"}},
		{"{\"Network\":\"10.1.0.0/16\",\"SubnetMax\":7," BACKEND "}",
	         {"\"SubnetMax\"", "inside"}},
		{"{\"Network\":\"10.1.0.0/16\",\"SubnetMin\":\"10.1.0.1\"," BACKEND "}",
	         {"1:26: \"SubnetMin\"", "first address of a subnet of length 24"}},
		{"{\"Network\":\"10.1.0.0/16\",\"SubnetMin\":\"10.1.9.0\",\"SubnetMax\":\"10.1.8.0\"," BACKEND
	         "}",
	         {"1:49: \"SubnetMax\"", "below \"SubnetMin\""}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct net_conf conf;
		struct error err;
		int warnings;

		print_message("%s\n", cases[i].text);
		assert_true(parse(cases[i].text, &conf, &warnings, &err) < 0);
		assert_non_null(strstr(err.text, "net-conf.json"));
		for (size_t j = 0; j < COUNT(cases[i].words); j++)
			assert_non_null(strstr(err.text, cases[i].words[j]));
	}
}

static void test_missing_file(void **state)
{
	struct net_conf conf;
	struct error err;

	(void)state;
	assert_true(net_conf_read("/nonexistent/net-conf.json", &conf, NULL, NULL, &err) < 0);
	assert_non_null(strstr(err.text, "/nonexistent/net-conf.json"));
	assert_non_null(strstr(err.text, "--net-config-path"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_missing_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
