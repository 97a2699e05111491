/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A template of the CNI configuration: what is refused is refused with a sentence; what is filled
 * has no placeholder left, so that it fills into itself.
 */
#include <stdlib.h>

#include "daemon/cni_conf.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size), *filled = NULL, *again = NULL;
	struct cni_conf conf = {.mtu = 1500};
	struct error err = {0};
	int result;

	assert_true(prefix_parse("10.244.0.0/16", &conf.network[IP_V4]));
	assert_true(prefix_parse("10.244.7.0/24", &conf.own[IP_V4]));
	result = cni_conf_fill(text, "cni-conf.json", &conf, &filled, &err);
	fuzz_check_result(result, &err);
	if (result == 0) {
		assert_int_equal(cni_conf_fill(filled, "again", &conf, &again, &err), 0);
		assert_string_equal(filled, again);
	}
	free(again);
	free(filled);
	free(text);
	return 0;
}
