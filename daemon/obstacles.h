/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Other packet filters of this host that drop pod traffic, and what flannel left where hostgwd
 * does not write: looked for at the beginning, and again a while after others have changed rules,
 * as it means reading all chains of the host.
 */
#ifndef DAEMON_OBSTACLES_H
#define DAEMON_OBSTACLES_H

#include <uv.h>

#include "hostgw/error.h"
#include "hostgw/prefix.h"

/* After a change of others' it is waited for so long, as firewalls load their rules in many steps,
 * and looks for that reason are so far apart at least: kube-proxy changes rules all day. */
#define OBSTACLES_SETTLE_MS 1000
#define OBSTACLES_GAP_MS    60000

struct obstacles {
	struct error *items; /* what the last look found; owned */
	size_t count;
	bool known;        /* a look is not due */
	uint64_t asked_at; /* when a change led to the last look; 0: none has */
	uv_timer_t timer;
	bool watching;
	void (*ask)(void *ctx); /* for a round */
	void *ctx;
};

/* Until obstacles_unwatch a change leads to a round, in which obstacles_check looks again. */
void obstacles_watch(struct obstacles *obstacles, uv_loop_t *loop, void (*ask)(void *ctx),
                     void *ctx);
void obstacles_unwatch(struct obstacles *obstacles);

/* Others have changed rules. */
void obstacles_note_change(struct obstacles *obstacles);
/* The next check looks again. */
void obstacles_distrust(struct obstacles *obstacles);

/* Calls `complain` for each, as of the last look, or of one now if it is due. `network`: whose
 * traffic, family 0: none. */
void obstacles_check(struct obstacles *obstacles, const struct prefix network[IP_FAMILIES],
                     void (*complain)(void *ctx, const struct error *err), void *ctx);

void obstacles_free(struct obstacles *obstacles);

#endif
