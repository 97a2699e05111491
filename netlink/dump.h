/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading from the kernel: whole tables (NLM_F_DUMP) and single objects. Internal to netlink/.
 */
#ifndef NETLINK_DUMP_H
#define NETLINK_DUMP_H

#include <linux/netlink.h>
#include <stdbool.h>

#include "socket.h"

struct nl_dump_ops {
	/* One object; negative errno: it is malformed, which fails the dump. */
	int (*message)(void *ctx, const struct nlmsghdr *message);
	/* The table changed under the dump, which starts again: forget all that came. */
	void (*restart)(void *ctx);
};

/* One reading in parts, for who does other work between them. */
struct nl_reading {
	struct nl_socket *nl;
	const struct nl_dump_ops *ops;
	void *ctx;
	uint32_t sequence; /* from here on set by nl_reading_begin */
	bool interrupted;  /* NLM_F_DUMP_INTR: the table changed, so the dump may lack some */
};

enum nl_progress {
	NL_MORE,
	NL_WHOLE,   /* the kernel said so; but see `interrupted` */
	NL_REFUSED, /* err holds the kernel's words */
	NL_BROKEN,  /* the socket is left in the middle of a dump and of no use any more */
};

/* Sends `request` with these flags besides NLM_F_REQUEST. */
int nl_reading_begin(struct nl_reading *reading, struct nlmsghdr *request, uint16_t flags,
                     struct error *err);
/* Reads one datagram, calling ops->message for each object in it. */
enum nl_progress nl_reading_take(struct nl_reading *reading, struct error *err);

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
