/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rotating_file.h"

#include <stdlib.h>
#include <string.h>

#include "file.h"

#define ROTATING_FILE_MAX (1024u * 1024u)

/* A file that is renamed over it has another number; one that is written again, another time. */
static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static void wipe(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

bool rotating_file_refresh(struct rotating_file *file)
{
	struct stat now;
	struct error ignored;
	size_t length;
	char *text;

	if (!file->path || stat(file->path, &now) < 0 || is_same(&now, &file->seen) ||
	    kube_file_read(file->path, ROTATING_FILE_MAX, &text, &length, &ignored) < 0)
		return false;
	file->seen = now;
	if (length == 0 || (file->text && strcmp(text, file->text) == 0)) {
		wipe(text);
		return false;
	}
	wipe(file->text);
	file->text = text;
	return true;
}

void rotating_file_release(struct rotating_file *file)
{
	wipe(file->text);
	file->text = NULL;
}
