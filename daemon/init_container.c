/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "init_container.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "options.h"

#define FILE_LIMIT (1024 * 1024)

/* Where flannel's image of CNI plugins has its own, which ours has not. */
#define FLANNEL_PLUGIN "/flannel"

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* `cp` takes a folder for a target, too. */
static int find_target(const char *source, const char *given, char target[static PATH_MAX],
                       struct error *err)
{
	struct stat status;
	bool is_folder = stat(given, &status) == 0 && S_ISDIR(status.st_mode);
	int length = snprintf(target, PATH_MAX, "%s%s%s", given, is_folder ? "/" : "",
	                      is_folder ? last_part(source) : "");

	return length < PATH_MAX ? 0 : error_set(err, ENAMETOOLONG, "%s: too long", given);
}

/* The plugin's own image may have put it there in an earlier life of this node. */
static int keep_plugin(const char *target, struct error *err)
{
	if (access(target, X_OK) < 0)
		return error_set(err, ENOENT,
		                 FLANNEL_PLUGIN
		                 " is not in this image: leave the image of this init container as "
		                 "it was in flannel's manifest (flannel-cni-plugin), or remove the "
		                 "container and use --cni-conf-file, which needs no such plugin");
	fprintf(stderr, "%s stays as it is: this image has no flannel plugin\n", target);
	return 0;
}

static int copy(const char *source, const char *given, struct error *err)
{
	char target[PATH_MAX], *text;
	size_t length;
	bool changed;
	int result = find_target(source, given, target, err);

	if (result < 0)
		return result;
	if (strcmp(source, FLANNEL_PLUGIN) == 0 && access(source, F_OK) < 0)
		return keep_plugin(target, err);
	result = file_read(source, FILE_LIMIT, &text, &length, err);
	if (result < 0)
		return result;
	if (strlen(text) != length)
		result = error_set(err, EINVAL, "%s is no text; only configurations are copied",
		                   source);
	else
		result = file_write(target, text, &changed, err);
	free(text);
	if (result == 0)
		fprintf(stderr, "%s %s\n", target, changed ? "written" : "is right already");
	return result;
}

static int run(const char *name, int argc, char *const argv[])
{
	struct error err;

	if (argc > 1 && strcmp(argv[1], "-f") == 0) {
		argc--;
		argv++;
	}
	if (argc != 3 || argv[1][0] == '-' || argv[2][0] == '-') {
		fprintf(stderr,
		        "%s: expected SOURCE and TARGET; this is hostgwd, which copies a "
		        "CNI configuration under this name and does nothing else\n",
		        name);
		return EXIT_MISTAKE;
	}
	if (copy(argv[1], argv[2], &err) == 0)
		return EXIT_SUCCESS;
	fprintf(stderr, "%s: %s\n", name, err.text);
	return EXIT_FAILURE;
}

bool init_container_run(int argc, char *const argv[], int *exit_code)
{
	const char *name = last_part(argc > 0 ? argv[0] : "");

	if (strcmp(name, "cp") != 0 && strcmp(name, "install-conf") != 0)
		return false;
	*exit_code = run(name, argc, argv);
	return true;
}
