/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Items of JSON whose meaning is open: each is skipped, named, and the rest goes on. */
#include "check.h"

#include "k8s/json_strict.h"
#include "k8s/utf8.h"
#include "seen_events.h"

#define NAME "\"metadata\":{\"name\":\"a\"}"

static struct node_keys keys;

static int make_keys(void **state)
{
	struct error err;

	(void)state;
	return node_keys_init(&keys, "flannel.alpha.coreos.com", &err);
}

static void test_items(void **state)
{
	static const struct {
		const char *item;
		const char *seen; /* NULL: it is good */
	} cases[] = {
		{"{" NAME "}", NULL},
		{"{" NAME ",\"spec\":{\"podCIDR\":\"\xc3\xa9\\u00e9\\ud83d\\ude00\"}}", NULL},
		{"{" NAME ",\"spec\":{\"podCIDR\":\"\\\\ud83d\"}}", NULL},
		{"{" NAME ",\"spec\":{\"podCIDR\":\"\xff\"}}", "node a: a string is not UTF-8"},
		{"{" NAME ",\"spec\":{\"podCIDR\":\"\xc3\"}}", "node a: a string is not UTF-8"},
		{"{" NAME ",\"spec\":{\"podCIDR\":\"\xed\xa0\x80\"}}",
	         "node a: a string is not UTF-8"},
		{"{" NAME ",\"spec\":{\"podCIDR\":\"\\ud83d\"}}",
	         "node a: a \\u escape is an unpaired surrogate"},
		{"{" NAME ",\"spec\":{\"podCIDR\":\"\\ud83dx\\ude00\"}}",
	         "node a: a \\u escape is an unpaired surrogate"},
		{"{" NAME ",\"spec\":{\"podCIDR\":\"\\ude00\\ud83d\"}}",
	         "node a: a \\u escape is an unpaired surrogate"},
		{"{" NAME ",\"spec\":{\"podCIDR\":\"\\ude00\\ude00\"}}",
	         "node a: a \\u escape is an unpaired surrogate"},
		{"{" NAME ",\"spec\":{\"podCIDR\":\"\\ud83d\\u0041\"}}",
	         "node a: a \\u escape is an unpaired surrogate"},
		{"{" NAME ",\"spec\":{\"podCIDR\":\"\\u0000\"}}", "node a: a string holds \\u0000"},
		{"{" NAME ",\"spec\":{\"podCIDR\":1e999}}", "node a: a number is out of range"},
		{"{" NAME ",\"spec\":{\"podCIDRs\":[-1e999]}}", "node a: a number is out of range"},
		{"{" NAME ",\"spec\":{\"podCIDR\":1e308}}", NULL},
		{"{\"metadata\":{\"name\":\"a\",\"name\":\"b\"}}",
	         "node a: \"name\" occurs twice in one object"},
		{"{" NAME "," NAME "}", "node a: \"metadata\" occurs twice in one object"},
		{"{" NAME ",\"spec\":{\"podCIDR\":\"a\",\"podCIDR\":\"a\"}}",
	         "node a: \"podCIDR\" occurs twice in one object"},
		{"{\"metadata\":{\"name\":\"a\",\"annotations\":{\"flannel.alpha.coreos.com/"
	         "public-ip\":\"\",\"flannel.alpha.coreos.com/public-ip\":\"\"}}}",
	         "node a: \"flannel.alpha.coreos.com/public-ip\" occurs twice in one object"},
		{"{" NAME ",\"spec\":{\"podCIDR\" 1}}",
	         "node a: ':' is expected after a member's name, not '1'"},
		{"{\"spec\":{\"podCIDR\" 1}}",
	         "line 1, column 30: ':' is expected after a member's name, not '1'"},
		{"{\"metadata\":{\"name\":\"\"}}", "line 1: a node without a name"},
		/* What nobody reads makes no difference. */
		{"{" NAME ",\"x\":\"\xff\",\"x\":1e999,\"y\":\"\\ud83d\"}", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct kube_watch_stats stats = {0};
		struct text answer = {0}, seen = {0};
		char wanted[256];

		add_text(&answer, "{\"items\":[");
		add_text(&answer, cases[i].item);
		add_text(&answer, ",{\"metadata\":{\"name\":\"good\"}}]}");
		seen_run(&seen, NODE_STREAM_LIST, JSON_TYPE, &keys, &answer,
		         (struct pieces){7, 7, NULL}, &stats);
		if (cases[i].seen)
			snprintf(wanted, sizeof(wanted), "skipped %s\n", cases[i].seen);
		else
			snprintf(wanted, sizeof(wanted), "changed name=1:a");
		if (strncmp(seen.bytes, wanted, strlen(wanted)) != 0)
			fail_msg("%s\ngives %snot %s", cases[i].item, seen.bytes, wanted);
		assert_non_null(strstr(seen.bytes, "changed name=4:good"));
		assert_int_equal(stats.skipped, cases[i].seen ? 1 : 0);
		assert_int_equal(stats.events, 2);
		text_free(&answer);
		text_free(&seen);
	}
}

static void test_names_of_broken_items(void **state)
{
	static const struct {
		const char *text, *name;
	} cases[] = {
		{"{\"metadata\":{\"name\":\"node-1.example\"", "node-1.example"},
		{"{\"metadata\":{\"name\":\"node", NULL},
		{"{\"metadata\":{\"name\":\"\"", NULL},
		{"{\"metadata\":{\"name\":\"a b\"},\"name\":\"c\"", "c"},
		{"{\"x\":\"\\\"name\\\":\\\"no\\\"\"", NULL},
		{"{\"name\":7", NULL},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char name[20] = "";
		bool found = json_find_name(cases[i].text, strlen(cases[i].text), name,
		                            sizeof(name));

		assert_int_equal(found, cases[i].name != NULL);
		assert_string_equal(name, cases[i].name ? cases[i].name : "");
	}
	assert_false(json_find_name(NULL, 0, (char[2]){0}, 2));
	assert_false(json_find_name("\"name\":\"long\"", 13, (char[4]){0}, 4));
}

static void test_members_of_one_object(void **state)
{
	static const struct {
		unsigned members;
		const char *fault; /* NULL: it is good */
	} cases[] = {
		{JSON_MEMBERS_MAX, NULL},
		{JSON_MEMBERS_MAX + 1, "an object has more than 1,024 members"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[32 * 1024] = "[{\"annotations\":{\"0\":0";
		char fault[JSON_FAULT_MAX];
		size_t length = strlen(text);
		cJSON *value;

		for (unsigned member = 1; member < cases[i].members; member++)
			length += (size_t)snprintf(text + length, sizeof(text) - length,
			                           ",\"%u\":0", member);
		length += (size_t)snprintf(text + length, sizeof(text) - length, "}}]");
		value = json_parse_strict(text, length, fault);
		assert_int_equal(value == NULL, cases[i].fault != NULL);
		if (!value)
			assert_string_equal(fault, cases[i].fault);
		cJSON_Delete(value);
	}
}

static void test_utf8(void **state)
{
	static const struct {
		const char *text;
		bool valid;
	} cases[] = {
		{"", true},
		{"a\x7f", true},
		{"\xc2\x80", true},
		{"\xdf\xbf", true},
		{"\xe0\xa0\x80", true},
		{"\xed\x9f\xbf", true},
		{"\xee\x80\x80", true},
		{"\xf0\x90\x80\x80", true},
		{"\xf4\x8f\xbf\xbf", true},
		{"\x80", false},
		{"\xc1\xbf", false},
		{"\xc2", false},
		{"\xc2\x41", false},
		{"\xc2\xc2\x80", false},
		{"\xe0\x9f\xbf", false},
		{"\xe1\x80", false},
		{"\xe1\x80\x7f", false},
		{"\xed\xa0\x80", false},
		{"\xf0\x8f\xbf\xbf", false},
		{"\xf1\x80\x80\xc0", false},
		{"\xf4\x90\x80\x80", false},
		{"\xf5\x80\x80\x80", false},
		{"\xff", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(utf8_is_valid(cases[i].text, strlen(cases[i].text)),
		                 cases[i].valid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_items),
		cmocka_unit_test(test_names_of_broken_items),
		cmocka_unit_test(test_members_of_one_object),
		cmocka_unit_test(test_utf8),
	};

	return cmocka_run_group_tests(tests, make_keys, NULL);
}
