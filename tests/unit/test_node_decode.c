/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include <errno.h>
#include <string.h>

#include "k8s/node_decode.h"
#include "k8s/timestamp.h"
#include "kube_samples.h"

static struct node_keys keys_of(const char *prefix)
{
	struct node_keys keys;
	struct error err;

	assert_int_equal(node_keys_init(&keys, prefix, &err), 0);
	return keys;
}

static void test_node(void **state)
{
	struct node_keys keys = keys_of("flannel.alpha.coreos.com");
	cJSON *node = cJSON_Parse(SAMPLE_NODE_A);
	struct node_record record;

	(void)state;
	assert_true(node_decode(node, &keys, &record));
	assert_string_equal(record.name, "node-a");
	assert_int_equal(record.created, 1708439484);
	assert_int_equal(record.pod_cidr_count, 2);
	assert_string_equal(record.pod_cidrs[0], "10.1.0.0/24");
	assert_string_equal(record.pod_cidrs[1], "fd00:1::/64");
	assert_int_equal(record.address_count, 2);
	assert_string_equal(record.addresses[0], "192.168.2.44");
	assert_string_equal(record.addresses[1], "2001:db8::44");
	assert_string_equal(record.annotations[NODE_ANNOTATION_BACKEND_TYPE], "host-gw");
	assert_string_equal(record.annotations[NODE_ANNOTATION_PUBLIC_IP], "192.168.2.44");
	assert_null(record.annotations[NODE_ANNOTATION_PUBLIC_IPV6]);
	assert_true(record.network_available);
	cJSON_Delete(node);
}

/* A node without anything but a name works, and so does one with nonsense. */
static void test_odd_nodes(void **state)
{
	static const struct {
		const char *json;
		bool named;
		size_t pod_cidrs, addresses;
	} cases[] = {
		{"{\"metadata\":{\"name\":\"a\"}}", true, 0, 0},
		{"{\"metadata\":{\"name\":\"a\",\"annotations\":null,\"creationTimestamp\":null},"
	         "\"spec\":{},\"status\":null}",
	         true, 0, 0},
		{"{\"metadata\":{\"name\":\"a\",\"annotations\":[1],\"creationTimestamp\":5},"
	         "\"spec\":[],\"status\":{\"addresses\":{},\"conditions\":\"x\"}}",
	         true, 0, 0},
		{"{\"metadata\":{\"name\":\"a\"},\"spec\":{\"podCIDRs\":[1,null,\"\",\"b\"]},"
	         "\"status\":{\"addresses\":[1,{},{\"type\":\"InternalIP\"},{\"type\":1,"
	         "\"address\":\"x\"}],\"conditions\":[1,{\"type\":\"NetworkUnavailable\"}]}}",
	         true, 1, 0},
		{"{\"metadata\":{\"name\":\"a\"},\"spec\":{\"podCIDRs\":[],\"podCIDR\":\"c\"}}",
	         true, 1, 0},
		{"{\"metadata\":{\"name\":\"a\"},\"spec\":{\"podCIDRs\":[\"1\",\"2\",\"3\",\"4\",\"5\"]}}",
	         true, NODE_POD_CIDRS_MAX, 0},
		{"{\"metadata\":{\"name\":\"\"}}", false, 0, 0},
		{"{\"metadata\":{\"name\":1}}", false, 0, 0},
		{"{\"metadata\":{}}", false, 0, 0},
		{"{\"metadata\":7,\"name\":\"a\"}", false, 0, 0},
		{"{}", false, 0, 0},
		{"[]", false, 0, 0},
		{"{\"name\":\"a\",\"podCIDR\":\"b\",\"address\":\"c\"}", true, 1, 1},
		{"{\"name\":\"a\",\"podCIDRs\":[\"b\",\"c\"],\"addresses\":[\"d\",\"e\"]}", true, 2,
	         2},
		{"{\"name\":\"a\",\"podCIDR\":1,\"address\":{}}", true, 0, 0},
	};
	struct node_keys keys = keys_of("p");

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cJSON *node = cJSON_Parse(cases[i].json);
		struct node_record record;

		assert_non_null(node);
		assert_int_equal(node_decode(node, &keys, &record), cases[i].named);
		assert_int_equal(record.pod_cidr_count, cases[i].pod_cidrs);
		assert_int_equal(record.address_count, cases[i].addresses);
		assert_false(record.network_available);
		assert_int_equal(record.created, 0);
		cJSON_Delete(node);
	}
}

