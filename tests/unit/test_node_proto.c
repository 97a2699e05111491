/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Protobuf that is broken, in an item or around it, and the counters of a node stream. */
#include "check.h"

#include <errno.h>
#include <stdlib.h>

#include "k8s/kube_status.h"
#include "seen_events.h"

/* A text with its length: bytes may be zero. */
#define BYTES(text) text, sizeof(text) - 1

static struct node_keys keys;

static int make_keys(void **state)
{
	struct error err;

	(void)state;
	return node_keys_init(&keys, "flannel.alpha.coreos.com", &err);
}

static void add_named(struct text *list, const char *name)
{
	struct text node = {0}, metadata = {0};

	proto_add_text(&metadata, 1, name);
	proto_add_message(&node, 1, &metadata);
	proto_add_message(list, 2, &node);
}

/* In one piece, and byte by byte. */
static void expect(enum node_stream_kind kind, const struct text *answer, const char *wanted)
{
	for (size_t step = 1; step <= answer->length + 1; step += answer->length) {
		struct text seen = {0};

		seen_run(&seen, kind, PROTOBUF_TYPE, &keys, answer,
		         (struct pieces){step, step, NULL}, NULL);
		if (!strstr(seen.bytes, wanted))
			fail_msg("\n%sdoes not hold\n%s", seen.bytes, wanted);
		text_free(&seen);
		if (answer->length == 0)
			break;
	}
}

