/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What lines look like in each format, which are written, and what is held back. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "daemon/log.h"

/* Standard error, caught between these two. */
static int saved = -1, caught = -1;

static void catch_lines(void)
{
	char name[] = "/tmp/hostgw-log-XXXXXX";

	caught = mkstemp(name);
	assert_true(caught >= 0);
	unlink(name);
	saved = dup(STDERR_FILENO);
	dup2(caught, STDERR_FILENO);
}

static const char *caught_lines(void)
{
	static char text[16384];
	ssize_t got;

	dup2(saved, STDERR_FILENO);
	close(saved);
	got = pread(caught, text, sizeof(text) - 1, 0);
	close(caught);
	text[got > 0 ? got : 0] = '\0';
	return text;
}

static void test_klog(void **state)
{
	const struct log log = {.format = LOG_FORMAT_KLOG};
	const char *line;

	(void)state;
	catch_lines();
	log_write(&log, LOG_LEVEL_WARNING, "/a/b/file.c", 85, "a \x1b[1mb\nI forged");
	line = caught_lines();
	/* Wmmdd hh:mm:ss.uuuuuu pid file:line] */
	assert_int_equal(line[0], 'W');
	assert_int_equal(line[5], ' ');
	assert_int_equal(line[14], '.');
	assert_non_null(strstr(line, " file.c:85] a ?[1mb?I forged\n"));
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void test_journal(void **state)
{
	static const struct {
		enum log_level level;
		const char *line;
	} cases[] = {
		{LOG_LEVEL_INFO, "<6>text\n"},
		{LOG_LEVEL_WARNING, "<4>text\n"},
		{LOG_LEVEL_ERROR, "<3>text\n"},
		{LOG_LEVEL_FATAL, "<2>text\n"},
	};
	const struct log log = {.format = LOG_FORMAT_JOURNAL};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		catch_lines();
		log_write(&log, cases[i].level, "file.c", 1, "text");
		assert_string_equal(caught_lines(), cases[i].line);
	}
}

static void test_json(void **state)
{
	const struct log log = {.format = LOG_FORMAT_JSON};
	cJSON *line;

	(void)state;
	catch_lines();
	log_write(&log, LOG_LEVEL_ERROR, "/a/file.c", 7, "say \"%s\"", "x");
	line = cJSON_Parse(caught_lines());
	assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(line, "level")), "error");
	assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(line, "caller")), "file.c:7");
	assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(line, "msg")), "say \"x\"");
	assert_int_equal(cJSON_GetStringValue(cJSON_GetObjectItem(line, "ts"))[10], 'T');
	cJSON_Delete(line);
}

static void test_modules(void **state)
{
	static const struct {
		const char *list, *file;
		int verbosity, level;
		bool written;
	} cases[] = {
		{"", "/x/rounds.c", 0, 0, true},
		{"", "/x/rounds.c", 0, 1, false},
		{"", "/x/rounds.c", 2, 2, true},
		{"rounds=2", "/x/rounds.c", 0, 2, true},
		{"rounds=2", "/x/rounds.c", 0, 3, false},
		{"rounds=2", "/x/round.c", 0, 1, false},
		{"rounds=0", "rounds.c", 5, 1, false}, /* less than the rest */
		{"check_*=3,ch*=1", "check_cni.c", 0, 3, true},
		{"check_*=3,ch*=1", "change.c", 0, 2, false},
		{"r?unds=1,", "rounds.c", 0, 1, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct log log = {.verbosity = cases[i].verbosity};
		struct error err;

		if (log_modules_parse(cases[i].list, &log, &err) < 0)
			fail_msg("%s", err.text);
		if (log_is_verbose(&log, cases[i].file, cases[i].level) != cases[i].written)
			fail_msg("case %zu", i);
	}
}

static void test_module_mistakes(void **state)
{
	static const char *const lists[] = {
		"rounds",
		"rounds=",
		"=1",
		"rounds=x",
		"rounds=-1",
		"rounds=1x",
		"rounds=1000",
		"rounds=1;plan=2",
		",",
		"rounds=1,,plan=1",
		"a_name_that_is_longer_than_any_file=1",
		"a=1,a=1,a=1,a=1,a=1,a=1,a=1,a=1,a=1,a=1,a=1,a=1,a=1,a=1,a=1,a=1,a=1",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lists); i++) {
		struct log log = {0};
		struct error err;

		if (log_modules_parse(lists[i], &log, &err) != -EINVAL)
			fail_msg("%s is taken", lists[i]);
		assert_non_null(strstr(err.text, "expected pattern=N"));
	}
}

/* The arguments of a line that is not written are not worked out. */
static int times_counted;

static int count(void)
{
	return ++times_counted;
}

static void test_verbose_lines(void **state)
{
	const struct log log = {.format = LOG_FORMAT_JOURNAL, .verbosity = 1};

	(void)state;
	catch_lines();
	log_verbose(&log, 2, "%d", count());
	log_verbose(&log, 1, "%d", count());
	assert_string_equal(caught_lines(), "<6>1\n");
}

static void test_trouble_is_held_back_and_counted(void **state)
{
	const struct log log = {.format = LOG_FORMAT_JOURNAL};
	struct log_repeat repeat = {0};
	struct error one, two;

	(void)state;
	error_set(&one, EIO, "one");
	error_set(&two, EIO, "two");
	catch_lines();
	log_trouble(&log, &repeat, &one, 0);
	log_trouble(&log, &repeat, &one, 1);
	log_trouble(&log, &repeat, &one, 2);
	log_trouble(&log, &repeat, &one, LOG_REPEAT_MS);
	log_trouble(&log, &repeat, &two, LOG_REPEAT_MS + 1);
	assert_string_equal(caught_lines(),
	                    "<4>one\n<4>one (2 more times since it was last said)\n<4>two\n");

	repeat = (struct log_repeat){0};
	catch_lines();
	log_sample(&log, &repeat, &one, 0);
	log_sample(&log, &repeat, &two, 1);
	log_sample(&log, &repeat, &two, LOG_REPEAT_MS);
	assert_string_equal(caught_lines(),
	                    "<4>one\n<4>two (and 1 like it since such a line was last written)\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_klog),
		cmocka_unit_test(test_journal),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_modules),
		cmocka_unit_test(test_module_mistakes),
		cmocka_unit_test(test_verbose_lines),
		cmocka_unit_test(test_trouble_is_held_back_and_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
