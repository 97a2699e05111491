/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands for an administrator, in one line as a shell takes them. Internal to netlink/.
 */
#ifndef NETLINK_COMMANDS_H
#define NETLINK_COMMANDS_H

#include <stddef.h>

#define COMMANDS_MAX 400 /* with a sentence in front it fits into an error */

struct commands {
	char text[COMMANDS_MAX];
	size_t used;
};

/* One that does not fit any more is left out. */
__attribute__((format(printf, 2, 3))) void commands_add(struct commands *commands,
                                                        const char *format, ...);

#endif
