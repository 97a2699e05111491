/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What kubelet's runtime makes pods' interfaces with. */
#include <cjson/cJSON.h>
#include <dirent.h>
#include <stdlib.h>

#include "check.h"
#include "cni_file.h"

#define PLUGIN_FOLDER "/opt/cni/bin"
#define CONF_FOLDER   "/etc/cni/net.d"

void check_cni_plugins(const struct check_facts *facts, struct findings *findings)
{
	static const char *const names[] = {"bridge", "host-local", "loopback", "portmap"};
	char missing[64] = "", path[PATH_MAX];
	size_t used = 0;

	if (!check_exists(facts, PLUGIN_FOLDER)) {
		findings_add(findings, FINDING_NOTE, PLUGIN_FOLDER,
		             "if pods are to run here, install the CNI plugins (Debian: "
		             "containernetworking-plugins) where the runtime looks for them",
		             "there is no such folder to be seen from here");
		return;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), PLUGIN_FOLDER "/%s", names[i]);
		if (!check_exists(facts, path))
			used += (size_t)snprintf(missing + used, sizeof(missing) - used, " %s",
			                         names[i]);
	}
	if (used == 0)
		findings_add(findings, FINDING_OK, PLUGIN_FOLDER, "",
		             "bridge, host-local, loopback and portmap are there");
	else
		findings_add(findings, FINDING_WARNING, PLUGIN_FOLDER,
		             "install the CNI plugins (Debian: containernetworking-plugins) where "
		             "the runtime looks for them",
		             "missing:%s", missing);
}

/* ---- which configuration counts ---- */

/* Runtimes take the first one by name (libcni's ConfFiles, sorted). False: there is none. */
static bool find_first(const struct check_facts *facts, char *name, size_t size)
{
	char path[PATH_MAX];
	DIR *folder = opendir(check_path(facts, CONF_FOLDER, path));
	const struct dirent *entry;

	name[0] = '\0';
	if (!folder)
		return false;
	while ((entry = readdir(folder)))
		if (cni_file_is_configuration(entry->d_name) &&
		    (!name[0] || strcmp(entry->d_name, name) < 0))
			snprintf(name, size, "%s", entry->d_name);
	closedir(folder);
	return name[0] != '\0';
}

static const char *type_of(const cJSON *plugin)
{
	const char *type = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(plugin, "type"));

	return type ? type : "";
}

/* The plugin that makes the interface: the first of a list, or the only one. NULL: it is no CNI
 * configuration. Malloc'ed. */
static char *find_main_plugin(const char *text)
{
	cJSON *root = text ? cJSON_Parse(text) : NULL;
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(root, "plugins");
	const char *type = type_of(cJSON_IsArray(list) ? cJSON_GetArrayItem(list, 0) : root);
	char *copy = *type ? strdup(type) : NULL;

	cJSON_Delete(root);
	return copy;
}

/* Those that leave the ways between nodes to somebody else. */
static bool fits(const char *type)
{
	static const char *const types[] = {"bridge", "flannel", "ptp"};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(type, types[i]) == 0)
			return true;
	return false;
}

static void add_rival(void *ctx, const struct error *err)
{
	findings_add_error(ctx, FINDING_WARNING, "", err);
}

/* The daemon writes the file, and looks for those that come before it in every round. */
static void check_own_order(const struct check_facts *facts, struct findings *findings)
{
	const char *file = facts->options->cni_conf_file;
	size_t before = findings->count;
	char path[PATH_MAX];

	cni_file_find_rivals(check_path(facts, file, path), add_rival, findings);
	if (findings->count == before)
		findings_add(findings, FINDING_OK, file, "", "no other file comes before it");
}

static void check_foreign_order(const struct check_facts *facts, struct findings *findings)
{
	char name[NAME_MAX + 1], path[PATH_MAX], *text, *type;

	if (!find_first(facts, name, sizeof(name))) {
		if (check_exists(facts, CONF_FOLDER))
			findings_add(findings, FINDING_NOTE, CONF_FOLDER,
			             "if pods are to run here, put one there that takes addresses "
			             "from the node's pod CIDR (bridge or flannel)",
			             "there is no CNI configuration");
		return;
	}
	snprintf(path, sizeof(path), CONF_FOLDER "/%s", name);
	text = check_read(facts, path);
	type = find_main_plugin(text);
	if (!type)
		findings_add(findings, FINDING_WARNING, path, "mend it, or take it away",
		             "comes first by name, and is no CNI configuration that can be read");
	else if (!fits(type))
		findings_add(findings, FINDING_WARNING, path,
		             "if it is left over, take it away together with its program; runtimes "
		             "take the first file by name",
		             "comes first by name: pods get their interfaces from %s, which may "
		             "make ways between nodes of its own",
		             type);
	else
		findings_add(findings, FINDING_OK, path, "",
		             "comes first by name; pods get their interfaces from %s", type);
	free(type);
	free(text);
}

void check_cni_order(const struct check_facts *facts, struct findings *findings)
{
	if (!facts->options->cni_conf_file[0])
		check_foreign_order(facts, findings);
	else if (!facts->by_daemon)
		check_own_order(facts, findings);
}
