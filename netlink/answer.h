/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel answers: NLMSG_ERROR (an acknowledgement when its code is 0) and
 * NLMSG_DONE, with the words of the extended acknowledgement. Pure. Internal to netlink/.
 */
#ifndef NETLINK_ANSWER_H
#define NETLINK_ANSWER_H

#include <linux/netlink.h>

#include "hostgw/error.h"

#define NL_DETAIL_MAX 256

struct nl_answer {
	int result;                 /* 0 or negative errno */
	char detail[NL_DETAIL_MAX]; /* the kernel's words; "" where it has none */
};

/* Reads an NLMSG_ERROR or NLMSG_DONE message. One that is cut short reads as -EBADMSG. */
struct nl_answer nl_answer_read(const struct nlmsghdr *message);

/* Fills `err` with errno's text and the kernel's words; returns answer->result. */
int nl_answer_error(const struct nl_answer *answer, struct error *err);

/* Keeps the outcome of one change: its result, and of a failure the kernel's words (owned by the
 * caller; NULL where there are none). */
void nl_answer_keep(const struct nl_answer *answer, int *result, char **detail);

#endif
