/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include <cjson/cJSON.h>

#include "hostgw/error.h"
#include "k8s/json.h"
#include "k8s/kube_event.h"

#define NEWS(name, node, host, reason, message)                                             \
	"{\"apiVersion\":\"v1\",\"kind\":\"Event\",\"metadata\":{\"name\":\"" name          \
	"\",\"namespace\":\"default\"},\"involvedObject\":{\"apiVersion\":\"v1\",\"kind\":" \
	"\"Node\",\"name\":\"" node "\",\"uid\":\"" node "\"},\"source\":{\"component\":"   \
	"\"hostgwd\",\"host\":\"" host "\"},\"type\":\"Warning\",\"reason\":\"" reason      \
	"\",\"message\":\"" message "\",\"firstTimestamp\":\"2024-02-20T14:31:24Z\","       \
	"\"reportingComponent\":\"hostgwd\",\"reportingInstance\":\"" host                  \
	"\",\"lastTimestamp\":\"2024-02-20T14:32:24Z\",\"count\":1}"

#define FIRST 1708439484
#define LAST  (FIRST + 60)

static void test_whole_objects(void **state)
{
	static const struct {
		struct kube_event event;
		const char *json;
	} cases[] = {
		{{"node-a.0011", "node-a", "node-b", "RouteConflict", "10.1.0.0/24 is taken", FIRST,
	          LAST, 1, false},
	         NEWS("node-a.0011", "node-a", "node-b", "RouteConflict", "10.1.0.0/24 is taken")},
		/* What stands there already is not said again. */
		{{"node-a.0011", "node-a", "node-b", "RouteConflict", "10.1.0.0/24 is taken", FIRST,
	          LAST, 7, true},
	         "{\"lastTimestamp\":\"2024-02-20T14:32:24Z\",\"count\":7}"},
		{{"n", "n", "n2", "R", "", FIRST, LAST, 1, false}, NEWS("n", "n", "n2", "R", "")},
		{{"n", "n", "n2", "R", "a \"b\" \\ c/d\ttab\nline\x01\x7f", FIRST, LAST, 1, false},
	         NEWS("n", "n", "n2", "R", "a \\\"b\\\" \\\\ c/d\\ttab\\nline\\u0001\x7f")},
		{{"n", "n", "n2", "R", "\xc3\xa9 \xf0\x9f\x98\x80 %s </script>", FIRST, LAST, 1,
	          false},
	         NEWS("n", "n", "n2", "R", "\xc3\xa9 \xf0\x9f\x98\x80 %s </script>")},
		{{"n", "n", "n2", "R", "\",\"type\":\"Normal", FIRST, LAST, 1, false},
	         NEWS("n", "n", "n2", "R", "\\\",\\\"type\\\":\\\"Normal")},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *json = kube_event_json(&cases[i].event);

		assert_non_null(json);
		assert_string_equal(json, cases[i].json);
		cJSON_free(json);
	}
}

/* `piece` again and again, as far as there is room. */
static void repeat(char *text, size_t size, const char *piece)
{
	size_t length = strlen(piece);

	for (size_t used = 0; used + length < size; used += length)
		strcpy(text + used, piece);
}

/* The longest message that the daemon keeps comes through whole, whatever it takes in JSON. */
static void test_long_messages(void **state)
{
	static const char *const pieces[] = {"x", "\x01", "\"", "\xe4\xb8\xad"};

	(void)state;
	for (size_t i = 0; i < COUNT(pieces); i++) {
		struct kube_event event = {
			.name = "n", .node_name = "n", .reporter = "n", .reason = "R"};
		char message[ERROR_TEXT_MAX], *text;
		cJSON *root;

		repeat(message, sizeof(message), pieces[i]);
		event.message = message;
		text = kube_event_json(&event);
		root = cJSON_Parse(text);
		assert_string_equal(json_string(root, "message"), message);
		cJSON_Delete(root);
		cJSON_free(text);
	}
}

static void test_numbers(void **state)
{
	static const struct {
		int64_t last;
		unsigned count;
		const char *json;
	} cases[] = {
		{0, 0, "{\"lastTimestamp\":\"1970-01-01T00:00:00Z\",\"count\":0}"},
		{LAST, 1000000, "{\"lastTimestamp\":\"2024-02-20T14:32:24Z\",\"count\":1000000}"},
		{253402300799, INT32_MAX, /* what Kubernetes takes at most */
	         "{\"lastTimestamp\":\"9999-12-31T23:59:59Z\",\"count\":2147483647}"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct kube_event event = {
			.last = cases[i].last, .count = cases[i].count, .known = true};
		char *json = kube_event_json(&event);

		assert_string_equal(json, cases[i].json);
		cJSON_free(json);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_objects),
		cmocka_unit_test(test_long_messages),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
