/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the kernel keeps routes of one key, and what it tells of changes: as seen on Linux 6.18
 * with `ip route` and `ip monitor`. IPv4 keeps several in order and replaces the first; IPv6 joins
 * those with a gateway into one of several next hops.
 */
#ifndef TESTS_UNIT_KERNEL_MODEL_H
#define TESTS_UNIT_KERNEL_MODEL_H

#include "hostgw/monitor.h"

#define MODEL_MOST 1024

enum model_verb {
	MODEL_ADD, /* CREATE|EXCL */
	MODEL_APPEND,
	MODEL_PREPEND,
	MODEL_REPLACE, /* CREATE|REPLACE */
	MODEL_CHANGE,  /* REPLACE */
	MODEL_DELETE,
};

struct model_route {
	struct route route;
	int source; /* IPv4: stands for RTA_PREFSRC; 0: none */
};

struct kernel_model {
	struct model_route routes[MODEL_MOST];
	size_t count;
};

struct model_event {
	bool told;
	struct route route;
	enum route_event event;
};

/* 0 or what the kernel refuses it with; a change may be told to nobody. */
int kernel_model_do(struct kernel_model *model, enum model_verb verb,
                    const struct model_route *request, struct model_event *event);

/* What a dump shows, in no order; `out` has room for MODEL_MOST. */
size_t kernel_model_dump(const struct kernel_model *model, struct route *out);
size_t kernel_model_count_of_key(const struct kernel_model *model, const struct route *key);

#endif
