/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "option_table.h"
#include "suggest.h"

struct parse {
	struct options *out;
	option_note_fn note;
	void *ctx;
	bool from_flag[OPTION_SPECS_MAX]; /* lists: a flag replaces what the environment gave */
	bool given[OPTION_SPECS_MAX];     /* of those that are ignored */
};

/* The spellings of Go's strconv.ParseBool, which flannel's users may have in their manifests. */
static int parse_bool(const char *text, bool *out)
{
	static const char *const yes[] = {"1", "t", "T", "true", "True", "TRUE"};
	static const char *const no[] = {"0", "f", "F", "false", "False", "FALSE"};

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0) {
			*out = strcmp(text, yes[i]) == 0;
			return 0;
		}
	}
	return -EINVAL;
}

static int parse_number(const char *text, uint32_t maximum, uint32_t *out)
{
	unsigned long long value;
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || *end != '\0' || value > maximum)
		return -ERANGE;
	*out = (uint32_t)value;
	return 0;
}

/* `choices`: words with | between them; *out becomes the number of the one that `text` is. */
static int parse_choice(const char *text, const char *choices, unsigned *out)
{
	size_t length = strlen(text);

	for (unsigned number = 0; *choices; number++) {
		size_t end = strcspn(choices, "|");

		if (end == length && memcmp(choices, text, end) == 0) {
			*out = number;
			return 0;
		}
		choices += end + (choices[end] == '|');
	}
	return -EINVAL;
}

static int list_add(struct option_list *list, const char *text)
{
	if (list->count == OPTION_LIST_MAX)
		return -E2BIG;
	list->items[list->count++] = text;
	return 0;
}

/* `source` is how the user wrote it: "--iface" or "FLANNELD_IFACE". */
static int set_value(struct parse *parse, const struct option_spec *spec, const char *source,
                     const char *text, struct error *err)
{
	void *field = (char *)parse->out + spec->offset;

	switch (spec->kind) {
	case OPTION_BOOL:
		if (parse_bool(text, field) < 0)
			return error_set(err, EINVAL, "%s=%s: expected true or false", source,
			                 text);
		return 0;
	case OPTION_NUMBER:
		if (parse_number(text, spec->maximum, field) < 0)
			return error_set(err, EINVAL, "%s=%s: expected a number from 0 to %u",
			                 source, text, spec->maximum);
		return 0;
	case OPTION_TEXT:
		memcpy(field, &text, sizeof(text));
		return 0;
	case OPTION_CHOICE:
		if (parse_choice(text, spec->value, field) < 0)
			return error_set(err, EINVAL, "%s=%s: expected one of %s", source, text,
			                 spec->value);
		*(unsigned *)field += spec->initial[0] == '\0';
		return 0;
	case OPTION_LIST:
		if (list_add(field, text) < 0)
			return error_set(err, E2BIG, "%s: more than %d of them", source,
			                 OPTION_LIST_MAX);
		return 0;
	case OPTION_ETCD:
		parse->out->etcd_flag = spec->name;
		parse->given[spec - option_table] = true;
		return 0;
	case OPTION_IGNORED:
		parse->given[spec - option_table] = true;
		return 0;
	}
	return 0;
}

static int set_defaults(struct parse *parse, struct error *err)
{
	for (size_t i = 0; i < option_count; i++) {
		const struct option_spec *spec = &option_table[i];
		int result;

		if (spec->kind == OPTION_LIST || spec->kind == OPTION_IGNORED ||
		    spec->kind == OPTION_ETCD || (spec->kind == OPTION_CHOICE && !spec->initial[0]))
			continue;
		result = set_value(parse, spec, spec->name, spec->initial, err);
		if (result < 0)
			return result;
	}
	return 0;
}

static int read_environment(struct parse *parse, const char *(*lookup)(const char *name),
                            struct error *err)
{
	for (size_t i = 0; i < option_count; i++) {
		char name[OPTION_VARIABLE_MAX];
		const char *text = lookup(option_variable(&option_table[i], name));
		int result;

		if (!text || *text == '\0')
			continue;
		result = set_value(parse, &option_table[i], name, text, err);
		if (result < 0)
			return result;
	}
	return 0;
}

