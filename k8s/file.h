/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads small files (credentials, configuration) whole.
 */
#ifndef HOSTGW_K8S_FILE_H
#define HOSTGW_K8S_FILE_H

#include <stddef.h>

#include "hostgw/error.h"

/* The file's bytes with a NUL behind them, malloc'ed. -ENOENT, -EACCES, ... from open(2)
 * and read(2), -EFBIG beyond `max`, -EINVAL for what is not a regular file; `err` names it. */
int kube_file_read(const char *path, size_t max, char **text, size_t *length, struct error *err);

#endif
