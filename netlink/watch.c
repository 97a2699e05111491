/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "watch.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct nl_watch *watch = poll->data;

	(void)events;
	watch->readable(watch);
	/* A netlink socket shows ENOBUFS as POLLERR, upon which libuv calls with UV_EBADF and
	 * stops polling. The error is gone once it was read; starting again cannot fail, as
	 * nobody else polls this descriptor. */
	if (status < 0 && !watch->stopped)
		(void)uv_poll_start(poll, UV_READABLE, on_readable);
}

static void on_closed(uv_handle_t *handle)
{
	struct nl_watch *watch = handle->data;

	nl_socket_close(&watch->nl);
	free(watch);
}

static int open_socket(struct nl_watch *watch, const struct nl_watch_config *config,
                       struct error *err)
{
	int result = nl_socket_open(&watch->nl, config->protocol, err);

	if (result < 0)
		return result;
	/* First, so that a flood does not get in by the open door. It saves work only, so a kernel
	 * that refuses it is none the worse. */
	(void)setsockopt(watch->nl.fd, SOL_SOCKET, SO_ATTACH_FILTER, &config->filter,
	                 sizeof(config->filter));
	return config->join(&watch->nl, err);
}

/* From uv_poll_init, the last of it, on only uv_close may free the monitor. */
static int prepare(struct nl_watch *watch, const struct nl_watch_config *config, struct error *err)
{
	int result = open_socket(watch, config, err);

	if (result < 0)
		return result;
	result = uv_poll_init(config->loop, &watch->poll, watch->nl.fd);
	return result < 0 ? error_set(err, -result, "%s", uv_strerror(result)) : 0;
}

int nl_watch_start(struct nl_watch *watch, const struct nl_watch_config *config, struct error *err)
{
	int result;

	watch->nl.fd = -1;
	watch->readable = config->readable;
	result = prepare(watch, config, err);
	if (result < 0) {
		nl_socket_close(&watch->nl);
		free(watch);
		return error_wrap(err, "%s", config->what);
	}
	watch->poll.data = watch;
	result = uv_poll_start(&watch->poll, UV_READABLE, on_readable);
	if (result < 0) {
		nl_watch_stop(watch);
		return error_set(err, -result, "%s: %s", config->what, uv_strerror(result));
	}
	return 0;
}

void nl_watch_stop(struct nl_watch *watch)
{
	watch->stopped = true;
	uv_close((uv_handle_t *)&watch->poll, on_closed);
}
