/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni_file.h"

#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"

#define TEMPLATE_LIMIT (1024 * 1024)

/* The list's text; the caller frees it. */
static int make_text(const char *template_path, const struct cni_conf *conf, char **text,
                     struct error *err)
{
	char *template;
	size_t length;
	int result;

	if (!template_path[0]) {
		*text = cni_conf_print(conf);
		return *text ? 0 : error_set(err, ENOMEM, "out of memory");
	}
	result = file_read(template_path, TEMPLATE_LIMIT, &template, &length, err);
	if (result < 0)
		return result;
	result = cni_conf_fill(template, template_path, conf, text, err);
	free(template);
	return result;
}

static bool ends_with(const char *name, const char *end)
{
	size_t name_length = strlen(name), end_length = strlen(end);

	return name_length > end_length && strcmp(name + name_length - end_length, end) == 0;
}

int cni_file_check(const struct options *options, const struct prefix network[IP_FAMILIES],
                   struct error *err)
{
	struct cni_conf conf = {.mtu = 1500};
	char *text;

	if (!options->cni_conf_file[0] && !options->cni_conf_template[0])
		return 0;
	if (!options->cni_conf_file[0])
		return error_set(err, EINVAL,
		                 "--cni-conf-template without --cni-conf-file: name the file to "
		                 "write, such as /etc/cni/net.d/10-flannel.conflist");
	if (!ends_with(options->cni_conf_file, ".conflist"))
		return error_set(err, EINVAL,
		                 "--cni-conf-file %s: container runtimes take a list of plugins "
		                 "only from a file whose name ends in .conflist",
		                 options->cni_conf_file);
	if (file_check_target(options->cni_conf_file, err) < 0)
		return error_wrap(err, "--cni-conf-file");
	memcpy(conf.network, network, sizeof(conf.network));
	memcpy(conf.own, network, sizeof(conf.own));
	if (make_text(options->cni_conf_template, &conf, &text, err) < 0)
		return error_wrap(err, "--cni-conf-template");
	free(text);
	return 0;
}

int cni_file_write(const struct options *options, const struct cni_conf *conf, bool *changed,
                   struct error *err)
{
	char *text;
	int result;

	*changed = false;
	if (!options->cni_conf_file[0])
		return 0;
	result = make_text(options->cni_conf_template, conf, &text, err);
	if (result < 0)
		return result;
	result = file_write(options->cni_conf_file, text, changed, err);
	free(text);
	return result;
}

/* What containerd and CRI-O read (libcni's ConfFiles), in the order of the names' bytes. */
bool cni_file_is_configuration(const char *name)
{
	return ends_with(name, ".conf") || ends_with(name, ".conflist") || ends_with(name, ".json");
}

void cni_file_find_rivals(const char *path, void (*complain)(void *ctx, const struct error *err),
                          void *ctx)
{
	char folder_copy[PATH_MAX], name_copy[PATH_MAX];
	const struct dirent *entry;
	const char *folder, *name;
	DIR *stream;

	if (snprintf(folder_copy, sizeof(folder_copy), "%s", path) >= (int)sizeof(folder_copy))
		return;
	memcpy(name_copy, folder_copy, sizeof(name_copy));
	name = basename(name_copy);
	folder = dirname(folder_copy);
	stream = opendir(folder);
	if (!stream)
		return;
	while ((entry = readdir(stream))) {
		struct error err;

		if (!cni_file_is_configuration(entry->d_name) || strcmp(entry->d_name, name) >= 0)
			continue;
		error_set(&err, EEXIST,
		          "CNI: %s/%s comes before %s by name, so pods get their network from it; "
		          "remove it, or choose an earlier name with --cni-conf-file",
		          folder, entry->d_name, name);
		complain(ctx, &err);
	}
	closedir(stream);
}
