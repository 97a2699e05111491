/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's answer to `hostgwd status`: what is refused is refused with a sentence and prints
 * nothing, and what is printed steers no terminal.
 */
#include <stdlib.h>

#include "daemon/status_text.h"
#include "fuzz.h"

typedef int (*print_fn)(const char *json, size_t length, const struct status_style *style, FILE *to,
                        bool *well, struct error *err);

static void check(print_fn print, const char *json, size_t size, unsigned width)
{
	const struct status_style style = {.width = width};
	struct error err = {0};
	char *text = NULL;
	size_t length;
	FILE *to = open_memstream(&text, &length);
	bool well;
	int result;

	assert_non_null(to);
	result = print(json, size, &style, to, &well, &err);
	assert_int_equal(fclose(to), 0);
	fuzz_check_result(result, &err);
	assert_true(result == 0 || length == 0);
	for (size_t i = 0; i < length; i++)
		assert_true(text[i] == '\n' || ((unsigned char)text[i] >= 0x20 && text[i] != 0x7f));
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *json = fuzz_copy(data, size);

	check(status_text_print, json, size, 80);
	check(status_text_print, json, size, 0);
	check(status_text_explain, json, size, 80);
	free(json);
	return 0;
}
