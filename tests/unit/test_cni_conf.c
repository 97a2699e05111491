/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CNI configuration: the standard one, and from a template. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "daemon/cni_conf.h"

static struct cni_conf make_conf(const char *v4, const char *v6)
{
	struct cni_conf conf = {.mtu = 1450, .ip_masq = true};

	if (v4) {
		assert_true(prefix_parse("10.244.0.0/16", &conf.network[IP_V4]));
		assert_true(prefix_parse(v4, &conf.own[IP_V4]));
	}
	if (v6) {
		assert_true(prefix_parse("fd00:10:244::/48", &conf.network[IP_V6]));
		assert_true(prefix_parse(v6, &conf.own[IP_V6]));
	}
	return conf;
}

/* What the text says, without its layout. */
static void expect_json(const char *text, const char *expected)
{
	cJSON *root = cJSON_Parse(text);
	char *plain;

	assert_non_null(root);
	plain = cJSON_PrintUnformatted(root);
	assert_string_equal(plain, expected);
	free(plain);
	cJSON_Delete(root);
}

#define STANDARD(masq, ranges, routes)                                                             \
	"{\"name\":\"cbr0\",\"cniVersion\":\"0.3.1\",\"plugins\":[{\"type\":\"bridge\","           \
	"\"bridge\":\"cni0\",\"mtu\":1450,\"ipMasq\":" masq ",\"isDefaultGateway\":true,"          \
	"\"hairpinMode\":true,\"ipam\":{\"type\":\"host-local\",\"ranges\":[" ranges "],"          \
	"\"routes\":[" routes "]}},{\"type\":\"portmap\",\"capabilities\":{\"portMappings\":true}" \
	"}]}"
#define RANGE4 "[{\"subnet\":\"10.244.7.0/24\"}]"
#define RANGE6 "[{\"subnet\":\"fd00:10:244:7::/64\"}]"
#define ROUTE4 "{\"dst\":\"10.244.0.0/16\"}"
#define ROUTE6 "{\"dst\":\"fd00:10:244::/48\"}"

static void test_standard(void **state)
{
	static const struct {
		const char *v4, *v6;
		bool ip_masq;
		const char *expected;
	} cases[] = {
		{"10.244.7.0/24", NULL, true, STANDARD("false", RANGE4, ROUTE4)},
		{"10.244.7.0/24", NULL, false, STANDARD("true", RANGE4, ROUTE4)},
		{NULL, "fd00:10:244:7::/64", true, STANDARD("false", RANGE6, ROUTE6)},
		{"10.244.7.0/24", "fd00:10:244:7::/64", true,
	         STANDARD("false", RANGE4 "," RANGE6, ROUTE4 "," ROUTE6)},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct cni_conf conf = make_conf(cases[i].v4, cases[i].v6);
		char *text;

		conf.ip_masq = cases[i].ip_masq;
		text = cni_conf_print(&conf);
		assert_non_null(text);
		expect_json(text, cases[i].expected);
		free(text);
	}
}

#define LIST(inner) "{\"name\":\"n\",\"plugins\":[" inner "]}"

static void test_filled(void **state)
{
	static const struct {
		const char *template, *v6, *filled;
	} cases[] = {
		{LIST("{\"subnet\":\"__POD_CIDR__\"}"), NULL,
	         LIST("{\"subnet\":\"10.244.7.0/24\"}")},
		{LIST("{\"mtu\":__MTU__,\"ipMasq\":__IP_MASQ__}"), NULL,
	         LIST("{\"mtu\":1450,\"ipMasq\":false}")},
		{LIST("\"__POD_CIDR__ __POD_CIDR_V6____MTU__\""), "fd00:10:244:7::/64",
	         LIST("\"10.244.7.0/24 fd00:10:244:7::/641450\"")},
		{LIST("__RANGES__,__ROUTES__"), NULL,
	         LIST("[[{\"subnet\": \"10.244.7.0/24\"}]],[{\"dst\": \"10.244.0.0/16\"}]")},
		/* flannel's, and what only looks like a placeholder, stay as they are */
		{LIST("{\"type\": \"flannel\",\n \"delegate\": {\"hairpinMode\": true}}\n"), NULL,
	         LIST("{\"type\": \"flannel\",\n \"delegate\": {\"hairpinMode\": true}}\n")},
		{LIST("\"__a__ _____ __A_ ____ __ A__\""), NULL,
	         LIST("\"__a__ _____ __A_ ____ __ A__\"")},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct cni_conf conf = make_conf("10.244.7.0/24", cases[i].v6);
		struct error err = {0};
		char *text = NULL;

		print_message("%s\n", cases[i].template);
		cni_conf_fill(cases[i].template, "cni-conf.json", &conf, &text, &err);
		assert_string_equal(err.text, "");
		assert_string_equal(text, cases[i].filled);
		free(text);
	}
}

static void test_mistakes(void **state)
{
	static const struct {
		const char *template, *says;
	} cases[] = {
		{LIST("\n \"__POD_CIRD__\""),
	         "cni-conf.json:2:3: unknown placeholder __POD_CIRD__;"},
		{LIST("\"__POD_CIDR_V6__\""), "cni-conf.json:1:25: __POD_CIDR_V6__, but"},
		{LIST("\"__MTU__"), "cni-conf.json:1:"},
		{LIST("__MTU__ __MTU__"), "syntax error"},
		{"", "cni-conf.json:1:1: syntax error"},
		{"{\"name\":\"n\"}", "\"plugins\""},
		{"{\"name\":\"n\",\"plugins\":[]}", "\"plugins\""},
		{"{\"plugins\":[{}]}", "\"name\""},
		{"[]", "an object"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct cni_conf conf = make_conf("10.244.7.0/24", NULL);
		struct error err;
		char *text = NULL;

		print_message("%s\n", cases[i].template);
		assert_int_equal(
			cni_conf_fill(cases[i].template, "cni-conf.json", &conf, &text, &err),
			-EINVAL);
		assert_non_null(strstr(err.text, cases[i].says));
		assert_null(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_standard),
		cmocka_unit_test(test_filled),
		cmocka_unit_test(test_mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