/* A flag replaces what the environment gave, also for a list. */
static void forget_environment(struct parse *parse, const struct option_spec *spec)
{
	size_t index = (size_t)(spec - option_table);

	if (spec->kind == OPTION_LIST && !parse->from_flag[index])
		((struct option_list *)(void *)((char *)parse->out + spec->offset))->count = 0;
	parse->from_flag[index] = true;
}

static int refuse_unknown(const char *argument, const char *name, size_t length, struct error *err)
{
	struct suggestion suggestion = {.word = name, .length = length};

	for (size_t i = 0; i < option_count; i++)
		suggest_consider(&suggestion, option_table[i].name);
	if (suggestion.best)
		return error_set(
			err, EINVAL,
			"unknown flag %s; did you mean --%s? hostgwd --help lists all flags",
			argument, suggestion.best);
	return error_set(err, EINVAL, "unknown flag %s; hostgwd --help lists all flags", argument);
}

/* Returns how many arguments were used: 1, or 2 with the value in the second. */
static int read_flag(struct parse *parse, const char *argument, const char *next, struct error *err)
{
	const char *name = argument + (argument[1] == '-' ? 2 : 1);
	const char *equals = strchr(name, '=');
	size_t length = equals ? (size_t)(equals - name) : strlen(name);
	const struct option_spec *spec = option_find(name, length);
	const char *value = equals ? equals + 1 : NULL;
	char source[80];
	int used = 1, result;

	if (!spec)
		return refuse_unknown(argument, name, length, err);
	if (!value && spec->kind == OPTION_BOOL) {
		value = "true";
	} else if (!value) {
		if (!next)
			return error_set(err, EINVAL, "--%s needs a value: --%s %s", spec->name,
			                 spec->name, spec->value);
		value = next;
		used = 2;
	}
	forget_environment(parse, spec);
	snprintf(source, sizeof(source), "--%s", spec->name);
	result = set_value(parse, spec, source, value, err);
	return result < 0 ? result : used;
}

static bool is_silent(const struct parse *parse, size_t index)
{
	const struct options *out = parse->out;

	if (!parse->given[index])
		return true;
	/* Without a source etcd's flags are a mistake, which whoever needs one tells. */
	return option_table[index].kind == OPTION_ETCD && !out->kube_subnet_mgr &&
	       !out->nodes_file[0];
}

/* One note for all that is ignored for the same reason. */
static void note_ignored(struct parse *parse)
{
	for (size_t i = 0; i < option_count && parse->note; i++) {
		char text[512] = "";

		for (size_t j = i; j < option_count; j++) {
			size_t used = strlen(text);

			if (is_silent(parse, j) ||
			    strcmp(option_table[i].help, option_table[j].help) != 0)
				continue;
			snprintf(text + used, sizeof(text) - used, "%s--%s", used > 0 ? ", " : "",
			         option_table[j].name);
			parse->given[j] = false;
		}
		if (!text[0])
			continue;
		snprintf(text + strlen(text), sizeof(text) - strlen(text), ": no effect here (%s)",
		         option_table[i].help);
		parse->note(parse->ctx, text);
	}
}

int options_parse(int argc, char *const argv[], const char *(*lookup)(const char *name),
                  struct options *out, option_note_fn note, void *ctx, struct error *err)
{
	struct parse parse = {.out = out, .note = note, .ctx = ctx};
	int result;

	memset(out, 0, sizeof(*out));
	result = set_defaults(&parse, err);
	if (result == 0)
		result = read_environment(&parse, lookup, err);
	for (int i = 1; i < argc && result >= 0; i += result) {
		if (argv[i][0] != '-' || argv[i][1] == '\0')
			return error_set(err, EINVAL,
			                 "\"%s\" is no flag; values are written --flag=value or "
			                 "--flag value, switches --flag or --flag=false",
			                 argv[i]);
		result = read_flag(&parse, argv[i], i + 1 < argc ? argv[i + 1] : NULL, err);
	}
	if (result < 0)
		return result;
	note_ignored(&parse);
	return 0;
}
