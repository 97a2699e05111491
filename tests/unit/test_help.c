/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is printed from the tables: each has every flag and every command, and lines that fit. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "daemon/command.h"
#include "daemon/option_table.h"
#include "daemon/suggest.h"

static const struct command commands[] = {
	{.name = "plan", .arguments = "[flags]", .help = "shows a plan"},
	{.name = "paint", .arguments = "red|blue", .help = "paints [it]: well or badly"},
	{.name = "secret", .arguments = "", .help = NULL},
};

static const struct command_list list = {commands, COUNT(commands)};

static char *print_to_text(void (*print)(FILE *to, struct command_list commands))
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	assert_non_null(to);
	print(to, list);
	assert_int_equal(fclose(to), 0);
	return text;
}

/* `name` as roff has it: each hyphen as \-. */
static void write_roff(const char *name, char *out)
{
	for (; *name; name++) {
		if (*name == '-')
			*out++ = '\\';
		*out++ = *name;
	}
	*out = '\0';
}

static void test_every_flag_is_in_each(void **state)
{
	static const struct {
		void (*print)(FILE *to, struct command_list commands);
		const char *before; /* the flag's name */
		bool roff, ignored_too;
	} prints[] = {
		{help_print, "  --", false, true},
		{man_print, "\\-\\-", true, true},
		{completion_print_bash, "--", false, false},
		{completion_print_zsh, "--", false, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(prints); i++) {
		char *text = print_to_text(prints[i].print);

		for (size_t j = 0; j < option_count; j++) {
			const struct option_spec *spec = &option_table[j];
			char name[128], wanted[160];

			if (!prints[i].ignored_too &&
			    (spec->kind == OPTION_IGNORED || spec->kind == OPTION_ETCD))
				continue;
			snprintf(name, sizeof(name), "%s", spec->name);
			if (prints[i].roff)
				write_roff(spec->name, name);
			snprintf(wanted, sizeof(wanted), "%s%s", prints[i].before, name);
			print_message("%zu %s\n", i, wanted);
			assert_non_null(strstr(text, wanted));
		}
		assert_non_null(strstr(text, "plan"));
		assert_non_null(strstr(text, "paint"));
		assert_null(strstr(text, "secret"));
		free(text);
	}
}

static void test_the_man_page_names_the_variables(void **state)
{
	char *text = print_to_text(man_print);

	(void)state;
	for (size_t i = 0; i < option_count; i++) {
		char name[OPTION_VARIABLE_MAX];

		assert_non_null(strstr(text, option_variable(&option_table[i], name)));
	}
	free(text);
}

static void test_the_help_fits(void **state)
{
	char *text = print_to_text(help_print), *rest = text, *line;

	(void)state;
	while ((line = strsep(&rest, "\n"))) {
		print_message("%s\n", line);
		assert_true(strlen(line) <= 96);
	}
	free(text);
}

static void test_the_shells_words(void **state)
{
	char *bash = print_to_text(completion_print_bash);
	char *zsh = print_to_text(completion_print_zsh);

	(void)state;
	assert_non_null(strstr(bash, "\"red blue\""));
	assert_non_null(strstr(bash, "\"auto always never\""));
	assert_non_null(strstr(zsh, "'paint:paints \\[it\\]\\: well or badly'"));
	assert_non_null(strstr(zsh, ":nexthop-objects:(auto always never)'"));
	assert_non_null(strstr(zsh, "kubeconfig'\\''s"));
	free(bash);
	free(zsh);
}

static void test_commands_are_found(void **state)
{
	(void)state;
	assert_ptr_equal(command_find(list, "paint"), &commands[1]);
	assert_ptr_equal(command_find(list, "secret"), &commands[2]);
	assert_null(command_find(list, "plane"));
	assert_null(command_find(list, ""));
}

static void test_suggestions(void **state)
{
	static const struct {
		const char *word, *best;
	} cases[] = {
		{"ifcae", "iface"},
		{"ifac", "iface"},
		{"iface-regexp", "iface-regex"},
		{"ip-mask", "ip-masq"},
		{"ip_masq", "ip-masq"},
		{"kubeconfig", "kubeconfig-file"},
		{"nods-file", "nodes-file"},
		{"net-conf-path", "net-config-path"},
		{"x", NULL},
		{"", NULL},
		{"completely-different", NULL},
		{"a-word-that-is-far-longer-than-the-name-of-any-flag-there-is", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct suggestion suggestion = {.word = cases[i].word,
		                                .length = strlen(cases[i].word)};

		print_message("%s\n", cases[i].word);
		for (size_t j = 0; j < option_count; j++)
			suggest_consider(&suggestion, option_table[j].name);
		if (!cases[i].best)
			assert_null(suggestion.best);
		else
			assert_string_equal(suggestion.best, cases[i].best);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_flag_is_in_each),
		cmocka_unit_test(test_the_man_page_names_the_variables),
		cmocka_unit_test(test_the_help_fits),
		cmocka_unit_test(test_the_shells_words),
		cmocka_unit_test(test_commands_are_found),
		cmocka_unit_test(test_suggestions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
