/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net-conf.json: what is refused is refused with a sentence, and a network that is taken is a
 * prefix of its family.
 */
#include <stdlib.h>

#include "daemon/net_conf.h"
#include "fuzz.h"

static void check_warning(void *ctx, const char *text)
{
	(void)ctx;
	assert_string_not_equal(text, "");
}

static void check_conf(const struct net_conf *conf)
{
	bool any = false;

	for (size_t i = 0; i < IP_FAMILIES; i++) {
		const struct prefix *network = &conf->network[i];

		if (network->addr.family == 0)
			continue;
		any = true;
		assert_int_equal(network->addr.family, ip_family((enum ip_family_index)i));
		assert_true(network->length <= ip_bits(network->addr.family));
	}
	assert_true(any);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size);
	struct net_conf conf;
	struct error err = {0};
	int result = net_conf_parse(text, size, "net-conf.json", &conf, check_warning, NULL, &err);

	fuzz_check_result(result, &err);
	if (result == 0)
		check_conf(&conf);
	free(text);
	return 0;
}
