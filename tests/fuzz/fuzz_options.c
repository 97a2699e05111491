/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line, an argument a line, and the prefixes and addresses in it: what is refused is
 * refused with a sentence; a prefix that is read has no host bits, and its text reads as the same.
 */
#include <stdlib.h>

#include "daemon/options.h"
#include "fuzz.h"

#define ARGUMENTS_MAX 64

static const char *no_environment(const char *name)
{
	(void)name;
	return NULL;
}

static void check_note(void *ctx, const char *text)
{
	(void)ctx;
	assert_string_not_equal(text, "");
}

static void check_prefix(const char *text)
{
	char printed[PREFIX_TEXT_MAX];
	struct prefix prefix, again, masked;

	if (!prefix_parse(text, &prefix))
		return;
	assert_true(prefix.length <= ip_bits(prefix.addr.family));
	masked = prefix_masked(&prefix);
	assert_true(prefix_equal(&prefix, &masked));
	assert_true(prefix_contains_ip(&prefix, &prefix.addr));
	assert_true(prefix_parse(prefix_format(&prefix, printed), &again));
	assert_true(prefix_equal(&prefix, &again));
}

static void check_ip(const char *text)
{
	char printed[IP_TEXT_MAX];
	struct ip_addr addr, again;

	if (!ip_parse(text, &addr))
		return;
	assert_true(ip_parse(ip_format(&addr, printed), &again));
	assert_true(ip_equal(&addr, &again));
}

/* The value of --flag=value, or the argument itself. */
static const char *value_of(const char *argument)
{
	const char *equals = strchr(argument, '=');

	return equals ? equals + 1 : argument;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size), *rest = text, *line;
	char *arguments[ARGUMENTS_MAX + 1] = {(char[]){"hostgwd"}};
	struct options options;
	struct error err = {0};
	int count = 1;

	while (count < ARGUMENTS_MAX && (line = strsep(&rest, "\n"))) {
		arguments[count++] = line;
		check_prefix(value_of(line));
		check_ip(value_of(line));
	}
	fuzz_check_result(
		options_parse(count, arguments, no_environment, &options, check_note, NULL, &err),
		&err);
	free(text);
	return 0;
}
