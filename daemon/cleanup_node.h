/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `hostgwd cleanup`: takes our annotations off this host's Node.
 */
#ifndef DAEMON_CLEANUP_NODE_H
#define DAEMON_CLEANUP_NODE_H

#include "settings.h"

/* Sends one patch and waits for its answer (half a minute at most). Where only the Pod is known,
 * its Node is asked for first, and settings->node_name is filled. `look_only`: nothing is patched.
 * Takes settings->kube over. */
int cleanup_node_forget(struct settings *settings, bool look_only, struct error *err);

#endif
