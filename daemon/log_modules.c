/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --vmodule: declared in log.h. */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>

#include "log.h"

static int refuse(const char *text, struct error *err)
{
	return error_set(err, EINVAL,
	                 "--vmodule=%s: expected pattern=N,... with a file's name without .c, such "
	                 "as rounds=2,check_*=1 (%d of them at most)",
	                 text, LOG_MODULES_MAX);
}

/* One "pattern=N". */
static bool parse_one(const char *text, size_t length, struct log_module *out)
{
	const char *equals = memchr(text, '=', length);
	size_t name_length = equals ? (size_t)(equals - text) : 0, digits;

	if (name_length == 0 || name_length >= sizeof(out->pattern))
		return false;
	digits = length - name_length - 1;
	if (digits == 0 || digits > 3 || strspn(equals + 1, "0123456789") < digits)
		return false;
	memcpy(out->pattern, text, name_length);
	out->pattern[name_length] = '\0';
	out->verbosity = atoi(equals + 1); /* ends at the comma */
	return true;
}

int log_modules_parse(const char *text, struct log *log, struct error *err)
{
	log->module_count = 0;
	for (const char *at = text; *at;) {
		size_t length = strcspn(at, ",");

		if (log->module_count == LOG_MODULES_MAX ||
		    !parse_one(at, length, &log->modules[log->module_count]))
			return refuse(text, err);
		log->module_count++;
		at += length + (at[length] == ',');
	}
	return 0;
}

bool log_is_verbose(const struct log *log, const char *file, int level)
{
	const char *slash = strrchr(file, '/');
	char name[LOG_MODULE_NAME_MAX];

	snprintf(name, sizeof(name), "%s", slash ? slash + 1 : file);
	name[strcspn(name, ".")] = '\0';
	for (size_t i = 0; i < log->module_count; i++)
		if (fnmatch(log->modules[i].pattern, name, 0) == 0)
			return log->modules[i].verbosity >= level;
	return log->verbosity >= level;
}
