/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A libuv handle inside a struct that began as zeros: closed if it was ever opened. */
#ifndef DAEMON_HANDLE_H
#define DAEMON_HANDLE_H

#include <uv.h>

static inline void handle_close(void *any)
{
	uv_handle_t *handle = any;

	if (handle->type != UV_UNKNOWN_HANDLE && !uv_is_closing(handle))
		uv_close(handle, NULL);
}

#endif
