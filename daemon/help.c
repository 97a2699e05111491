/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hostgwd --help: see command.h. */
#include <string.h>

#include "command.h"
#include "option_table.h"

#define COMMAND_COLUMN 39
#define FLAG_COLUMN    36
#define LINE_MAX_WIDTH 96

/* Words from `column` on, on lines that end before LINE_MAX_WIDTH. */
static void print_filled(FILE *to, int column, const char *text)
{
	int at = column;

	while (*text) {
		int length = (int)strcspn(text, " ");

		if (at > column && at + 1 + length > LINE_MAX_WIDTH) {
			fprintf(to, "\n%*s", column, "");
			at = column;
		}
		if (at > column)
			at += fprintf(to, " ");
		at += fprintf(to, "%.*s", length, text);
		text += length;
		text += *text != '\0';
	}
	fputc('\n', to);
}

/* `left`, then the text from `column` on; a long `left` has a line of its own. */
static void print_entry(FILE *to, int column, const char *left, const char *text)
{
	if ((int)strlen(left) > column - 3)
		fprintf(to, "  %s\n%*s", left, column, "");
	else
		fprintf(to, "  %-*s", column - 2, left);
	print_filled(to, column, text);
}

static void print_usage(FILE *to, struct command_list commands)
{
	fputs("hostgwd: routes between the pod networks of Kubernetes nodes, podCIDR via nodeIP\n"
	      "\n"
	      "Usage:\n"
	      "  hostgwd --kube-subnet-mgr [flags]    nodes from the Kubernetes API\n"
	      "  hostgwd --nodes-file FILE [flags]    nodes from a file\n",
	      to);
	for (size_t i = 0; i < commands.count; i++) {
		const struct command *command = &commands.items[i];
		char left[80];

		if (!command->help)
			continue;
		snprintf(left, sizeof(left), "hostgwd %s%s%s", command->name,
		         command->arguments[0] ? " " : "", command->arguments);
		print_entry(to, COMMAND_COLUMN, left, command->help);
	}
}

/* Which flags have variables of hostgwd's own; lines of some 80 columns. */
static void print_environment(FILE *to)
{
	size_t column = 0;

	fputs("\nEach flag is also an environment variable: FLANNELD_ and the name in upper case "
	      "with\n- as _. A flag wins. HOSTGW_ takes the place of FLANNELD_ for these:\n",
	      to);
	for (size_t i = 0; i < option_count; i++) {
		if (!option_table[i].own)
			continue;
		if (column + strlen(option_table[i].name) > 76) {
			fputc('\n', to);
			column = 0;
		}
		column += (size_t)fprintf(to, " %s", option_table[i].name);
	}
	fputc('\n', to);
}

static void print_flag(FILE *to, const struct option_spec *spec)
{
	bool has_default = option_has_default(spec);
	char left[80], text[512];

	snprintf(left, sizeof(left), "--%s%s%s", spec->name, spec->value ? " " : "",
	         spec->value ? spec->value : "");
	snprintf(text, sizeof(text), "%s%s%s%s", spec->help, has_default ? " (default " : "",
	         has_default ? spec->initial : "", has_default ? ")" : "");
	print_entry(to, FLAG_COLUMN, left, text);
}

void help_print(FILE *to, struct command_list commands)
{
	print_usage(to, commands);
	for (size_t i = 0; i < option_count; i++) {
		if (option_table[i].group)
			fprintf(to, "\n%s:\n", option_table[i].group);
		print_flag(to, &option_table[i]);
	}
	print_environment(to);
}
