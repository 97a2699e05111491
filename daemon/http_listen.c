/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http_listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

#define BACKLOG 128

static int open_socket(int family, const void *address, socklen_t length, int *fd)
{
	int on = 1, code;

	*fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0)
		return -errno;
	if (family != AF_UNIX)
		setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(*fd, address, length) == 0 && listen(*fd, BACKLOG) == 0)
		return 0;
	code = errno;
	close(*fd);
	*fd = -1;
	return -code;
}

/* ---- TCP ---- */

int http_listen_tcp(const char *ip, uint16_t port, int *fd, struct error *err)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int result;

	if (inet_pton(AF_INET, ip, &v4.sin_addr) == 1)
		result = open_socket(AF_INET, &v4, sizeof(v4), fd);
	else if (inet_pton(AF_INET6, ip, &v6.sin6_addr) == 1)
		result = open_socket(AF_INET6, &v6, sizeof(v6), fd);
	else
		return error_set(err, EINVAL, "--healthz-ip %s is not an IP address", ip);
	if (result < 0)
		return error_set(err, -result,
		                 "cannot serve /healthz on %s port %u: %s; choose another "
		                 "--healthz-port, or 0 for none",
		                 ip, port, strerror(-result));
	return 0;
}

/* ---- unix sockets ---- */

socklen_t http_unix_address(const char *path, bool abstract, struct sockaddr_un *address)
{
	size_t length = strlen(path), offset = abstract ? 1 : 0;

	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	if (offset + length >= sizeof(address->sun_path))
		return 0;
	memcpy(address->sun_path + offset, path, length);
	/* A file's name ends with a NUL, an abstract one with its length. */
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + 1);
}

static bool somebody_answers(const struct sockaddr_un *address, socklen_t length)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool answers;

	if (fd < 0)
		return true; /* not known: nothing is taken away */
	answers = connect(fd, (const struct sockaddr *)address, length) == 0 || errno == EAGAIN;
	close(fd);
	return answers;
}

static int bind_file(const char *path, const struct sockaddr_un *address, socklen_t length, int *fd)
{
	struct stat status;
	mode_t mask;
	int result;

	if (lstat(path, &status) == 0) {
		if (!S_ISSOCK(status.st_mode))
			return -EEXIST;
		if (somebody_answers(address, length))
			return -EADDRINUSE;
		if (unlink(path) < 0)
			return -errno;
	}
	mask = umask(0177); /* from the beginning: nobody else can connect in between */
	result = open_socket(AF_UNIX, address, length, fd);
	umask(mask);
	return result;
}

int http_listen_file(const char *path, int *fd, ino_t *file, struct error *err)
{
	struct sockaddr_un address;
	struct stat status;
	socklen_t length = http_unix_address(path, false, &address);
	int result = length == 0 ? -ENAMETOOLONG : file_make_folder_of(path);

	if (result == 0)
		result = bind_file(path, &address, length, fd);
	if (result < 0)
		return error_set(err, -result, "cannot make socket %s: %s%s", path,
		                 strerror(-result),
		                 result == -EADDRINUSE ? " (by another hostgwd)" : "");
	*file = lstat(path, &status) == 0 ? status.st_ino : 0;
	return 0;
}

void http_unlisten_file(const char *path, ino_t file)
{
	struct stat status;

	if (lstat(path, &status) == 0 && status.st_ino == file)
		unlink(path);
}

int http_listen_abstract(const char *path, int *fd, struct error *err)
{
	struct sockaddr_un address;
	socklen_t length = http_unix_address(path, true, &address);
	int result = length == 0 ? -ENAMETOOLONG : open_socket(AF_UNIX, &address, length, fd);

	return result < 0 ? error_set(err, -result, "cannot make socket @%s: %s", path,
	                              strerror(-result))
	                  : 0;
}
