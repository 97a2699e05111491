/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets that the HTTP server listens on. */
#ifndef DAEMON_HTTP_LISTEN_H
#define DAEMON_HTTP_LISTEN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "hostgw/error.h"

/* *fd listens on `ip` (either family) and `port`. -EINVAL: no address; -EADDRINUSE and so on: `err`
 * says which address. */
int http_listen_tcp(const char *ip, uint16_t port, int *fd, struct error *err);

/* A socket that is a file at `path`, mode 0600, in a folder that is made if it is missing. What an
 * earlier process left there is replaced; one that somebody answers on is left alone
 * (-EADDRINUSE). *file tells it from others. */
int http_listen_file(const char *path, int *fd, ino_t *file, struct error *err);
/* The same name without a file (unix(7), abstract), which is the network namespace's. */
int http_listen_abstract(const char *path, int *fd, struct error *err);
/* Removes the file if it is still that one. */
void http_unlisten_file(const char *path, ino_t file);

/* The address of such a name; 0: it is too long for one. */
socklen_t http_unix_address(const char *path, bool abstract, struct sockaddr_un *address);

#endif
