/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is told to others: subnet.env, whole files, the own Node. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "daemon/file.h"
#include "daemon/own_node.h"
#include "daemon/subnet_file.h"

static void test_subnet_file(void **state)
{
	static const struct {
		const char *network[IP_FAMILIES], *own[IP_FAMILIES];
		uint32_t mtu;
		bool masquerade;
		const char *text;
	} cases[] = {
		{{"10.1.0.0/16", NULL},
	         {"10.1.0.0/24", NULL},
	         1500,
	         true,
	         "FLANNEL_NETWORK=10.1.0.0/16\nFLANNEL_SUBNET=10.1.0.1/24\n"
	         "FLANNEL_MTU=1500\nFLANNEL_IPMASQ=true\n"},
		{{"10.1.0.0/16", "fd00:1::/48"},
	         {"10.1.7.0/24", "fd00:1:0:7::/64"},
	         9000,
	         false,
	         "FLANNEL_NETWORK=10.1.0.0/16\nFLANNEL_SUBNET=10.1.7.1/24\n"
	         "FLANNEL_IPV6_NETWORK=fd00:1::/48\nFLANNEL_IPV6_SUBNET=fd00:1:0:7::1/64\n"
	         "FLANNEL_MTU=9000\nFLANNEL_IPMASQ=false\n"},
		{{NULL, "fd00:1::/48"},
	         {NULL, "fd00:1:0:7::/64"},
	         1280,
	         true,
	         "FLANNEL_IPV6_NETWORK=fd00:1::/48\nFLANNEL_IPV6_SUBNET=fd00:1:0:7::1/64\n"
	         "FLANNEL_MTU=1280\nFLANNEL_IPMASQ=true\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct subnet_file file = {.mtu = cases[i].mtu, .ip_masq = cases[i].masquerade};
		char text[SUBNET_FILE_TEXT_MAX];

		for (int j = 0; j < IP_FAMILIES; j++) {
			file.network[j] = make_prefix(cases[i].network[j]);
			file.own[j] = make_prefix(cases[i].own[j]);
		}
		assert_string_equal(subnet_file_print(&file, text), cases[i].text);
	}
}

static void test_file_write(void **state)
{
	char folder[] = "/tmp/hgt-file-XXXXXX", path[128], inner[64], *text;
	struct stat first, second;
	struct error err;
	size_t length;
	bool changed;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(inner, sizeof(inner), "%s/run", folder);
	snprintf(path, sizeof(path), "%s/subnet.env", inner);
	assert_int_equal(file_write(path, "one\n", &changed, &err), 0);
	assert_true(changed);
	assert_int_equal(stat(path, &first), 0);
	assert_int_equal(first.st_mode & 07777, 0644);

	/* the same text: not even touched */
	assert_int_equal(file_write(path, "one\n", &changed, &err), 0);
	assert_false(changed);
	assert_int_equal(stat(path, &second), 0);
	assert_int_equal(first.st_ino, second.st_ino);

	/* a prefix of the old text, and the old text a prefix of the new */
	assert_int_equal(file_write(path, "on", &changed, &err), 0);
	assert_true(changed);
	assert_int_equal(file_write(path, "one more\n", &changed, &err), 0);
	assert_true(changed);
	assert_int_equal(file_read(path, 100, &text, &length, &err), 0);
	assert_string_equal(text, "one more\n");
	free(text);
	assert_true(file_read(path, 3, &text, &length, &err) < 0);

	/* a folder that cannot be made: the path is in the error */
	assert_true(file_write("/proc/nowhere/x", "x", &changed, &err) < 0);
	assert_non_null(strstr(err.text, "/proc/nowhere/x"));
	assert_true(file_check_target(inner, &err) < 0);
	assert_true(file_check_target("/dev/null", &err) < 0);
	assert_true(file_check_target("", &err) < 0);
	assert_int_equal(file_check_target(path, &err), 0);
	assert_true(file_write("/dev/null", "x", &changed, &err) < 0);
	assert_true(file_read("/dev/null", 100, &text, &length, &err) < 0);
	unlink(path);
	assert_int_equal(rmdir(inner), 0); /* nothing temporary was left */
	rmdir(folder);
}

static void test_own_node_fresh(void **state)
{
	struct node_record record = {.name = "n"};
	const struct ip_addr public_ip[IP_FAMILIES] = {make_ip("192.168.2.44")};
	struct own_node own = {0};
	struct own_node_texts texts;
	struct kube_node_patch patch;

	(void)state;
	assert_int_equal(own_node_update(&own, &record), 0);
	assert_true(own_node_difference(&own, public_ip, false, &texts, &patch));
	assert_string_equal(patch.annotations[NODE_ANNOTATION_SUBNET_MANAGER], "true");
	assert_string_equal(patch.annotations[NODE_ANNOTATION_BACKEND_TYPE], "host-gw");
	assert_string_equal(patch.annotations[NODE_ANNOTATION_BACKEND_DATA], "null");
	assert_string_equal(patch.annotations[NODE_ANNOTATION_PUBLIC_IP], "192.168.2.44");
	assert_null(patch.annotations[NODE_ANNOTATION_PUBLIC_IPV6]);
	assert_null(patch.annotations[NODE_ANNOTATION_BACKEND_V6_DATA]);
	assert_false(patch.network_available);

	/* accepted: nothing is left but the condition, once ready */
	assert_int_equal(own_node_patched(&own, &patch), 0);
	assert_false(own_node_difference(&own, public_ip, false, &texts, &patch));
	assert_true(own_node_difference(&own, public_ip, true, &texts, &patch));
	assert_true(patch.network_available);
	assert_null(patch.annotations[NODE_ANNOTATION_PUBLIC_IP]);
	own_node_patched(&own, &patch);
	assert_false(own_node_difference(&own, public_ip, true, &texts, &patch));
	own_node_forget(&own);
}

/* Only what differs is patched: a restart sends nothing. */
static void test_own_node_differences(void **state)
{
	struct node_record record = {.name = "n", .network_available = true};
	const struct ip_addr public_ip[IP_FAMILIES] = {make_ip("192.168.2.44"),
	                                               make_ip("fd00::44")};
	struct own_node own = {0};
	struct own_node_texts texts;
	struct kube_node_patch patch;

	(void)state;
	record.annotations[NODE_ANNOTATION_SUBNET_MANAGER] = "true";
	record.annotations[NODE_ANNOTATION_BACKEND_TYPE] = "vxlan";
	record.annotations[NODE_ANNOTATION_BACKEND_DATA] = "null";
	record.annotations[NODE_ANNOTATION_BACKEND_V6_DATA] = "null";
	record.annotations[NODE_ANNOTATION_PUBLIC_IP] = "192.168.2.44";
	record.annotations[NODE_ANNOTATION_PUBLIC_IPV6] = "fd00::99";
	own_node_update(&own, &record);
	assert_true(own_node_difference(&own, public_ip, true, &texts, &patch));
	assert_string_equal(patch.annotations[NODE_ANNOTATION_BACKEND_TYPE], "host-gw");
	assert_string_equal(patch.annotations[NODE_ANNOTATION_PUBLIC_IPV6], "fd00::44");
	assert_null(patch.annotations[NODE_ANNOTATION_SUBNET_MANAGER]);
	assert_null(patch.annotations[NODE_ANNOTATION_PUBLIC_IP]);
	assert_false(patch.network_available);
	own_node_forget(&own);
}

static void test_public_ip_overwrite(void **state)
{
	const struct ip_addr detected = make_ip("192.168.2.44");
	struct node_record record = {.name = "n"};
	struct own_node own = {0};
	struct ip_addr addr;

	(void)state;
	addr = own_node_public_ip(&own, IP_V4, &detected);
	assert_true(ip_equal(&addr, &detected));
	record.annotations[NODE_ANNOTATION_PUBLIC_IP_OVERWRITE] = "10.9.9.9";
	own_node_update(&own, &record);
	addr = own_node_public_ip(&own, IP_V4, &detected);
	assert_int_equal(addr.bytes[0], 10);
	record.annotations[NODE_ANNOTATION_PUBLIC_IP_OVERWRITE] = "fd00::9"; /* wrong family */
	own_node_update(&own, &record);
	addr = own_node_public_ip(&own, IP_V4, &detected);
	assert_true(ip_equal(&addr, &detected));
	own_node_forget(&own);
}

static void test_asked_address(void **state)
{
	struct node_record record = {.name = "n"};
	struct own_node own = {0};
	struct ip_addr addr, wanted;

	(void)state;
	assert_int_equal(own_node_asked_ip(&own, IP_V4).family, 0);
	record.annotations[NODE_ANNOTATION_NODE_PUBLIC_IP] = "192.168.2.45";
	record.annotations[NODE_ANNOTATION_NODE_PUBLIC_IPV6] = "192.168.2.46"; /* wrong family */
	own_node_update(&own, &record);
	addr = own_node_asked_ip(&own, IP_V4);
	wanted = make_ip("192.168.2.45");
	assert_true(ip_equal(&addr, &wanted));
	assert_int_equal(own_node_asked_ip(&own, IP_V6).family, 0);
	record.annotations[NODE_ANNOTATION_NODE_PUBLIC_IP] = "nowhere";
	record.annotations[NODE_ANNOTATION_NODE_PUBLIC_IPV6] = "fd00::45";
	own_node_update(&own, &record);
	assert_int_equal(own_node_asked_ip(&own, IP_V4).family, 0);
	assert_int_equal(own_node_asked_ip(&own, IP_V6).family, AF_INET6);
	own_node_forget(&own);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_subnet_file),
		cmocka_unit_test(test_file_write),
		cmocka_unit_test(test_own_node_fresh),
		cmocka_unit_test(test_own_node_differences),
		cmocka_unit_test(test_public_ip_overwrite),
		cmocka_unit_test(test_asked_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
