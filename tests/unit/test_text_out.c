/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A text that is put together piece by piece. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "daemon/text_out.h"

static void test_pieces(void **state)
{
	struct text_out out = {0};
	size_t length;
	char *text;

	(void)state;
	text_out_number(&out, 0);
	text_out_char(&out, ' ');
	text_out_number(&out, 1234567890);
	text_out_spaces(&out, 2);
	text_out_number(&out, UINT64_MAX);
	text_out_bytes(&out, "xyz", 2);
	text_out_text(&out, "");
	assert_int_equal(text_out_visible(&out, "a\n\177\033\xc2\x9b\xc2\xb5\xc2"), 9);
	text = text_out_take(&out, &length);
	assert_string_equal(text, "0 1234567890  18446744073709551615xya?????\xc2\xb5\xc2");
	assert_int_equal(length, strlen(text));
	free(text);
}

static void test_nothing_is_a_text(void **state)
{
	struct text_out out = {0};
	size_t length;
	char *text = text_out_take(&out, &length);

	(void)state;
	assert_string_equal(text, "");
	assert_int_equal(length, 0);
	free(text);
}

/* Pieces of each length around each doubling. */
static void test_it_grows(void **state)
{
	struct text_out out = {0};
	size_t length, expected = 0;
	char *text;

	(void)state;
	for (size_t piece = 0; piece < 300; piece++) {
		text_out_spaces(&out, piece);
		text_out_char(&out, '.');
		expected += piece + 1;
	}
	text = text_out_take(&out, &length);
	assert_int_equal(length, expected);
	assert_int_equal(strlen(text), expected);
	assert_int_equal(text[expected - 1], '.');
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_nothing_is_a_text),
		cmocka_unit_test(test_it_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
