/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *remedy(int code)
{
	if (code == ENOENT)
		return "check the path, and that it is mounted in the container";
	if (code == EACCES || code == EPERM)
		return "give the daemon's user the right to read it";
	return "check the path, and the file system that it is on";
}

static int failed(const char *path, int code, struct error *err)
{
	error_set(err, code, "cannot read %s: %s", path, strerror(code));
	error_tame(err->text);
	return error_advise(err, "%s", remedy(code));
}

/* One byte more than allowed is asked for, so that growth meanwhile is noticed. */
static int read_all(int fd, const char *path, size_t max, char *buffer, size_t *length,
                    struct error *err)
{
	ssize_t count;

	*length = 0;
	do {
		count = read(fd, buffer + *length, max + 1 - *length);
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return failed(path, errno, err);
		*length += (size_t)count;
	} while (count != 0 && *length <= max);
	if (*length > max)
		return error_set(
			err, EFBIG,
			"%s is larger than %zu bytes, which cannot be right; name the right file",
			path, max);
	buffer[*length] = '\0';
	return 0;
}

static int read_open(int fd, const char *path, size_t max, char **text, size_t *length,
                     struct error *err)
{
	struct stat st;
	size_t room;
	int result;

	if (fstat(fd, &st) < 0)
		return failed(path, errno, err);
	if (!S_ISREG(st.st_mode))
		return error_set(err, EINVAL, "%s is not a regular file; name the file itself",
		                 path);
	room = (size_t)st.st_size < max ? (size_t)st.st_size + 4096 : max;
	if (room > max)
		room = max;
	*text = malloc(room + 2);
	if (!*text)
		return error_set(err, ENOMEM, "out of memory");
	result = read_all(fd, path, room, *text, length, err);
	if (result < 0) {
		explicit_bzero(*text, room + 2);
		free(*text);
		*text = NULL;
	}
	return result;
}

int kube_file_read(const char *path, size_t max, char **text, size_t *length, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int result;

	if (fd < 0)
		return failed(path, errno, err);
	result = read_open(fd, path, max, text, length, err);
	close(fd);
	return result;
}
