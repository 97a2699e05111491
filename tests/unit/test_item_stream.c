/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include <errno.h>

#include "k8s/json.h"
#include "k8s/node_decode.h"
#include "kube_samples.h"
#include "seen_items.h"

static struct node_keys keys;
static struct node_projection projection;
static const struct item_stream_options list_options = {.mode = ITEM_STREAM_LIST,
                                                        .projection = projection.node};
static const struct item_stream_options bare_options = {
	.mode = ITEM_STREAM_LIST, .projection = projection.node, .bare_list = true};
static const struct item_stream_options watch_options = {.mode = ITEM_STREAM_WATCH,
                                                         .projection = projection.event};

static int make_projection(void **state)
{
	struct error err;

	(void)state;
	if (node_keys_init(&keys, "flannel.alpha.coreos.com", &err) < 0)
		return -1;
	node_projection_init(&projection, &keys);
	return 0;
}

static void expect(const struct item_stream_options *options, const char *text, const char *wanted)
{
	struct text seen = {0};

	seen_items_run(&seen, options, text, strlen(text),
	               (struct pieces){0, strlen(text) + 1, NULL});
	assert_string_equal(seen.bytes, wanted);
	text_free(&seen);
}

static void split_everywhere(const struct item_stream_options *options, const char *text)
{
	size_t length = strlen(text);
	struct text whole = {0};

	seen_items_run(&whole, options, text, length, (struct pieces){0, length, NULL});
	for (size_t first = 1; first < length; first++) {
		struct text seen = {0};

		seen_items_run(&seen, options, text, length, (struct pieces){first, length, NULL});
		assert_string_equal(seen.bytes, whole.bytes);
		text_free(&seen);
	}
	for (size_t step = 1; step < 8; step++) {
		struct text seen = {0};

		seen_items_run(&seen, options, text, length, (struct pieces){0, step, NULL});
		assert_string_equal(seen.bytes, whole.bytes);
		text_free(&seen);
	}
	text_free(&whole);
}

static void test_splits(void **state)
{
	(void)state;
	split_everywhere(&list_options, SAMPLE_LIST);
	split_everywhere(&watch_options, SAMPLE_WATCH);
	/* A broken item in between, and a broken end. */
	split_everywhere(&list_options,
	                 "{\"items\":[{\"metadata\":{\"name\" \"a\",[{\"\\\"]\"}]}}," SAMPLE_NODE_B
	                 ",{\"metadata\":{\"name\":\"\\x\\u12\"}}],\"metadata\":{}}");
	split_everywhere(&watch_options, SAMPLE_NODE_B "\n]");
}

static void test_list(void **state)
{
	(void)state;
	expect(&list_options, SAMPLE_LIST,
	       "kind \"NodeList\"\nmetadata {\"resourceVersion\":\"42\",\"continue\":\"abc\"}\n"
	       "item {\"metadata\":{\"name\":\"node-a\",\"resourceVersion\":\"41\","
	       "\"creationTimestamp\":\"2024-02-20T14:31:24Z\",\"annotations\":{"
	       "\"flannel.alpha.coreos.com/backend-type\":\"host-gw\","
	       "\"flannel.alpha.coreos.com/public-ip\":\"192.168.2.44\","
	       "\"flannel.alpha.coreos.com/backend-data\":"
	       "\"tab\\t quote\\\" back\\\\ \\u00e9\\ud83d\\ude00 {[\"}},"
	       "\"spec\":{\"podCIDR\":\"10.1.0.0/24\",\"podCIDRs\":[\"10.1.0.0/24\","
	       "\"fd00:1::/64\"]},\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":"
	       "\"True\"},{\"type\":\"NetworkUnavailable\",\"status\":\"False\",\"reason\":"
	       "\"FlannelIsUp\"}],\"addresses\":[{\"type\":\"Hostname\",\"address\":\"node-a\"},"
	       "{\"type\":\"InternalIP\",\"address\":\"192.168.2.44\"},{\"type\":\"InternalIP\","
	       "\"address\":\"2001:db8::44\"}]}}\n"
	       "item {\"metadata\":{\"name\":\"node-b\",\"resourceVersion\":\"42\"},"
	       "\"spec\":{\"podCIDR\":\"10.1.1.0/24\"},\"status\":{}}\n"
	       "item {}\nitem {}\nwhole\n");
	expect(&list_options, "{\"items\":null,\"metadata\":null}", "metadata null\nwhole\n");
	expect(&list_options, "{\"items\":[]}", "whole\n");
	/* Behind the items nothing is one. */
	expect(&list_options, "{\"items\":[{}],\"x\":[{\"name\":\"a\"},7]}", "item {}\nwhole\n");
	expect(&bare_options, " [{\"name\":\"a\",\"x\":[1]},{\"name\":\"b\"}] ",
	       "item {\"name\":\"a\"}\nitem {\"name\":\"b\"}\nwhole\n");
}

