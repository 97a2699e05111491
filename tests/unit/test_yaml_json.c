/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include <errno.h>

#include "k8s/text.h"
#include "k8s/yaml_json.h"

static int append(void *ctx, const char *json, size_t length, struct error *err)
{
	(void)err;
	return text_append(ctx, json, length, 1024 * 1024);
}

static int convert(const char *yaml, struct text *json, struct error *err)
{
	return yaml_json_convert(yaml, strlen(yaml), append, json, err);
}

/* Where the lines end is another test's matter. */
static void remove_newlines(struct text *json)
{
	size_t kept = 0;

	for (size_t i = 0; i <= json->length && json->bytes; i++)
		if (json->bytes[i] != '\n')
			json->bytes[kept++] = json->bytes[i];
}

static void test_values(void **state)
{
	static const struct {
		const char *yaml, *json;
	} cases[] = {
		{"a: 1", "{\"a\":1}"},
		{"- a\n- b", "[\"a\",\"b\"]"},
		{"a:\nb: ~\nc: null\nd: Null", "{\"a\":null,\"b\":null,\"c\":null,\"d\":null}"},
		{"[true, True, FALSE, yes, on]", "[true,true,false,\"yes\",\"on\"]"},
		{"[0, -0, +5, 007, 0x1F, 0o17, 0b1]", "[0,-0,5,7,31,15,\"0b1\"]"},
		{"[1., .5, -1.50, 1e3, 1.e+3, 1E-2, ., e3, 1e, --1]",
	         "[1,0.5,-1.50,1e3,1e+3,1E-2,\".\",\"e3\",\"1e\",\"--1\"]"},
		{"[.inf, .NaN, 1.2.3, 10.1.0.0/24, 1:2]",
	         "[\".inf\",\".NaN\",\"1.2.3\",\"10.1.0.0/24\",\"1:2\"]"},
		{"[2024-02-20T14:31:24Z, 2024-02-20]", "[\"2024-02-20T14:31:24Z\",\"2024-02-20\"]"},
		{"['1', \"true\", '', \"~\"]", "[\"1\",\"true\",\"\",\"~\"]"},
		{"[!!str 1, !!int 2, !!null x, ! 3]", "[\"1\",2,\"x\",\"3\"]"},
		{"1: a\ntrue: b\n~: c", "{\"1\":\"a\",\"true\":\"b\",\"~\":\"c\"}"},
		{"a: |\n  x \"y\"\n  \\z\n", "{\"a\":\"x \\u0022y\\u0022\\u000a\\u005cz\\u000a\"}"},
		{"a: {b: [c, {d: e}]}\nf: []", "{\"a\":{\"b\":[\"c\",{\"d\":\"e\"}]},\"f\":[]}"},
		{"# only a comment\n", ""},
		{"", ""},
		{"---\na\n", "\"a\""},
		{"\xef\xbb\xbf"
	         "a: \xc3\xa9",
	         "{\"a\":\"\xc3\xa9\"}"},
		/* A number longer than any that is meant as one. */
		{"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
	         "\"12345678901234567890123456789012345678901234567890123456789012345678901234567890"
	         "\""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct text json = {0};
		struct error err;

		if (convert(cases[i].yaml, &json, &err) < 0)
			fail_msg("%s: %s", cases[i].yaml, err.text);
		remove_newlines(&json);
		assert_string_equal(json.bytes ? json.bytes : "", cases[i].json);
		text_free(&json);
	}
}

static void test_refusals(void **state)
{
	static const struct {
		const char *yaml, *why;
	} cases[] = {
		{"a: &x 1\nb: *x", "line 1, column 4: anchors and aliases are not supported"},
		{"a: &x {}", "line 1, column 4: anchors and aliases are not supported"},
		{"- &x [a]", "line 1, column 3: anchors and aliases are not supported"},
		{"a: *x", "line 1, column 4: anchors and aliases are not supported"},
		{"a: !mine 1", "line 1, column 4: this tag is not supported"},
		{"a: !!set {b}", "line 1, column 4: this tag is not supported"},
		{"a: 1\n? [b]\n: c", "line 2, column 3: a member's name must be a plain text"},
		{"a: 1\n---\nb: 2", "line 2, column 1: a second document begins here"},
		{"a: 1\n b: 2", "line 2, column 3: mapping values are not allowed"},
		{"a: 1\n\tb: 2", "(a tab: indent with spaces)"},
		{"a: [1\nb: 2", "line 2, column 2: "},
		{"a: \"x", "line 1, column 6: while scanning a quoted scalar: "},
		{"a: 1\nb: \xff", "line 2: not text: "},
		{"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
	         "line 1, column 65: nesting deeper than 64 levels"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct text json = {0};
		struct error err = {0};

		assert_int_equal(convert(cases[i].yaml, &json, &err), -EINVAL);
		if (!strstr(err.text, cases[i].why))
			fail_msg("%s\ngives %s\nnot %s", cases[i].yaml, err.text, cases[i].why);
		text_free(&json);
	}
}

/* Every line of the input is one of the output, so the JSON's readers can name it. */
static void test_lines_stay(void **state)
{
	const char yaml[] =
		"# first\n\nitems:\n- name: a\n  text: >-\n    one\n    two\n\n- name: b\n";
	struct text json = {0};
	struct error err;
	const char *at;
	unsigned line = 1;

	(void)state;
	assert_int_equal(convert(yaml, &json, &err), 0);
	at = strstr(json.bytes, "\"b\"");
	assert_non_null(at);
	for (const char *c = json.bytes; c < at; c++)
		line += *c == '\n';
	assert_int_equal(line, 9);
	text_free(&json);
}

static int refuse(void *ctx, const char *json, size_t length, struct error *err)
{
	(void)ctx, (void)json, (void)length;
	return error_set(err, EDOM, "enough");
}

static void test_writer_ends_reading(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(yaml_json_convert("a: 1", 4, refuse, NULL, &err), -EDOM);
	assert_string_equal(err.text, "enough");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_lines_stay),
		cmocka_unit_test(test_writer_ends_reading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