static void test_bad_items_are_skipped(void **state)
{
	/* The items begin at byte 24. */
	static const struct {
		const char *item;
		size_t length;
		const char *why;
	} cases[] = {
		{BYTES(""), "byte 24: a node without a name"},
		{BYTES("\x0a\x02\x0a\x00"), "byte 28: a node without a name"},
		{BYTES("\x0b"), "byte 25: a group, which"},
		{BYTES("\x0c"), "byte 25: a group, which"},
		{BYTES("\x0f"), "byte 25: a field of unknown wire type"},
		{BYTES("\x00"), "byte 25: no field has such a number"},
		{BYTES("\x80\x80\x80\x80\x10"), "byte 29: no field has such a number"},
		{BYTES("\x0a"), "byte 25: a message breaks off within a field"},
		{BYTES("\xfa"), "byte 25: a message breaks off within a field"},
		{BYTES("\x20\x80"), "byte 26: a message breaks off within a field"},
		{BYTES("\x0a\x05\x0a\x01"
	               "a"),
	         "byte 26: a value is longer than the message that holds it"},
		{BYTES("\x0a\x03\x0a\x05"
	               "abcde"),
	         "byte 28: a value is longer than the message that holds it"},
		{BYTES("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
	         "byte 34: a value is longer than"},
		{BYTES("\x21\x01"), "byte 25: a value is longer than"},
		{BYTES("\x20\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
	         "byte 35: a number has more than 64 bits"},
		{BYTES("\x0a\x03\x0a\x01\xff"), "byte 29: a text is not UTF-8"},
		{BYTES("\x0a\x04\x0a\x02"
	               "a\x00"),
	         "byte 30: a text holds a NUL byte"},
		{BYTES("\x0a\x03\x0a\x01"
	               "a"
	               "\x12\x7f"),
	         "node a: a value is longer than"},
		{BYTES("\x0a\x03\x0a\x01"
	               "a"
	               "\x12\x03\x0a\x01\xc3"),
	         "node a: a text is not UTF-8"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct text list = {0}, answer = {0};
		char wanted[512];

		proto_add_varint(&list, 2 << 3 | 2);
		proto_add_varint(&list, cases[i].length);
		add_bytes(&list, cases[i].item, cases[i].length);
		add_named(&list, "good");
		proto_add_unknown(&answer, "NodeList", &list);
		snprintf(wanted, sizeof(wanted), "skipped %s", cases[i].why);
		expect(NODE_STREAM_LIST, &answer, wanted);
		expect(NODE_STREAM_LIST, &answer,
		       "\nchanged name=4:good created=0 available=0\nwhole");
		text_free(&answer);
	}
}

static void test_broken_lists_fail(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
		const char *why;
	} cases[] = {
		{BYTES(""), "failed byte 0: the answer breaks off here"},
		{BYTES("k8"), "failed byte 2: the answer breaks off here"},
		{BYTES("k8s\x00"), "failed there is no list in the answer"},
		{BYTES("k8s\x00\x0a"), "failed byte 5: the answer breaks off here"},
		{BYTES("{\"a\":1}"), "failed byte 0: this is no Kubernetes object"},
		{BYTES("k8s\x00\x12\x00"), "failed byte 6: a NodeList is expected, not \"\""},
		{BYTES("k8s\x00\x0a\x08\x12\x06Status\x12\x00"),
	         "failed byte 16: a NodeList is expected, not \"Status\""},
		{BYTES("k8s\x00\x0a\x0a\x12\x08NodeList\x12\x00"), "whole"},
		{BYTES("k8s\x00\x0a\x0a\x12\x08NodeList\x12\x01\x0b"),
	         "failed byte 19: a group, which Kubernetes does not use"},
		{BYTES("k8s\x00\x0a\x0a\x12\x08NodeList\x12\x03\x0a\x02\x12"),
	         "failed byte 20: a value is longer"},
		{BYTES("k8s\x00\x0a\x0a\x12\x08NodeList\x12\x04\x0a\x02\x12\x05"),
	         "failed byte 22: a value is longer"},
		{BYTES("k8s\x00\x0a\x0a\x12\x08NodeList\x12\x05\x0a\x03\x12\x01\xff"),
	         "failed byte 23: a text is not UTF-8"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct text answer = {0};

		add_bytes(&answer, cases[i].bytes, cases[i].length);
		expect(NODE_STREAM_LIST, &answer, cases[i].why);
		text_free(&answer);
	}
}

static void add_event(struct text *answer, const char *type, const char *kind, const char *name)
{
	struct text node = {0}, metadata = {0};

	proto_add_text(&metadata, 1, name);
	proto_add_text(&metadata, 6, "9");
	proto_add_message(&node, 1, &metadata);
	proto_add_event(answer, type, kind, &node);
}

static void test_bad_events_are_skipped(void **state)
{
	static const struct {
		const char *type, *kind, *name, *why;
	} cases[] = {
		{"ODD", "Node", "a", "node a: an event of unknown type"},
		{"", "Node", "a", "node a: an event of unknown type"},
		{"ADDED", "Node", "", "byte 44: a node without a name"},
		{"ADDED", "Pod", "a", "byte 32: a Node is expected, not \"Pod\""},
		{"ADDED", "Status", "a", "byte 47: an event whose object is not of its type"},
		{"ERROR", "Node", "a", "node a: an event whose object is not of its type"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct text answer = {0};
		char wanted[256];

		add_event(&answer, cases[i].type, cases[i].kind, cases[i].name);
		add_event(&answer, "DELETED", "Node", "good");
		snprintf(wanted, sizeof(wanted), "skipped %s\nremoved good\nversion 9\nwhole",
		         cases[i].why);
		expect(NODE_STREAM_WATCH, &answer, wanted);
		text_free(&answer);
	}
}

static void test_broken_watches_fail(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
		const char *why;
	} cases[] = {
		{BYTES(""), "whole"},
		{BYTES("\x00\x00\x00"), "failed byte 3: the answer breaks off here"},
		{BYTES("\x00\x00\x00\x00"), "skipped byte 4: an event of unknown type\nwhole"},
		{BYTES("\x00\x00\x00\x05\x0a"), "failed byte 5: the answer breaks off here"},
		{BYTES("<html>"), "failed byte 4: an event cannot be that long"},
		{BYTES("\x01\x00\x00\x01"), "failed byte 4: an event cannot be that long"},
		{BYTES("\x01\x00\x00\x00"), "failed byte 4: the answer breaks off here"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct text answer = {0};

		add_bytes(&answer, cases[i].bytes, cases[i].length);
		expect(NODE_STREAM_WATCH, &answer, cases[i].why);
		text_free(&answer);
	}
}

/* Twice the limit is nothing where nobody reads it, and too much where it would be kept. */
static void test_item_limit(void **state)
{
	struct text list = {0}, answer = {0}, node = {0}, metadata = {0}, long_text = {0};

	(void)state;
	for (size_t i = 0; i < 2 * 1024 * 1024 / 16; i++)
		add_text(&long_text, "0123456789abcdef");
	proto_add_text(&metadata, 1, "a");
	proto_add_text(&metadata, 17, long_text.bytes);
	proto_add_message(&node, 1, &metadata);
	proto_add_message(&list, 2, &node);
	proto_add_text(&metadata, 1, "b");
	proto_add_text(&metadata, 6, long_text.bytes);
	proto_add_message(&node, 1, &metadata);
	proto_add_message(&list, 2, &node);
	add_named(&list, "good");
	proto_add_unknown(&answer, "NodeList", &list);
	for (size_t step = 100; step < 10000000; step *= 1000) {
		struct text seen = {0};

		seen_run(&seen, NODE_STREAM_LIST, PROTOBUF_TYPE, &keys, &answer,
		         (struct pieces){step, step, NULL}, NULL);
		assert_non_null(strstr(seen.bytes, "changed name=1:a"));
		assert_non_null(strstr(seen.bytes, "skipped node b: the item is"));
		assert_non_null(strstr(seen.bytes, "larger than 1 MiB\nchanged name=4:good"));
		text_free(&seen);
	}
	text_free(&long_text);
	text_free(&answer);
}

static void add_heartbeats(struct text *json, struct text *proto, size_t count)
{
	static const char *const names[] = {"a", "b"};

	for (size_t i = 0; i < count; i++) {
		char text[256];

		snprintf(text, sizeof(text),
		         "{\"type\":\"MODIFIED\",\"object\":{\"metadata\":{\"name\":\"%s\","
		         "\"resourceVersion\":\"9\"},\"status\":{\"conditions\":[{\"type\":"
		         "\"Ready\",\"lastHeartbeatTime\":\"%zu\"}]}}}\n",
		         names[i % 2], i);
		add_text(json, text);
		add_event(proto, "MODIFIED", "Node", names[i % 2]);
	}
}

static void test_heartbeats_end_in_the_decoder(void **state)
{
	struct text answers[2] = {{0}, {0}};
	static const char *const types[] = {JSON_TYPE, PROTOBUF_TYPE};

	(void)state;
	add_heartbeats(&answers[0], &answers[1], 1000);
	for (size_t i = 0; i < 2; i++) {
		struct kube_watch_stats stats = {0};
		struct text seen = {0};

		seen_run(&seen, NODE_STREAM_WATCH, types[i], &keys, &answers[i],
		         (struct pieces){0, 1000, NULL}, &stats);
		assert_int_equal(stats.events, 1000);
		assert_int_equal(stats.changed, 2);
		assert_int_equal(stats.unchanged, 998);
		assert_int_equal(stats.skipped, 0);
		assert_int_equal(stats.watches, 1);
		assert_int_equal(stats.lists, 0);
		assert_int_equal(stats.bytes, answers[i].length);
		assert_int_equal(stats.format, i == 0 ? KUBE_FORMAT_JSON : KUBE_FORMAT_PROTOBUF);
		text_free(&seen);
		text_free(&answers[i]);
	}
}

static void test_content_types(void **state)
{
	static const struct {
		const char *type;
		enum kube_format format; /* ANY: nothing here reads it */
	} cases[] = {
		{"application/json", KUBE_FORMAT_JSON},
		{"Application/JSON; charset=utf-8", KUBE_FORMAT_JSON},
		{"application/json;stream=watch", KUBE_FORMAT_JSON},
		{"application/vnd.kubernetes.protobuf", KUBE_FORMAT_PROTOBUF},
		{"application/vnd.kubernetes.protobuf;stream=watch", KUBE_FORMAT_PROTOBUF},
		{"application/jsonp", KUBE_FORMAT_ANY},
		{"application/vnd.kubernetes.protobuf+x", KUBE_FORMAT_ANY},
		{"text/html", KUBE_FORMAT_ANY},
		{"", KUBE_FORMAT_ANY},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct kube_watch_stats stats = {0};
		struct node_stream_base base = {.keys = &keys, .stats = &stats};
		struct node_stream_events events = {0};
		struct node_stream *stream = NULL;
		struct error err;
		int result = node_stream_new(NODE_STREAM_LIST, cases[i].type, &base, &events,
		                             &stream, &err);

		assert_int_equal(result, cases[i].format == KUBE_FORMAT_ANY ? -EPROTO : 0);
		assert_int_equal(stats.format, cases[i].format);
		node_stream_free(stream);
	}
}

static void test_refusals(void **state)
{
	static const struct {
		const char *body;
		size_t length;
		const char *message;
	} cases[] = {
		{BYTES("k8s\x00\x0a\x08\x12\x06Status\x12\x08\x0a\x00\x1a\x02no\x30\x05"), "no"},
		{BYTES("k8s\x00\x12\x04\x1a\x02no"), "no"},
		{BYTES("k8s\x00\x12\x04\x1a\x02n"), "n"},
		{BYTES("k8s\x00"), ""},
		{BYTES("k8s\x00\xff\xff"), ""},
		{BYTES("{\"kind\":\"Status\",\"message\":\"no\"}"), "no"},
		{BYTES("{\"kind\":\"Status\"}"), ""},
		{BYTES("not found\r\n<more>"), "not found"},
		{BYTES("not found"), "not found"},
		{BYTES("no; ask Bob"), "no, ask Bob"},
		{BYTES("{\"message\":\"no; ask Bob\"}"), "no, ask Bob"},
		{BYTES(""), ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *message = kube_status_message(cases[i].body, cases[i].length);

		assert_string_equal(message, cases[i].message);
		free(message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_items_are_skipped),
		cmocka_unit_test(test_broken_lists_fail),
		cmocka_unit_test(test_bad_events_are_skipped),
		cmocka_unit_test(test_broken_watches_fail),
		cmocka_unit_test(test_item_limit),
		cmocka_unit_test(test_heartbeats_end_in_the_decoder),
		cmocka_unit_test(test_content_types),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, make_keys, NULL);
}
