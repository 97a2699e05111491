/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hostgwd generate: see command.h. */
#include <stdlib.h>
#include <string.h>

#include "command.h"

int generate_run(struct command_list commands, int argc, char *const argv[])
{
	static const struct {
		const char *name;
		void (*print)(FILE *to, struct command_list commands);
	} prints[] = {
		{"man", man_print},
		{"bash", completion_print_bash},
		{"zsh", completion_print_zsh},
	};
	const char *name = argc == 2 ? argv[1] : "";

	for (size_t i = 0; i < sizeof(prints) / sizeof(prints[0]); i++) {
		if (strcmp(prints[i].name, name) != 0)
			continue;
		prints[i].print(stdout, commands);
		return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	fputs("hostgwd: generate takes one word, what to print: man, bash or zsh\n", stderr);
	return EXIT_MISTAKE;
}