static void test_condition(void **state)
{
	static const struct {
		const char *condition;
		bool available;
	} cases[] = {
		{"{\"type\":\"NetworkUnavailable\",\"status\":\"False\",\"reason\":\"FlannelIsUp\"}",
	         true},
		{"{\"type\":\"NetworkUnavailable\",\"status\":\"True\",\"reason\":\"FlannelIsUp\"}",
	         false},
		{"{\"type\":\"NetworkUnavailable\",\"status\":\"False\",\"reason\":\"Other\"}",
	         false},
		{"{\"type\":\"Ready\",\"status\":\"False\",\"reason\":\"FlannelIsUp\"}", false},
	};
	struct node_keys keys = keys_of("p");

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[512];
		struct node_record record;
		cJSON *node;

		snprintf(text, sizeof(text),
		         "{\"metadata\":{\"name\":\"a\"},\"status\":{\"conditions\":[%s]}}",
		         cases[i].condition);
		node = cJSON_Parse(text);
		assert_true(node_decode(node, &keys, &record));
		assert_int_equal(record.network_available, cases[i].available);
		cJSON_Delete(node);
	}
}

static void test_timestamps(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} cases[] = {
		{"1970-01-01T00:00:01Z", 1},
		{"2024-02-29T12:00:00Z", 1709208000},
		{"2024-02-29T12:00:00.999999Z", 1709208000},
		{"2024-02-29T13:30:00+01:30", 1709208000},
		{"2024-02-29T10:30:00-01:30", 1709208000},
		{"", 0},
		{"2024-02-29", 0},
		{"2024-02-29T12:00:00", 0},
		{"2024-13-29T12:00:00Z", 0},
		{"2024-00-29T12:00:00Z", 0},
		{"2024-02-29T24:00:00Z", 0},
		{"2024-02-29 12:00:00Z", 0},
		{"2024-02-29T12:00:00Zx", 0},
		{"2024-02-29T12:00:00+1:00", 0},
		{"2024-02-29T12:00:00+01:000", 0},
	};
	char buffer[TIMESTAMP_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(timestamp_parse(cases[i].text), cases[i].seconds);
	assert_string_equal(timestamp_format(1709208000, buffer), "2024-02-29T12:00:00Z");
}

static void test_keys(void **state)
{
	static const struct {
		const char *prefix, *key;
	} cases[] = {
		{"flannel.alpha.coreos.com", "flannel.alpha.coreos.com/public-ip"},
		{"a/b", "a/b-public-ip"},
		{"a/b-", "a/b-public-ip"},
		{"a/", "a/public-ip"},
		{"a-", "a-/public-ip"},
	};
	static const char *const bad[] = {
		"",
		"/",
		"/a",
		"a/b/c",
		"a b",
		"a\nb",
		"a\xc3\xa9",
		"a/0123456789012345678901234567890123456789012345678901234567890123456789",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct node_keys keys = keys_of(cases[i].prefix);

		assert_string_equal(keys.names[NODE_ANNOTATION_PUBLIC_IP], cases[i].key);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct node_keys keys;
		struct error err;

		assert_int_equal(node_keys_init(&keys, bad[i], &err), -EINVAL);
	}
}

static void test_duplicates(void **state)
{
	static const struct {
		const char *json, *name;
	} cases[] = {
		{"{\"a\":1,\"b\":{\"c\":1,\"d\":[{\"e\":1,\"f\":2,\"e\":3}]}}", "e"},
		{"{\"a\":1,\"a\":2}", "a"},
		{"{\"a\":{\"a\":{\"a\":1}},\"b\":[1,1]}", NULL},
		{"7", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cJSON *value = cJSON_Parse(cases[i].json);
		const cJSON *twice = json_duplicate(value);

		if (cases[i].name)
			assert_string_equal(twice->string, cases[i].name);
		else
			assert_null(twice);
		cJSON_Delete(value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_node),      cmocka_unit_test(test_odd_nodes),
		cmocka_unit_test(test_condition), cmocka_unit_test(test_timestamps),
		cmocka_unit_test(test_keys),      cmocka_unit_test(test_duplicates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
