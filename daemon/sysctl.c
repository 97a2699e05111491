/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "file.h"

/* More than any number takes. */
#define TEXT_MAX 64

static int open_to_write(const char *root, const char *name)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int sysctl_read(const char *root, const char *name, uint32_t *out)
{
	char path[PATH_MAX], *text, *end;
	struct error err;
	unsigned long value;
	size_t length;
	int result;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	result = file_read(path, TEXT_MAX, &text, &length, &err);
	if (result < 0)
		return result;
	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno != 0 || end == text || value > UINT32_MAX)
		result = -EBADMSG;
	else
		*out = (uint32_t)value;
	free(text);
	return result;
}

int sysctl_write(const char *root, const char *name, uint32_t value)
{
	int fd = open_to_write(root, name), length, result = 0;
	char text[TEXT_MAX];

	if (fd < 0)
		return fd;
	length = snprintf(text, sizeof(text), "%u\n", value);
	if (write(fd, text, (size_t)length) != length)
		result = -errno;
	close(fd);
	return result;
}

int sysctl_check_write(const char *root, const char *name)
{
	int fd = open_to_write(root, name);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}
