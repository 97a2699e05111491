/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small file that others replace now and then (tokens, certificates), kept in memory.
 */
#ifndef HOSTGW_K8S_ROTATING_FILE_H
#define HOSTGW_K8S_ROTATING_FILE_H

#include <stdbool.h>
#include <sys/stat.h>

struct rotating_file {
	const char *path; /* borrowed; NULL: there is no such file, and `text` is constant */
	char *text;       /* owned; NULL: it was never read */
	struct stat seen; /* what the file was when it was read */
};

/* Reads the file again if it looks as if it had changed. True: `text` is another one now. While it
 * cannot be read, or is empty (it may be about to be written), the old text goes on. */
bool rotating_file_refresh(struct rotating_file *file);

/* Overwrites the text. */
void rotating_file_release(struct rotating_file *file);

#endif
