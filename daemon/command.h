/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `hostgwd WORD` can be. The table of them is in main.c; the help, the man page and the
 * shells' completion are printed from it and from the table of flags.
 */
#ifndef DAEMON_COMMAND_H
#define DAEMON_COMMAND_H

#include <stddef.h>
#include <stdio.h>

#include "log.h"
#include "options.h"

struct command_list {
	const struct command *items;
	size_t count;
};

struct command {
	const char *name;
	const char *arguments; /* as the help shows them; words with | between are completed */
	const char *help;      /* NULL: not listed */
	/* One of the two; both return the exit code. With flags: they have been parsed, the log is
	 * set up, and what is below `least` does not reach it. */
	int (*run)(const struct options *options, const struct log *log);
	enum log_level least;
	/* Without: argv[0] is the command's name. */
	int (*run_plain)(struct command_list commands, int argc, char *const argv[]);
};

/* NULL: there is none of that name. */
const struct command *command_find(struct command_list commands, const char *name);

/* Tells on stderr that `name` is no command, and which one may have been meant. */
void command_print_unknown(struct command_list commands, const char *name);

/* The usage, the commands and all flags in their groups. */
void help_print(FILE *to, struct command_list commands);

/* The page hostgwd(8), in roff's man macros. */
void man_print(FILE *to, struct command_list commands);

void completion_print_bash(FILE *to, struct command_list commands);
void completion_print_zsh(FILE *to, struct command_list commands);

/* `hostgwd generate man|bash|zsh`: prints it for whoever makes a package. */
int generate_run(struct command_list commands, int argc, char *const argv[]);

#endif
