/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading from the kernel: whole tables (NLM_F_DUMP) and single objects. Internal to netlink/.
 */
#ifndef NETLINK_DUMP_H
#define NETLINK_DUMP_H

#include <linux/netlink.h>

#include "socket.h"

struct nl_dump_ops {
	/* One object; negative errno: it is malformed, which fails the dump. */
	int (*message)(void *ctx, const struct nlmsghdr *message);
	/* The table changed under the dump, which starts again: forget all that came. */
	void (*restart)(void *ctx);
};

/*
 * Sends `request` (type and payload filled in; flags and sequence are set here) as a dump.
 * 0 only if the kernel said that it is whole; a failure's err holds its words.
 */
int nl_dump(struct nl_socket *nl, struct nlmsghdr *request, const struct nl_dump_ops *ops,
            void *ctx, struct error *err);

/* The same for a request that is answered by single objects. `restart` is not used. */
int nl_query(struct nl_socket *nl, struct nlmsghdr *request, const struct nl_dump_ops *ops,
             void *ctx, struct error *err);

#endif