static void test_watch(void **state)
{
	(void)state;
	expect(&watch_options, "", "whole\n");
	expect(&watch_options,
	       "{\"type\":\"ERROR\",\"object\":{\"status\":\"Failure\",\"code\":410,"
	       "\"message\":\"m\",\"details\":{}}}{ }",
	       "item {\"type\":\"ERROR\",\"object\":{\"status\":\"Failure\",\"code\":410,"
	       "\"message\":\"m\"}}\nitem {}\nwhole\n");
}

struct comparison {
	const cJSON *next;
	size_t count;
};

static int compare_item(void *ctx, const struct item *item, struct error *err)
{
	struct comparison *comparison = ctx;
	cJSON *wanted = seen_items_reduce(comparison->next, projection.node);
	cJSON *seen = cJSON_Parse(item->text);

	(void)err;
	assert_true(cJSON_Compare(wanted, seen, true));
	cJSON_Delete(wanted);
	cJSON_Delete(seen);
	comparison->next = comparison->next->next;
	comparison->count++;
	return 0;
}

static int drop_item(void *ctx, const struct item *item, struct error *err)
{
	(void)ctx, (void)item, (void)err;
	return 0;
}

static int drop_skipped(void *ctx, const struct item *item, const char *why, struct error *err)
{
	(void)ctx, (void)item, (void)why, (void)err;
	return 0;
}

static void test_projection_agrees_with_cjson(void **state)
{
	cJSON *whole = cJSON_Parse(SAMPLE_LIST);
	struct comparison comparison = {.next = json_member(whole, "items")->child};
	struct item_stream_events events = {&comparison, compare_item, drop_item, NULL, NULL};
	struct item_stream *stream;
	struct error err;

	(void)state;
	assert_int_equal(item_stream_new(&list_options, &events, &stream, &err), 0);
	assert_int_equal(item_stream_push(stream, SAMPLE_LIST, strlen(SAMPLE_LIST), &err), 0);
	assert_int_equal(item_stream_end(stream, &err), 0);
	assert_int_equal(comparison.count, 4);
	item_stream_free(stream);
	cJSON_Delete(whole);
}

#define GOOD "{\"name\":\"good\"}"

