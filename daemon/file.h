/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole files: read with a limit, written so that a reader sees the old text or
 * the new one and nothing between (rename(2)), also after a power cut.
 */
#ifndef DAEMON_FILE_H
#define DAEMON_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "hostgw/error.h"

/* Reads a regular file of at most `limit` bytes (-EFBIG beyond) into a NUL-terminated buffer that
 * the caller frees. Never waits, as a pipe or a terminal would make it. `err` names the file. */
int file_read(const char *path, size_t limit, char **text, size_t *length, struct error *err);

/* Makes the folder that `path` is to be in, mode 0755, if it is missing. */
int file_make_folder_of(const char *path);

/* 0 if a file could be written there by file_write: nothing is there yet, or a regular file, or a
 * link. -EINVAL: an empty name, a folder, a device. */
int file_check_target(const char *path, struct error *err);

/* Makes `path` hold `text` (mode 0644), its folder too if that is missing. A file that already
 * holds it is left alone: *changed tells. `err` names the file. */
int file_write(const char *path, const char *text, bool *changed, struct error *err);

/* Removes what file_write leaves beside `path` when the program is killed in the middle of it. */
void file_remove_leftovers(const char *path);

#endif
