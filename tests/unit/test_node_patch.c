/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include <cjson/cJSON.h>

#include "k8s/node_patch.h"

#define CONDITION                                                                            \
	"\"status\":{\"conditions\":[{\"type\":\"NetworkUnavailable\",\"status\":\"False\"," \
	"\"reason\":\"FlannelIsUp\",\"message\":\"Flannel is running on this node\","        \
	"\"lastTransitionTime\":\"2024-02-20T14:31:24Z\","                                   \
	"\"lastHeartbeatTime\":\"2024-02-20T14:31:24Z\"}]}"

static void test_patches(void **state)
{
	static const struct {
		struct kube_node_patch patch;
		const char *json;
	} cases[] = {
		{{.network_available = true}, "{" CONDITION "}"},
		{{.annotations = {[NODE_ANNOTATION_BACKEND_TYPE] = "host-gw",
	                          [NODE_ANNOTATION_BACKEND_DATA] = "null",
	                          [NODE_ANNOTATION_PUBLIC_IP] = "192.168.2.44"}},
	         "{\"metadata\":{\"annotations\":{\"p/backend-type\":\"host-gw\","
	         "\"p/backend-data\":\"null\",\"p/public-ip\":\"192.168.2.44\"}}}"},
		{{.forget = true},
	         "{\"metadata\":{\"annotations\":{\"p/kube-subnet-manager\":null,"
	         "\"p/backend-type\":null,\"p/backend-data\":null,\"p/backend-v6-data\":null,"
	         "\"p/public-ip\":null,\"p/public-ipv6\":null}}}"},
		{{.annotations = {[NODE_ANNOTATION_SUBNET_MANAGER] = "a\"b"},
	          .network_available = true},
	         "{\"metadata\":{\"annotations\":{\"p/kube-subnet-manager\":\"a\\\"b\"}}," CONDITION
	         "}"},
	};
	struct node_keys keys;
	struct error err;

	(void)state;
	assert_int_equal(node_keys_init(&keys, "p", &err), 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *json = node_patch_json(&cases[i].patch, &keys, 1708439484);

		assert_string_equal(json, cases[i].json);
		cJSON_free(json);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
