/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How findings are sorted, put into lines and into JSON. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>

#include "check.h"
#include "daemon/findings.h"

static void fill(struct findings *findings)
{
	struct error err;

	findings->check = "first";
	findings_add(findings, FINDING_OK, "", "", "all is %s", "well");
	findings_add(findings, FINDING_WARNING, "/etc/x", "mend it", "it is \x1b[1mbroken\n");
	findings->check = "second";
	findings_add(findings, FINDING_NOTE, "", "", "a note");
	error_set(&err, EPERM, "it is forbidden: EPERM; allow it; or not");
	findings_add_error(findings, FINDING_ERROR, "", &err);
	error_set(&err, EPERM, "another");
	findings_add_error(findings, FINDING_WARNING, "", &err);
}

static void test_text(void **state)
{
	struct findings findings = {0};
	char *text;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	(void)state;
	fill(&findings);
	findings_sort(&findings);
	findings_print_text(&findings, to);
	fclose(to);
	assert_string_equal(text,
	                    "error    second           it is forbidden: EPERM; allow it; or not\n"
	                    "warning  first            /etc/x: it is ?[1mbroken?; mend it\n"
	                    "warning  second           another\n"
	                    "note     second           a note\n"
	                    "ok       first            all is well\n"
	                    "1 error, 2 warnings, 1 note, 1 ok\n");
	assert_string_equal(findings.items[0].what, "it is forbidden: EPERM");
	assert_string_equal(findings.items[0].remedy, "allow it; or not");
	free(text);
	findings_free(&findings);
}

static void check_member(const cJSON *object, const char *name, const char *expected)
{
	assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(object, name)), expected);
}

static void test_json(void **state)
{
	struct findings findings = {0};
	const cJSON *list;
	struct error err;
	cJSON *root;
	char *text;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	(void)state;
	fill(&findings);
	assert_int_equal(findings_print_json(&findings, to, &err), 0);
	fclose(to);
	root = cJSON_Parse(text);
	list = cJSON_GetObjectItem(root, "findings");
	assert_int_equal(cJSON_GetArraySize(list), 5);
	check_member(cJSON_GetArrayItem(list, 1), "severity", "warning");
	check_member(cJSON_GetArrayItem(list, 1), "check", "first");
	check_member(cJSON_GetArrayItem(list, 1), "where", "/etc/x");
	check_member(cJSON_GetArrayItem(list, 1), "what", "it is ?[1mbroken?");
	check_member(cJSON_GetArrayItem(list, 1), "remedy", "mend it");
	assert_int_equal(cJSON_GetNumberValue(cJSON_GetObjectItem(
				 cJSON_GetObjectItem(root, "summary"), "warning")),
	                 2);
	cJSON_Delete(root);
	free(text);
	findings_free(&findings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
