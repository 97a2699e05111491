/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command.h"

#include <string.h>

#include "suggest.h"

const struct command *command_find(struct command_list commands, const char *name)
{
	for (size_t i = 0; i < commands.count; i++)
		if (strcmp(commands.items[i].name, name) == 0)
			return &commands.items[i];
	return NULL;
}

void command_print_unknown(struct command_list commands, const char *name)
{
	struct suggestion suggestion = {.word = name, .length = strlen(name)};

	for (size_t i = 0; i < commands.count; i++)
		if (commands.items[i].help)
			suggest_consider(&suggestion, commands.items[i].name);
	fprintf(stderr, "hostgwd: unknown command \"%s\"", name);
	if (suggestion.best)
		fprintf(stderr, "; did you mean %s?", suggestion.best);
	fputs("; hostgwd --help shows what there is\n", stderr);
}
