/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The source of nodes that needs no Kubernetes: a file, read whole, followed
 * with inotify(7). A file that is broken in any way changes nothing: the last
 * good one counts until it is mended.
 */
#ifndef DAEMON_NODES_FILE_H
#define DAEMON_NODES_FILE_H

#include <uv.h>

#include "hostgw/node.h"

struct nodes_file;

/*
 * Watches `path` and reads it. The first reading must succeed: -ENOENT, -EINVAL, ... with the
 * file and, for a syntax error, the line in `err`, and no callback was made. Later failures go to
 * sink->trouble. `path` and `annotation_prefix` are borrowed, `sink` is copied.
 */
int nodes_file_start(uv_loop_t *loop, const char *path, const char *annotation_prefix,
                     const struct node_sink *sink, struct nodes_file **out, struct error *err);
/* Reads it at once, whether it has changed or not, and calls back as after a change. Not from
 * within a callback. */
void nodes_file_reread(struct nodes_file *file);
/* No callback comes after this; the memory goes on the loop's next turn. NULL is fine. */
void nodes_file_close(struct nodes_file *file);

#endif
