/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sysctl_folder.h"

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "daemon/file.h"

int sysctl_folder_set_up(void **state)
{
	static char root[64];

	snprintf(root, sizeof(root), "/tmp/hostgw-sysctl-XXXXXX");
	*state = root;
	return mkdtemp(root) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)status;
	(void)type;
	(void)place;
	return remove(path);
}

int sysctl_folder_tear_down(void **state)
{
	return nftw(*state, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void sysctl_folder_put(const char *root, const char *name, const char *text)
{
	char path[PATH_MAX];
	struct error err;
	bool changed;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	if (file_write(path, text, &changed, &err) < 0)
		fail_msg("%s", err.text);
}

const char *sysctl_folder_get(const char *root, const char *name, char *text, size_t size)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	file = fopen(path, "r");
	if (!file || !fgets(text, (int)size, file))
		fail_msg("%s cannot be read", path);
	else
		text[strcspn(text, "\n")] = '\0';
	if (file)
		fclose(file);
	return text;
}