static void test_bad_items_are_skipped(void **state)
{
	static const struct {
		const char *item, *why;
	} cases[] = {
		{"{\"name\":nul}", "column 22: null, true or false is expected here, not '}'"},
		{"{\"name\":01}", "column 20: a number does not go on like this, not '1'"},
		{"{\"name\":-}", "column 20: a number does not go on like this, not '}'"},
		{"{\"name\":1.}", "column 21: a number does not go on like this, not '}'"},
		{"{\"name\":1e}", "column 21: a number does not go on like this, not '}'"},
		{"{\"name\":\"\\q\"}", "column 21: no such escape in a string"},
		{"{\"name\":\"\\u12g4\"}", "column 24: four hexadecimal digits must follow \\u"},
		{"{\"name\":\"\\u0000\"}", "column 25: a string holds \\u0000"},
		{"{\"name\" \"a\"}", "column 19: ':' is expected after a member's name, not '\"'"},
		{"{\"name\":\"a\" \"b\":1}", "column 23: ',' or '}' is expected here, not '\"'"},
		{"{\"a\":[1 2]}", "column 19: ',' or ']' is expected here, not '2'"},
		{"{name:1}",
	         "column 12: a member's name in double quotes is expected here, not 'n'"},
		{"{\"a\":1,}",
	         "column 18: a member's name in double quotes is expected here, not '}'"},
		{"{\"a\":[1,]}", "column 19: a value is expected here, not ']'"},
		{"{\"a\":\"\x01\"}",
	         "column 17: a string holds a control character, or its closing "
	         "quote is missing"},
		{"{\"a\":\xff}", "column 16: a value is expected here, not byte 0xff"},
		{"{\"a\":x, \"b\":{\"c\":[\"}\\\"]\",{}]}}",
	         "column 16: a value is expected here, not 'x'"},
		{"7", "column 11: an object is expected here, not '7'"},
		{"\"a]\\\"]\"", "column 11: an object is expected here, not '\"'"},
		{"[1,{\"a\":[]}]", "column 11: an object is expected here, not '['"},
		{"null", "column 11: an object is expected here, not 'n'"},
		{"", "column 11: an object is expected here, not ','"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[256], wanted[512];

		snprintf(text, sizeof(text), "{\"items\":[%s," GOOD "]}", cases[i].item);
		snprintf(wanted, sizeof(wanted), "skipped line 1, %s\nitem " GOOD "\nwhole\n",
		         cases[i].why);
		expect(&list_options, text, wanted);
	}
}

static void test_broken_structure_fails(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{"", "the text is empty"},
		{" \n\t ", "the text is empty"},
		{"{\"kind\":\"NodeList\"}", "there is no member \"items\""},
		{"{\"items\":[" GOOD, "line 1: the text breaks off here"},
		{"{\"items\":[]", "line 1: the text breaks off here"},
		{"{\"items\":[{\"name\":\n\"a", "line 2: the text breaks off here"},
		{"{\"items\":{}}", "line 1, column 10: \"items\" must be an array"},
		{"{\"items\":[],\"items\":[]}",
	         "line 1, column 21: the list has two members \"items\""},
		{"{\"items\":[]}\n  x",
	         "line 2, column 3: the list is over, but more text follows"},
		{"[]", "line 1, column 1: a list with a member \"items\" is expected"},
		{"null", "line 1, column 1: a list with a member \"items\" is expected"},
		{"{\"a\":\n\n tru }",
	         "line 3, column 5: null, true or false is expected here, not ' '"},
		{"{\"metadata\":{\"x\" 1}}",
	         "line 1, column 18: ':' is expected after a member's name, not '1'"},
		{"{\"items\":[{\"a\":]}]}", "line 1, column 16: a value is expected here, not ']'"},
		{"{\"items\":[{\"a\":1]}",
	         "line 1, column 17: ',' or '}' is expected here, not ']'"},
		{"{\"items\":[}", "line 1, column 11: an object is expected here, not '}'"},
		{"{\"items\":[{\"a\n\":1}]",
	         "line 1, column 14: a string holds a control character, or its closing quote is "
	         "missing"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct text seen = {0};

		seen_items_run(&seen, &list_options, cases[i].text, strlen(cases[i].text),
		               (struct pieces){0, 1, NULL});
		if (!strstr(seen.bytes, "failed ") || !strstr(seen.bytes, cases[i].why))
			fail_msg("%s\ngives %s\nnot %s", cases[i].text, seen.bytes, cases[i].why);
		text_free(&seen);
	}
}

static void add(struct text *text, const char *piece, size_t times)
{
	for (size_t i = 0; i < times; i++)
		add_text(text, piece);
}

static void test_nesting_limit(void **state)
{
	static const struct {
		size_t depth;
		const char *seen;
	} cases[] = {
		{61, "item {}\nitem " GOOD "\nwhole\n"},
		{62,
	         "skipped line 1, column 77: nesting deeper than 64 levels is not read, not '['\n"
	         "item " GOOD "\nwhole\n"},
		{900,
	         "skipped line 1, column 77: nesting deeper than 64 levels is not read, not '['\n"
	         "item " GOOD "\nwhole\n"},
		{2000,
	         "failed line 1, column 77: nesting deeper than 64 levels is not read, not '['\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct text text = {0};

		/* The list, its array and the item are three levels already. */
		add(&text, "{\"items\":[{\"a\":", 1);
		add(&text, "[", cases[i].depth);
		add(&text, "]", cases[i].depth);
		add(&text, "}," GOOD "]}", 1);
		expect(&list_options, text.bytes, cases[i].seen);
		text_free(&text);
	}
}

static void test_item_limit(void **state)
{
	struct text text = {0};

	(void)state;
	/* Twice the limit is nothing where it is dropped, */
	add(&text, "{\"items\":[{\"name\":\"a\",\"dropped\":\"", 1);
	add(&text, "0123456789abcdef", 2 * ITEM_STREAM_ITEM_MAX / 16);
	add(&text, "\"},\n{\"name\":\"", 1);
	/* and too much where it would be kept. */
	add(&text, "0123456789abcdef", ITEM_STREAM_ITEM_MAX / 16);
	add(&text, "\",\"address\":1}," GOOD "]}", 1);
	for (size_t step = 1; step < text.length; step = step * 1000 + 1) {
		struct text seen = {0};

		seen_items_run(&seen, &list_options, text.bytes, text.length,
		               (struct pieces){0, step, NULL});
		assert_string_equal(
			seen.bytes,
			"item {\"name\":\"a\"}\n"
			"skipped line 2, column 1048599: the item is larger than 1 MiB\n"
			"item " GOOD "\nwhole\n");
		text_free(&seen);
	}
	text_free(&text);
}

static void test_names_with_escapes_are_kept(void **state)
{
	(void)state;
	expect(&list_options, "{\"items\":[{\"n\\u0061me\":{\"x\":1},\"name\\\\\":2,\"nam\":3}]}",
	       "item {\"n\\u0061me\":{\"x\":1},\"name\\\\\":2}\nwhole\n");
}

static void test_kind(void **state)
{
	(void)state;
	expect(&list_options, "{\"kind\":\"NodeList\",\"items\":[]}",
	       "kind \"NodeList\"\nwhole\n");
	expect(&list_options, "{\"items\":[{\"metadata\":{}}],\"kind\":[1,{}]}",
	       "item {\"metadata\":{}}\nkind [1,{}]\nwhole\n");
	expect(&list_options, "{\"kind\":nul,\"items\":[]}",
	       "failed line 1, column 12: null, true or false is expected here, not ','\n");
}

static int refuse_item(void *ctx, const struct item *item, struct error *err)
{
	(void)ctx, (void)item;
	return error_set(err, EDOM, "no more");
}

static void test_callback_ends_stream(void **state)
{
	struct item_stream_events events = {NULL, refuse_item, drop_item, NULL, drop_skipped};
	struct item_stream *stream;
	struct error err;

	(void)state;
	assert_int_equal(item_stream_new(&list_options, &events, &stream, &err), 0);
	assert_int_equal(item_stream_push(stream, SAMPLE_LIST, strlen(SAMPLE_LIST), &err), -EDOM);
	assert_string_equal(err.text, "no more");
	assert_int_equal(item_stream_push(stream, " ", 1, &err), -EDOM);
	assert_int_equal(item_stream_end(stream, &err), -EDOM);
	item_stream_free(stream);
}

static void test_counts_skipped(void **state)
{
	struct item_stream_events events = {NULL, drop_item, drop_item, NULL, drop_skipped};
	struct item_stream *stream;
	struct error err;
	const char text[] = "{\"items\":[1," GOOD ",2]}";

	(void)state;
	assert_int_equal(item_stream_new(&list_options, &events, &stream, &err), 0);
	assert_int_equal(item_stream_push(stream, text, strlen(text), &err), 0);
	assert_int_equal(item_stream_skipped(stream), 2);
	item_stream_free(stream);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_splits),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_watch),
		cmocka_unit_test(test_projection_agrees_with_cjson),
		cmocka_unit_test(test_bad_items_are_skipped),
		cmocka_unit_test(test_broken_structure_fails),
		cmocka_unit_test(test_nesting_limit),
		cmocka_unit_test(test_item_limit),
		cmocka_unit_test(test_names_with_escapes_are_kept),
		cmocka_unit_test(test_kind),
		cmocka_unit_test(test_callback_ends_stream),
		cmocka_unit_test(test_counts_skipped),
	};

	return cmocka_run_group_tests(tests, make_projection, NULL);
}
