/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What on this host keeps pods from each other although routes and rules are right: no round
 * fails for it, but the administrator is told, with the remedy.
 */
#ifndef DAEMON_HOST_CHECK_H
#define DAEMON_HOST_CHECK_H

#include "host.h"

/*
 * Looks at forwarding (and switches it on with --enable-forwarding), the room in the neighbour
 * table (also kept in host->neighbours), whether the default route has left the interface that
 * was chosen by it, for other packet filters that drop pod traffic, and for other CNI
 * configurations that win over ours. `complain` is called for
 * each thing that is wrong, in every round in which it is.
 */
void host_check(struct host *host, const struct plan *plan,
                void (*complain)(void *ctx, const struct error *err), void *ctx);

/* What `hostgwd check` finds and no round looks at, each with its remedy: programs that undo what
 * the daemon does, files that lead pods elsewhere. For once, when it starts. */
void host_check_at_start(const struct host *host,
                         void (*complain)(void *ctx, const struct error *err), void *ctx);

/* Whether the pods' bridge is still that of another pod CIDR than the subnet file has: for the
 * moment after that has changed. */
void host_check_bridge(const struct host *host,
                       void (*complain)(void *ctx, const struct error *err), void *ctx);

#endif
