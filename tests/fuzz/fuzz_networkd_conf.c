/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * networkd.conf: whatever it says, what comes of it is what comes of the same text after a comment,
 * and a section of ours at its end has the last word.
 */
#include <stdlib.h>

#include "daemon/networkd_conf.h"
#include "fuzz.h"

static struct networkd_conf parse(const char *before, const char *text, const char *after)
{
	struct networkd_conf conf = {true, true};
	char *whole;

	assert_true(asprintf(&whole, "%s%s%s", before, text, after) >= 0);
	networkd_conf_parse(whole, &conf);
	free(whole);
	return conf;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size);
	const struct networkd_conf plain = parse("", text, "");
	const struct networkd_conf commented = parse("# [Network]\n", text, "");
	const struct networkd_conf last = parse(
		"", text, "\n[Network]\nManageForeignRoutes=no\nManageForeignNextHops=yes\n");

	assert_int_equal(plain.manages_routes, commented.manages_routes);
	assert_int_equal(plain.manages_nexthops, commented.manages_nexthops);
	assert_false(last.manages_routes);
	assert_true(last.manages_nexthops);
	free(text);
	return 0;
}
