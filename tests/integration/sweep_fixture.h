/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sweep over the connection tracking table of the test's namespace, and what it came to. */
#ifndef INTEGRATION_SWEEP_FIXTURE_H
#define INTEGRATION_SWEEP_FIXTURE_H

#include <uv.h>

#include "hostgw/conntrack.h"
#include "netlink/socket.h"

/* The Network is 10.244.0.0/16 and fd00:244::/48, the host 192.168.2.44 and fd00:2::44;
 * 172.16.0.0/12 and fd00:172::/32 are not masqueraded. */
struct sweep_world {
	uv_loop_t loop;
	struct nl_socket nl; /* the test's own */
	struct masquerade_rules rules;
	struct prefix nonmasquerade[2];
	struct link_address own[2];
	struct link_snapshot links;
};

struct sweep_outcome {
	struct conntrack_sweep *sweep;
	bool done;
	size_t dropped;
	struct error err;
	double took, longest; /* CPU time of it, and of its longest turn of the loop, in ms */
};

/* For cmocka: *state is a struct sweep_world. */
int sweep_set_up(void **state);
int sweep_tear_down(void **state);

/* Begins one, which must succeed; the loop is the test's to run. */
struct conntrack_sweep *sweep_start(struct sweep_world *world,
                                    void (*done)(void *, size_t, const struct error *), void *ctx);
/* Begins one and runs the loop to its end. */
struct sweep_outcome sweep_all(struct sweep_world *world);

#endif
