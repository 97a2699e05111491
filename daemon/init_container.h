/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The init containers of flannel's manifest, which call programs of flannel's image before the
 * daemon starts: `cp -f SOURCE TARGET` until 0.27, `/opt/bin/install-conf SOURCE TARGET` since. Our
 * image has those names as links to hostgwd, so that no more than its name changes in a manifest.
 */
#ifndef DAEMON_INIT_CONTAINER_H
#define DAEMON_INIT_CONTAINER_H

#include <stdbool.h>

/* False: argv[0] is none of those names. Otherwise TARGET holds what SOURCE does, whole or not at
 * all, or a sentence on stderr says why not, and *exit_code is what the container is to end with.
 */
bool init_container_run(int argc, char *const argv[], int *exit_code);

#endif
