/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include <errno.h>
#include <stdlib.h>

#include "hostgw/node_list.h"
#include "k8s/text.h"
#include "kube_samples.h"

#define PREFIX "flannel.alpha.coreos.com"

/* One line a node: name, created, pod CIDRs, addresses, backend type. */
static int describe(void *ctx, const struct node_record *record, struct error *err)
{
	const char *backend = record->annotations[NODE_ANNOTATION_BACKEND_TYPE];
	char line[1024];
	size_t used = (size_t)snprintf(line, sizeof(line), "%s %lld", record->name,
	                               (long long)record->created);

	(void)err;
	for (size_t i = 0; i < record->pod_cidr_count; i++)
		used += (size_t)snprintf(line + used, sizeof(line) - used, " %s",
		                         record->pod_cidrs[i]);
	for (size_t i = 0; i < record->address_count; i++)
		used += (size_t)snprintf(line + used, sizeof(line) - used, " via %s",
		                         record->addresses[i]);
	used += (size_t)snprintf(line + used, sizeof(line) - used, "%s%s\n", backend ? " " : "",
	                         backend ? backend : "");
	return text_append(ctx, line, used, 1024 * 1024);
}

/* The text lies in memory of exactly its size: the sanitizer sees a read beyond it. */
static int read_list(const char *text, struct text *seen, struct error *err)
{
	size_t length = strlen(text);
	char *copy = malloc(length ? length : 1);
	int result;

	assert_non_null(copy);
	memcpy(copy, text, length);
	result = node_list_read(copy, length, PREFIX, describe, seen, err);
	free(copy);
	return result;
}

