/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is to be done so that the table as it is becomes the table as it is wanted. Chains and sets
 * that are right stay where they are: a packet that is on its way through a chain while another
 * takes its place would miss the rules of both and keep the pod's address, and so would its whole
 * flow. Pure. Internal to netlink/.
 */
#ifndef NETLINK_MASQUERADE_REPAIR_H
#define NETLINK_MASQUERADE_REPAIR_H

#include "masquerade_image.h"

enum repair_step {
	REPAIR_KEEP,
	REPAIR_MAKE,
	REPAIR_REMAKE, /* delete and make: it cannot be changed in place */
	REPAIR_REFILL, /* its rules or elements */
	REPAIR_REMOVE,
};

struct masquerade_repair {
	bool needed;
	bool remove_table; /* and nothing else */
	bool whole;        /* the table is not there, or is to be made anew */
	bool reset_flags;
	enum repair_step chains[MASQUERADE_CHAINS];
	bool set_policy[MASQUERADE_CHAINS];
	enum repair_step sets[IP_FAMILIES][MASQUERADE_SETS];
	bool found[MASQUERADE_FINDINGS]; /* in words, for people */
};

void masquerade_repair_find(const struct masquerade_image *seen,
                            const struct masquerade_image *wanted, struct masquerade_repair *out);

/* The same with nothing kept, for a table whose state resists mending. */
void masquerade_repair_whole(struct masquerade_repair *repair);

#endif
