/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "signals.h"

#include <signal.h>

#include "handle.h"

static void on_stop(uv_signal_t *handle, int number)
{
	struct signals *signals = handle->data;

	signals->stop(signals->ctx, number == SIGTERM ? "SIGTERM" : "SIGINT");
}

static void on_reload(uv_signal_t *handle, int number)
{
	struct signals *signals = handle->data;

	(void)number;
	signals->reload(signals->ctx);
}

static int catch_signal(struct signals *signals, uv_loop_t *loop, uv_signal_t *handle, int number,
                        struct error *err)
{
	int result = uv_signal_init(loop, handle);

	handle->data = signals;
	if (result == 0)
		result = uv_signal_start(handle, number == SIGHUP ? on_reload : on_stop, number);
	return result < 0 ? error_set(err, -result, "catching signals: %s (see ulimit -n)",
	                              uv_strerror(result))
	                  : 0;
}

int signals_catch(struct signals *signals, uv_loop_t *loop, struct error *err)
{
	int result = catch_signal(signals, loop, &signals->terminate, SIGTERM, err);

	if (result == 0)
		result = catch_signal(signals, loop, &signals->interrupt, SIGINT, err);
	if (result == 0)
		result = catch_signal(signals, loop, &signals->hangup, SIGHUP, err);
	return result;
}

void signals_close(struct signals *signals)
{
	handle_close(&signals->terminate);
	handle_close(&signals->interrupt);
	handle_close(&signals->hangup);
}
