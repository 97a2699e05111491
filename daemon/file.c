/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEMPORARY_END ".XXXXXX" /* mkstemp(3) */

/* Room to begin with when the size is not known (/proc). */
#define READ_CHUNK 4096

static int read_all(int fd, size_t limit, char **text, size_t *length)
{
	struct stat status;
	size_t room = READ_CHUNK, used = 0;
	char *buffer;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
	if (status.st_size > 0 && (uintmax_t)status.st_size <= limit)
		room = (size_t)status.st_size + 1;
	buffer = malloc(room + 1);
	while (buffer) {
		ssize_t got = read(fd, buffer + used, room - used);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 || used + (size_t)got > limit) {
			int code = got < 0 ? errno : EFBIG;

			free(buffer);
			return -code;
		}
		used += (size_t)got;
		if (got == 0) {
			buffer[used] = '\0';
			*text = buffer;
			*length = used;
			return 0;
		}
		if (used == room) {
			char *larger = realloc(buffer, room * 2 + 1);

			if (!larger)
				break;
			buffer = larger;
			room *= 2;
		}
	}
	free(buffer);
	return -ENOMEM;
}

int file_read(const char *path, size_t limit, char **text, size_t *length, struct error *err)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int result;

	if (fd < 0)
		return error_set(err, errno, "%s: %s", path, strerror(errno));
	result = read_all(fd, limit, text, length);
	close(fd);
	if (result == -EFBIG)
		return error_set(err, EFBIG, "%s: larger than %zu bytes", path, limit);
	if (result == -EINVAL)
		return error_set(err, EINVAL, "%s is not a regular file", path);
	if (result < 0)
		return error_set(err, -result, "%s: %s", path, strerror(-result));
	return 0;
}

static int make_folders(const char *folder)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s", folder) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return mkdir(path, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

static int write_all(int fd, const char *text, size_t length)
{
	while (length > 0) {
		ssize_t put = write(fd, text, length);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		text += put;
		length -= (size_t)put;
	}
	return 0;
}

/* The folder's entry is what a rename changes: it must reach the disk as well. */
static int sync_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result;

	if (fd < 0)
		return -errno;
	result = fsync(fd) < 0 ? -errno : 0;
	close(fd);
	return result;
}

static int write_temporary(const char *temporary, int fd, const char *path, const char *text)
{
	int result = write_all(fd, text, strlen(text));

	if (result == 0 && (fchmod(fd, 0644) < 0 || fsync(fd) < 0))
		result = -errno;
	if (close(fd) < 0 && result == 0)
		result = -errno;
	if (result == 0 && rename(temporary, path) < 0)
		result = -errno;
	if (result < 0)
		unlink(temporary);
	return result;
}

static int replace_file(const char *path, const char *text)
{
	char copy[PATH_MAX], temporary[PATH_MAX];
	const char *folder;
	int fd, result;

	if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy) ||
	    snprintf(temporary, sizeof(temporary), "%s" TEMPORARY_END, path) >=
	            (int)sizeof(temporary))
		return -ENAMETOOLONG;
	folder = dirname(copy);
	result = make_folders(folder);
	if (result < 0)
		return result;
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	result = write_temporary(temporary, fd, path, text);
	return result < 0 ? result : sync_folder(folder);
}

int file_make_folder_of(const char *path)
{
	char copy[PATH_MAX];

	if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy))
		return -ENAMETOOLONG;
	return make_folders(dirname(copy));
}

int file_check_target(const char *path, struct error *err)
{
	struct stat status;

	if (!path[0])
		return error_set(err, EINVAL, "a file name is missing");
	if (lstat(path, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISLNK(status.st_mode))
		return error_set(err, EINVAL, "%s is not a regular file; name another", path);
	return 0;
}

int file_write(const char *path, const char *text, bool *changed, struct error *err)
{
	struct error ignored;
	char *old = NULL;
	size_t old_length;
	int result = file_check_target(path, err);

	*changed = false;
	if (result < 0)
		return result;
	if (file_read(path, strlen(text), &old, &old_length, &ignored) == 0) {
		bool same = old_length == strlen(text) && memcmp(old, text, old_length) == 0;

		free(old);
		if (same)
			return 0;
	}
	result = replace_file(path, text);
	if (result < 0)
		return error_set(err, -result, "cannot write %s: %s", path, strerror(-result));
	*changed = true;
	return 0;
}

static bool is_temporary(const char *entry, const char *name)
{
	size_t length = strlen(name);

	return strncmp(entry, name, length) == 0 && entry[length] == '.' &&
	       strlen(entry + length) == strlen(TEMPORARY_END);
}

void file_remove_leftovers(const char *path)
{
	char folder_copy[PATH_MAX], name_copy[PATH_MAX];
	const struct dirent *entry;
	const char *name;
	DIR *folder;

	if (snprintf(folder_copy, sizeof(folder_copy), "%s", path) >= (int)sizeof(folder_copy))
		return;
	memcpy(name_copy, folder_copy, sizeof(name_copy));
	name = basename(name_copy);
	folder = opendir(dirname(folder_copy));
	if (!folder)
		return;
	while ((entry = readdir(folder)))
		if (entry->d_type == DT_REG && is_temporary(entry->d_name, name))
			unlinkat(dirfd(folder), entry->d_name, 0);
	closedir(folder);
}
