/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "networkd_conf.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "file.h"

#define FILE_LIMIT   (256 * 1024)
#define DROP_INS_MAX 256 /* more than anybody has; what comes after them is passed over */

/* What counts more comes first (systemd's CONF_PATHS). */
static const char *const folders[] = {"/etc/systemd", "/run/systemd", "/usr/local/lib/systemd",
                                      "/usr/lib/systemd"};

#define FOLDER_COUNT (sizeof(folders) / sizeof(folders[0]))

/* ---- one file ---- */

static bool is_word(const char *text, size_t length, const char *word)
{
	return strlen(word) == length && strncasecmp(text, word, length) == 0;
}

/* systemd's parse_boolean; another word leaves the setting as it is, as systemd does. */
static void take_boolean(const char *text, size_t length, bool *out)
{
	static const char *const yes[] = {"1", "yes", "y", "true", "t", "on"};
	static const char *const no[] = {"0", "no", "n", "false", "f", "off"};

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (is_word(text, length, yes[i]))
			*out = true;
		if (is_word(text, length, no[i]))
			*out = false;
	}
}

static void trim(const char **text, size_t *length)
{
	while (*length > 0 && isspace((unsigned char)**text)) {
		(*text)++;
		(*length)--;
	}
	while (*length > 0 && isspace((unsigned char)(*text)[*length - 1]))
		(*length)--;
}

/* "Name=value" of the section [Network]. */
static void take_setting(const char *line, size_t length, struct networkd_conf *conf)
{
	const char *equals = memchr(line, '=', length), *value;
	size_t name_length, value_length;

	if (!equals)
		return;
	name_length = (size_t)(equals - line);
	value = equals + 1;
	value_length = length - name_length - 1;
	trim(&line, &name_length);
	trim(&value, &value_length);
	/* Names count case; an empty value brings the default back. */
	if (name_length == 19 && memcmp(line, "ManageForeignRoutes", 19) == 0)
		take_boolean(value_length ? value : "yes", value_length ? value_length : 3,
		             &conf->manages_routes);
	else if (name_length == 21 && memcmp(line, "ManageForeignNextHops", 21) == 0)
		take_boolean(value_length ? value : "yes", value_length ? value_length : 3,
		             &conf->manages_nexthops);
}

void networkd_conf_parse(const char *text, struct networkd_conf *conf)
{
	bool in_network = false;

	while (*text) {
		size_t length = strcspn(text, "\n"), whole = length;
		const char *line = text;

		trim(&line, &length);
		if (length > 0 && line[0] == '[')
			in_network = length == 9 && memcmp(line, "[Network]", 9) == 0;
		else if (in_network && length > 0 && line[0] != '#' && line[0] != ';')
			take_setting(line, length, conf);
		text += whole + (text[whole] == '\n');
	}
}

/* ---- all of them ---- */

/* False: there is no such file. One that leads to /dev/null is there, and says nothing. */
static bool read_one(const char *root, const char *folder, const char *name,
                     struct networkd_conf *conf)
{
	char path[PATH_MAX], *text;
	struct error err;
	size_t length;
	int result;

	snprintf(path, sizeof(path), "%s%s/%s", root, folder, name);
	result = file_read(path, FILE_LIMIT, &text, &length, &err);
	if (result < 0)
		return result != -ENOENT;
	networkd_conf_parse(text, conf);
	free(text);
	return true;
}

struct drop_ins {
	struct drop_in {
		char name[NAME_MAX + 1];
		const char *folder;
	} items[DROP_INS_MAX];
	size_t count;
};

static bool is_known(const struct drop_ins *drop_ins, const char *name)
{
	for (size_t i = 0; i < drop_ins->count; i++)
		if (strcmp(drop_ins->items[i].name, name) == 0)
			return true;
	return false;
}

static void list_folder(const char *root, const char *folder, struct drop_ins *drop_ins)
{
	char path[PATH_MAX];
	const struct dirent *entry;
	DIR *open;

	snprintf(path, sizeof(path), "%s%s/networkd.conf.d", root, folder);
	open = opendir(path);
	while (open && (entry = readdir(open)) && drop_ins->count < DROP_INS_MAX) {
		const char *dot = strrchr(entry->d_name, '.');
		struct drop_in *drop_in = &drop_ins->items[drop_ins->count];

		if (entry->d_name[0] == '.' || !dot || strcmp(dot, ".conf") != 0 ||
		    is_known(drop_ins, entry->d_name))
			continue;
		snprintf(drop_in->name, sizeof(drop_in->name), "%s", entry->d_name);
		drop_in->folder = folder;
		drop_ins->count++;
	}
	if (open)
		closedir(open);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct drop_in *)a)->name, ((const struct drop_in *)b)->name);
}

void networkd_conf_read(const char *root, struct networkd_conf *conf)
{
	struct drop_ins *drop_ins = calloc(1, sizeof(*drop_ins));
	bool found = false;

	*conf = (struct networkd_conf){.manages_routes = true, .manages_nexthops = true};
	for (size_t i = 0; i < FOLDER_COUNT && !found; i++)
		found = read_one(root, folders[i], "networkd.conf", conf);
	if (!drop_ins)
		return;
	for (size_t i = 0; i < FOLDER_COUNT; i++)
		list_folder(root, folders[i], drop_ins);
	if (drop_ins->count > 1)
		qsort(drop_ins->items, drop_ins->count, sizeof(drop_ins->items[0]), compare_names);
	for (size_t i = 0; i < drop_ins->count; i++) {
		char name[NAME_MAX + 32];

		snprintf(name, sizeof(name), "networkd.conf.d/%s", drop_ins->items[i].name);
		read_one(root, drop_ins->items[i].folder, name, conf);
	}
	free(drop_ins);
}
