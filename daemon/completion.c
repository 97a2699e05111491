/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hostgwd generate bash, hostgwd generate zsh: see command.h. */
#include <string.h>

#include "command.h"
#include "option_table.h"

/* `words` with | between them, as the shell divides words. */
static void print_words(FILE *to, const char *words)
{
	for (; *words; words++)
		fputc(*words == '|' ? ' ' : *words, to);
}

/* True of "a|b|c", false of "[flags]" and of what stands for something else. */
static bool is_choice(const char *arguments)
{
	return strchr(arguments, '|') && !strpbrk(arguments, " []ABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

static const char *value_of(const struct option_spec *spec)
{
	return spec->value ? spec->value : "";
}

/* ---- bash ---- */

/* The flags of those whose values are completed alike, as the patterns of one branch. */
static void print_bash_branch(FILE *to, const char *value, const char *action)
{
	const char *before = "    ";

	for (size_t i = 0; i < option_count; i++) {
		const struct option_spec *spec = &option_table[i];

		if (strcmp(value_of(spec), value) != 0)
			continue;
		fprintf(to, "%s--%s", before, spec->name);
		if (spec->alias)
			fprintf(to, "|-%s", spec->alias);
		before = "|";
	}
	fprintf(to,
	        ")\n        COMPREPLY=($(compgen %s -- \"$current\"))\n        return\n        ;;\n",
	        action);
}

static void print_bash_choices(FILE *to)
{
	for (size_t i = 0; i < option_count; i++) {
		const struct option_spec *spec = &option_table[i];

		if (spec->kind != OPTION_CHOICE)
			continue;
		fprintf(to, "    --%s", spec->name);
		if (spec->alias)
			fprintf(to, "|-%s", spec->alias);
		fputs(")\n        COMPREPLY=($(compgen -W \"", to);
		print_words(to, spec->value);
		fputs("\" -- \"$current\"))\n        return\n        ;;\n", to);
	}
}

static void print_bash_arguments(FILE *to, struct command_list commands)
{
	for (size_t i = 0; i < commands.count; i++) {
		const struct command *command = &commands.items[i];

		if (!is_choice(command->arguments))
			continue;
		fprintf(to, "    %s)\n        COMPREPLY=($(compgen -W \"", command->name);
		print_words(to, command->arguments);
		fputs("\" -- \"$current\"))\n        return\n        ;;\n", to);
	}
}

/* A value that the shell cannot know of gets no words, least of all those of flags. */
static void print_bash_others(FILE *to)
{
	const char *before = "    ";

	for (size_t i = 0; i < option_count; i++) {
		const struct option_spec *spec = &option_table[i];

		if (spec->kind == OPTION_BOOL || spec->kind == OPTION_CHOICE ||
		    strcmp(spec->value, "FILE") == 0 || strcmp(spec->value, "DIR") == 0)
			continue;
		fprintf(to, "%s--%s", before, spec->name);
		before = "|";
	}
	fputs(")\n        return\n        ;;\n", to);
}

void completion_print_bash(FILE *to, struct command_list commands)
{
	fputs("# bash completion of hostgwd; printed by hostgwd generate bash.\n"
	      "_hostgwd()\n{\n"
	      "    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n\n"
	      "    COMPREPLY=()\n"
	      "    if [[ $current == = ]]; then\n"
	      "        current=\n"
	      "    elif [[ $before == = ]]; then\n"
	      "        before=${COMP_WORDS[COMP_CWORD-2]}\n"
	      "    fi\n"
	      "    [[ $before != -[!-]?* ]] || before=-$before\n"
	      "    case $before in\n",
	      to);
	print_bash_branch(to, "FILE", "-f");
	print_bash_branch(to, "DIR", "-d");
	print_bash_choices(to);
	print_bash_others(to);
	print_bash_arguments(to, commands);
	fputs("    esac\n"
	      "    if [[ $current != -* && $COMP_CWORD -eq 1 ]]; then\n"
	      "        COMPREPLY=($(compgen -W \"",
	      to);
	for (size_t i = 0; i < commands.count; i++)
		if (commands.items[i].help)
			fprintf(to, "%s%s", i > 0 ? " " : "", commands.items[i].name);
	fputs("\" -- \"$current\"))\n        return\n    fi\n"
	      "    COMPREPLY=($(compgen -W \"",
	      to);
	for (size_t i = 0; i < option_count; i++)
		if (option_table[i].kind != OPTION_IGNORED && option_table[i].kind != OPTION_ETCD)
			fprintf(to, "%s--%s", i > 0 ? " " : "", option_table[i].name);
	fputs("\" -- \"$current\"))\n}\ncomplete -F _hostgwd hostgwd\n", to);
}

/* ---- zsh ---- */

/* Text inside '...' and, of _arguments, inside [...] or after a colon. */
static void print_zsh_text(FILE *to, const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", to);
		else if (strchr("[]:\\", *text))
			fprintf(to, "\\%c", *text);
		else
			fputc(*text, to);
	}
}

static void print_zsh_flag(FILE *to, const struct option_spec *spec)
{
	/* What a switch takes comes after =, what others take after it or as the next word. */
	fprintf(to, "    '%s--%s%s[", spec->kind == OPTION_LIST ? "*" : "", spec->name,
	        spec->kind == OPTION_BOOL ? "" : "=");
	print_zsh_text(to, spec->help);
	fputc(']', to);
	if (spec->kind != OPTION_BOOL) {
		fputc(':', to);
		print_zsh_text(to, spec->kind == OPTION_CHOICE ? spec->name : spec->value);
		fputc(':', to);
	}
	if (strcmp(value_of(spec), "FILE") == 0) {
		fputs("_files", to);
	} else if (strcmp(value_of(spec), "DIR") == 0) {
		fputs("_files -/", to);
	} else if (spec->kind == OPTION_CHOICE) {
		fputc('(', to);
		print_words(to, spec->value);
		fputc(')', to);
	}
	fputs("'\n", to);
}

static void print_zsh_commands(FILE *to, struct command_list commands)
{
	fputs("  commands=(\n", to);
	for (size_t i = 0; i < commands.count; i++) {
		if (!commands.items[i].help)
			continue;
		fprintf(to, "    '%s:", commands.items[i].name);
		print_zsh_text(to, commands.items[i].help);
		fputs("'\n", to);
	}
	fputs("  )\n", to);
}

void completion_print_zsh(FILE *to, struct command_list commands)
{
	fputs("#compdef hostgwd\n"
	      "# zsh completion of hostgwd; printed by hostgwd generate zsh.\n"
	      "_hostgwd() {\n  local -a commands flags\n",
	      to);
	print_zsh_commands(to, commands);
	fputs("  flags=(\n", to);
	for (size_t i = 0; i < option_count; i++)
		if (option_table[i].kind != OPTION_IGNORED && option_table[i].kind != OPTION_ETCD)
			print_zsh_flag(to, &option_table[i]);
	fputs("  )\n"
	      "  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then\n"
	      "    _describe command commands\n"
	      "    return\n"
	      "  fi\n"
	      "  case $words[2] in\n",
	      to);
	for (size_t i = 0; i < commands.count; i++) {
		if (!is_choice(commands.items[i].arguments))
			continue;
		fprintf(to, "    %s) _values %s ", commands.items[i].name, commands.items[i].name);
		print_words(to, commands.items[i].arguments);
		fputs("; return ;;\n", to);
	}
	fputs("  esac\n"
	      "  _arguments $flags '*: :'\n"
	      "}\n"
	      "_hostgwd \"$@\"\n",
	      to);
}
