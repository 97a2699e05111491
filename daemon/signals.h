/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The signals that an administrator or a supervisor sends: stop, and read the files again.
 */
#ifndef DAEMON_SIGNALS_H
#define DAEMON_SIGNALS_H

#include <uv.h>

#include "hostgw/error.h"

struct signals {
	/* set by the owner */
	void (*stop)(void *ctx, const char *name); /* SIGTERM, SIGINT */
	void (*reload)(void *ctx);                 /* SIGHUP */
	void *ctx;
	/* zeros at first */
	uv_signal_t terminate, interrupt, hangup;
};

/* Calls back from the loop. signals_close is due after a failure too. */
int signals_catch(struct signals *signals, uv_loop_t *loop, struct error *err);
/* The handles close on the loop's next turn. Zeros are fine. */
void signals_close(struct signals *signals);

#endif
