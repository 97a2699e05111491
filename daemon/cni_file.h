/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The CNI configuration list as a file (--cni-conf-file), the standard one (cni_conf.h) or from a
 * template (--cni-conf-template), and the files beside it that would win over it.
 */
#ifndef DAEMON_CNI_FILE_H
#define DAEMON_CNI_FILE_H

#include "cni_conf.h"
#include "options.h"

/* Finds mistakes before anything is touched: -EINVAL where the file's name is one that no container
 * runtime reads, or the template cannot be filled for these networks; -ENOENT and others where it
 * cannot be read. */
int cni_file_check(const struct options *options, const struct prefix network[IP_FAMILIES],
                   struct error *err);

/* Makes the file hold the list for `conf`; *changed: it did not before. Without --cni-conf-file
 * there is nothing to do. */
int cni_file_write(const struct options *options, const struct cni_conf *conf, bool *changed,
                   struct error *err);

/* By its name it is one that container runtimes read. */
bool cni_file_is_configuration(const char *name);

/* Calls `complain` for each configuration in the folder of `path` that comes before it by name: a
 * container runtime takes the first. */
void cni_file_find_rivals(const char *path, void (*complain)(void *ctx, const struct error *err),
                          void *ctx);

#endif
