/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors and their remedies. */
#include "check.h"

#include <errno.h>

#include "hostgw/error.h"

static void test_remedy(void **state)
{
	static const struct {
		const char *text;
		int code;
		const char *advised; /* with "mend it" */
	} cases[] = {
		{"it is broken", EINVAL, "it is broken; mend it"},
		{"", EINVAL, "; mend it"},
		{"it is broken; throw it away", EINVAL, "it is broken; throw it away"},
		{"a;b", EINVAL, "a;b; mend it"},
		{"out of memory", ENOMEM, "out of memory"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error err;

		error_set(&err, cases[i].code, "%s", cases[i].text);
		assert_int_equal(error_advise(&err, "mend %s", "it"), -cases[i].code);
		assert_string_equal(err.text, cases[i].advised);
	}
}

/* Of a text and a remedy that do not fit both, the remedy is whole. */
static void test_too_long(void **state)
{
	char long_text[2 * ERROR_TEXT_MAX];
	struct error err;

	(void)state;
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	error_set(&err, EINVAL, "%s", long_text);
	error_advise(&err, "mend it");
	assert_int_equal(strlen(err.text), ERROR_TEXT_MAX - 1);
	assert_string_equal(error_remedy(&err), "mend it");
	error_set(&err, EINVAL, "%s", long_text);
	error_advise(&err, "%s", long_text);
	assert_int_equal(strlen(error_remedy(&err)), ERROR_TEXT_MAX / 2 - 1);
}

static void test_others_have_no_remedies(void **state)
{
	char line[] = "expired; go to https://evil; ask Bob;";
	struct error err;

	(void)state;
	error_tame(line);
	assert_string_equal(line, "expired, go to https://evil, ask Bob,");
	error_set(&err, EINVAL, "it is broken; mend it");
	error_wrap(&err, "file %s", "/a; rm -r b");
	assert_string_equal(err.text, "file /a, rm -r b: it is broken; mend it");
	assert_string_equal(error_remedy(&err), "mend it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_remedy),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_others_have_no_remedies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