static void test_forms(void **state)
{
	static const struct {
		const char *text, *seen;
	} cases[] = {
		{"[" SAMPLE_NODE_A "," SAMPLE_NODE_B "]",
	         "node-a 1708439484 10.1.0.0/24 fd00:1::/64 via 192.168.2.44 via 2001:db8::44 host-gw\n"
	         "node-b 0 10.1.1.0/24\n"},
		{"{\"kind\":\"List\",\"items\":[{\"kind\":\"Node\",\"metadata\":{\"name\":\"n\"}}]}",
	         "n 0\n"},
		{"[]", ""},
		{"{\"items\":[]}", ""},
		{"\xef\xbb\xbf []", ""},
		{"items: []\n", ""},
		{"- name: a\n  podCIDR: 10.1.0.0/24\n  address: 192.168.2.44\n"
	         "- {name: b, podCIDRs: [10.1.1.0/24, 'fd00::/64'], addresses: [192.168.2.45]}\n",
	         "a 0 10.1.0.0/24 via 192.168.2.44\nb 0 10.1.1.0/24 fd00::/64 via 192.168.2.45\n"},
		{"[{\"name\":\"a\",\"podCIDR\":\"10.1.0.0/24\",\"address\":\"192.168.2.44\"}]",
	         "a 0 10.1.0.0/24 via 192.168.2.44\n"},
		{"apiVersion: v1\n"
	         "items:\n"
	         "- apiVersion: v1\n"
	         "  kind: Node\n"
	         "  metadata:\n"
	         "    annotations:\n"
	         "      flannel.alpha.coreos.com/backend-type: host-gw\n"
	         "      note: \"a: b # c\"\n"
	         "    creationTimestamp: \"2024-02-20T14:31:24Z\"\n"
	         "    name: worker1\n"
	         "  spec:\n"
	         "    podCIDR: 10.1.4.0/24\n"
	         "    podCIDRs:\n"
	         "    - 10.1.4.0/24\n"
	         "  status:\n"
	         "    addresses:\n"
	         "    - address: 192.168.2.45\n"
	         "      type: InternalIP\n"
	         "    images:\n"
	         "    - names: [a, b]\n"
	         "      sizeBytes: 1\n"
	         "kind: List\n"
	         "metadata:\n"
	         "  resourceVersion: \"\"\n",
	         "worker1 1708439484 10.1.4.0/24 via 192.168.2.45 host-gw\n"},
		{"items:\n- metadata: {name: a, creationTimestamp: 2024-02-20T14:31:24Z}\n",
	         "a 1708439484\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct text seen = {0};
		struct error err = {0};

		if (read_list(cases[i].text, &seen, &err) < 0)
			fail_msg("%s\n%s", cases[i].text, err.text);
		assert_string_equal(seen.bytes ? seen.bytes : "", cases[i].seen);
		text_free(&seen);
	}
}

static void test_errors(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{"", "the text is empty"},
		{"\n\n", "the text is empty"},
		{"# nothing\n", "the text is empty"},
		{"hello", "line 1: a list with a member \"items\" is expected"},
		{"{\"kind\":\"Node\",\"metadata\":{\"name\":\"a\"}}",
	         "there is no member \"items\""},
		{"kind: List\n", "there is no member \"items\""},
		{"items: 5\n", "line 1: \"items\" must be an array"},
		{"{\n\"items\": [\n{\"name\": \"a\"}\n{\"name\": \"b\"}\n]}",
	         "line 4, column 1: ',' or ']' is expected here, not '{'"},
		{"[{\"name\": \"a\"},\n]", "line 2, column 1: an object is expected here"},
		{"[{\"name\": \"a\",\n \"labels\": {\"x\" 1}}]",
	         "line 2, column 17: ':' is expected after a member's name"},
		{"[{\"name\": \"a\",\n \"podCIDR: \"b\"}]", "line 2, column 13: ':' is expected"},
		{"[{\"name\": \"a\n\"}]", "line 1, column 13: a string holds a control character"},
		{"[{\"name\": \"a\"}", "line 1: the text breaks off here"},
		{"[{\"name\": \"a\"}]\nx", "line 2, column 1: the list is over, but more text"},
		{"[{\"name\": \"a\"},\n{\"podCIDR\": \"b\"}]", "line 2: this node has no name"},
		{"[{\"name\": \"\"}]", "line 1: this node's name is empty"},
		{"[{\"name\": \"\\ud800\"}]", "line 1: a \\u escape is an unpaired surrogate"},
		{"[{\"name\": \"a\", \"name\": \"b\"}]",
	         "line 1: \"name\" occurs twice in one object"},
		{"[\n\n5]", "line 3, column 1: an object is expected here, not '5'"},
		{"- name: a\n- podCIDR: b\n", "line 2: this node has no name"},
		{"- name: a\n\n- name: 7\n",
	         "line 3: this node's name is not a text (put it in quotes)"},
		{"items:\n- metadata:\n    name: a\n- metadata:\n    annotations: {}\n",
	         "line 4: this node has no name"},
		{"- name: a\n- b\n", "line 2: an object is expected here"},
		{"- name: a\n  podCIDR: b\n  podCIDR: c\n", "line 1: \"podCIDR\" occurs twice"},
		{"- name: a\n podCIDR: b\n", "line 2, column 2: "},
		{"- name: a\n  podCIDR: *b\n", "line 2, column 12: anchors and aliases"},
		{"items:\n- kind: Pod\n  metadata: {name: a}\n",
	         "line 2: this is a Pod, only Nodes are read"},
		{"items: []\n---\nitems: []\n", "line 2, column 1: a second document"},
		{"items: []\nitems: []\n", "line 2: the list has two members \"items\""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct text seen = {0};
		struct error err = {0};

		assert_int_equal(read_list(cases[i].text, &seen, &err), -EINVAL);
		if (!strstr(err.text, cases[i].why))
			fail_msg("%s\ngives %s\nnot %s", cases[i].text, err.text, cases[i].why);
		text_free(&seen);
	}
}

/* Cut off anywhere, a list is an error: half a file must not pass for a short one. */
static void test_cut_lists_fail(void **state)
{
	static const char whole[] = "{\"items\":[" SAMPLE_NODE_A "," SAMPLE_NODE_B "]}";

	(void)state;
	for (size_t length = 0; length < sizeof(whole) - 1; length++) {
		struct text seen = {0};
		struct error err;

		assert_int_equal(node_list_read(whole, length, PREFIX, describe, &seen, &err),
		                 -EINVAL);
		text_free(&seen);
	}
}

static int stop(void *ctx, const struct node_record *record, struct error *err)
{
	(void)ctx;
	return error_set(err, EDOM, "stop at %s", record->name);
}

static void test_visitor_ends_reading(void **state)
{
	static const char *const texts[] = {"[{\"name\":\"a\"},{\"name\":\"b\"}]",
	                                    "- name: a\n- name: b"};
	struct error err;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		assert_int_equal(
			node_list_read(texts[i], strlen(texts[i]), PREFIX, stop, NULL, &err),
			-EDOM);
		assert_string_equal(err.text, "stop at a");
	}
	assert_int_equal(node_list_read("[]", 2, "a/b/c", stop, NULL, &err), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_cut_lists_fail),
		cmocka_unit_test(test_visitor_ends_reading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
