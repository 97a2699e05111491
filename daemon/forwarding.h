/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the kernel passes packets on between interfaces, without which no pod is reached from
 * another node. Switched on only where the administrator asked for it (--enable-forwarding), as it
 * makes a router of the host.
 */
#ifndef DAEMON_FORWARDING_H
#define DAEMON_FORWARDING_H

#include <net/if.h>

#include "hostgw/error.h"
#include "hostgw/prefix.h"

/* 0: it is on. Else `err` says that it is off and what to do: -EPERM: a setting is all it needs;
 * another errno: it cannot even be read. `root`: see sysctl.h. */
int forwarding_check(const char *root, enum ip_family_index family, struct error *err);

/* 0: forwarding_switch_on may write. Else `err` holds the line for sysctl.d and its file. */
int forwarding_check_writable(const char *root, enum ip_family_index family, struct error *err);

/*
 * Switches it on. A host that forwards IPv6 is a router, which takes no advice from routers:
 * default routes learnt from router advertisements go at once unless accept_ra is 2 before. So it
 * is set first on the interfaces named in `advertised` (IPv6 only), unless it is 0: there another
 * program reads the advertisements. On failure forwarding stays off; `err` as above.
 */
int forwarding_switch_on(const char *root, enum ip_family_index family,
                         const char (*advertised)[IFNAMSIZ], size_t count, struct error *err);

#endif
