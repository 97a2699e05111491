/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The folders that the daemon writes to. */
#include <errno.h>
#include <libgen.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

/* Those that are missing are made: the nearest one that is there must be writable. */
static int check_folder(char *path)
{
	struct stat status;

	while (stat(path, &status) < 0) {
		if (errno != ENOENT || strcmp(path, "/") == 0 || strcmp(path, ".") == 0)
			return -errno;
		path = dirname(path);
	}
	if (!S_ISDIR(status.st_mode))
		return -ENOTDIR;
	return access(path, W_OK | X_OK) < 0 ? -errno : 0;
}

static void check_writable(const struct check_facts *facts, const char *folder, const char *flag,
                           enum finding_severity severity, struct findings *findings)
{
	char path[PATH_MAX], remedy[128];
	int result;

	check_path(facts, folder, path);
	result = check_folder(path);
	if (result == 0) {
		findings_add(findings, FINDING_OK, folder, "", "the folder can be written to");
		return;
	}
	snprintf(remedy, sizeof(remedy), "make it writable, or name another with %s", flag);
	findings_add(findings, severity, folder, remedy, "the folder cannot be written to: %s",
	             strerror(-result));
}

void check_files(const struct check_facts *facts, struct findings *findings)
{
	const struct options *options = facts->options;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s", options->subnet_file);
	check_writable(facts, dirname(path), "--subnet-file", FINDING_ERROR, findings);
	if (options->kube_subnet_mgr && options->state_dir[0])
		check_writable(facts, options->state_dir, "--state-dir", FINDING_WARNING, findings);
}
