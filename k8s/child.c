/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "child.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "child_launch.h"
#include "text.h"

#define LAST_LINE_MAX 300

enum child_stream { CHILD_OUTPUT, CHILD_COMPLAINTS, CHILD_STREAMS };

struct child {
	uv_process_t process;
	uv_pipe_t pipes[CHILD_STREAMS];
	uv_timer_t timer;
	unsigned open_handles;
	bool ended[CHILD_STREAMS]; /* nothing more comes */
	bool exited;
	bool cancelled;
	size_t output_max;
	struct text output;
	char line[LAST_LINE_MAX]; /* of standard error, the one that is being written */
	size_t line_length;
	bool line_over; /* a newline came: the next byte begins another */
	char buffer[16384];
	struct child_result result;
	void *ctx;
	void (*done)(void *ctx, const struct child_result *result);
};

static void on_closed(uv_handle_t *handle)
{
	struct child *child = handle->data;

	if (--child->open_handles > 0)
		return;
	text_free(&child->output);
	explicit_bzero(child, sizeof(*child));
	free(child);
}

static void close_handle(uv_handle_t *handle)
{
	if (!uv_is_closing(handle))
		uv_close(handle, on_closed);
}

static void close_handles(struct child *child)
{
	close_handle((uv_handle_t *)&child->process);
	close_handle((uv_handle_t *)&child->timer);
	for (size_t i = 0; i < CHILD_STREAMS; i++)
		close_handle((uv_handle_t *)&child->pipes[i]);
}

/* What it started in its session goes with it. Once it has exited, the number may be another's. */
static void kill_all(const struct child *child)
{
	if (!child->exited)
		kill(-child->process.pid, SIGKILL);
}

static void finish(struct child *child)
{
	uv_timer_stop(&child->timer);
	child->line[child->line_length] = '\0';
	text_flatten(child->line);
	child->result.output = child->output.bytes ? child->output.bytes : "";
	child->result.length = child->output.length;
	child->result.last_line = child->line;
	if (!child->cancelled)
		child->done(child->ctx, &child->result);
	close_handles(child);
}

/* What it wrote is read to the end; the complaints only where they count, as an agent that it left
 * behind may keep standard error. After a kill anything may be open for ever. */
static void finish_when_over(struct child *child)
{
	const struct child_result *result = &child->result;
	bool killed = child->cancelled || result->timed_out || result->too_long;
	bool well = result->code == 0 && result->signal == 0;

	if (child->exited &&
	    (killed || (child->ended[CHILD_OUTPUT] && (well || child->ended[CHILD_COMPLAINTS]))))
		finish(child);
}

static void on_exit_seen(uv_process_t *process, int64_t code, int number)
{
	struct child *child = process->data;

	child->exited = true;
	child->result.code = (int)code;
	child->result.signal = number;
	finish_when_over(child);
}

static void on_timeout(uv_timer_t *timer)
{
	struct child *child = timer->data;

	child->result.timed_out = true;
	kill_all(child);
	finish_when_over(child);
}

static void take_output(struct child *child, const char *bytes, size_t length)
{
	if (child->result.too_long ||
	    text_append(&child->output, bytes, length, child->output_max) == 0)
		return;
	child->result.too_long = true;
	kill_all(child);
	finish_when_over(child);
}

static void take_complaints(struct child *child, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (bytes[i] == '\n' || bytes[i] == '\r') {
			child->line_over = true;
			continue;
		}
		if (child->line_over)
			child->line_length = 0;
		child->line_over = false;
		if (child->line_length < sizeof(child->line) - 1)
			child->line[child->line_length++] = bytes[i];
	}
}

/* One read at a time, so one buffer is enough. */
static void on_room_wanted(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	struct child *child = handle->data;

	(void)suggested;
	*buffer = uv_buf_init(child->buffer, sizeof(child->buffer));
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
	struct child *child = stream->data;
	bool output = stream == (uv_stream_t *)&child->pipes[CHILD_OUTPUT];

	if (length < 0) {
		uv_read_stop(stream);
		child->ended[output ? CHILD_OUTPUT : CHILD_COMPLAINTS] = true;
		finish_when_over(child);
	} else if (output) {
		take_output(child, buffer->base, (size_t)length);
	} else {
		take_complaints(child, buffer->base, (size_t)length);
	}
}

static void init_handles(struct child *child, uv_loop_t *loop)
{
	uv_timer_init(loop, &child->timer);
	child->timer.data = child;
	child->process.data = child;
	for (size_t i = 0; i < CHILD_STREAMS; i++) {
		uv_pipe_init(loop, &child->pipes[i], 0);
		child->pipes[i].data = child;
	}
	child->open_handles = 2 + CHILD_STREAMS;
}

static int spawn(struct child *child, const struct child_call *call, char **arguments)
{
	uv_stdio_flags readable = UV_CREATE_PIPE | UV_WRITABLE_PIPE; /* as the child sees it */
	uv_stdio_container_t streams[] = {
		{.flags = UV_IGNORE},
		{.flags = readable, .data.stream = (uv_stream_t *)&child->pipes[CHILD_OUTPUT]},
		{.flags = readable, .data.stream = (uv_stream_t *)&child->pipes[CHILD_COMPLAINTS]},
	};
	uv_process_options_t options = {
		.exit_cb = on_exit_seen,
		.file = CHILD_LAUNCHER,
		.args = arguments,
		.env = (char **)(uintptr_t)call->environment,
		.flags = UV_PROCESS_DETACHED, /* a session of its own can be killed whole */
		.stdio_count = 3,
		.stdio = streams,
	};

	return uv_spawn(child->timer.loop, &child->process, &options);
}

static void start_reading(struct child *child, unsigned timeout_ms)
{
	for (size_t i = 0; i < CHILD_STREAMS; i++)
		uv_read_start((uv_stream_t *)&child->pipes[i], on_room_wanted, on_read);
	uv_timer_start(&child->timer, on_timeout, timeout_ms, 0);
}

static int start(struct child *child, const struct child_call *call, char **arguments,
                 struct error *err)
{
	int result = spawn(child, call, arguments);

	if (result == 0) {
		start_reading(child, call->timeout_ms);
		return 0;
	}
	close_handles(child); /* uv_spawn made one of the process, too */
	return error_set(err, -result, "cannot start %s: %s", call->program, uv_strerror(result));
}

int child_start(uv_loop_t *loop, const struct child_call *call, struct child **out,
                struct error *err)
{
	char **arguments = child_launch_arguments(call->program, call->arguments);
	struct child *child = arguments ? calloc(1, sizeof(*child)) : NULL;
	int result;

	if (!child) {
		free(arguments);
		return error_set(err, ENOMEM, "out of memory");
	}
	init_handles(child, loop);
	child->output_max = call->output_max;
	child->ctx = call->ctx;
	child->done = call->done;
	result = start(child, call, arguments, err);
	free(arguments);
	if (result == 0)
		*out = child;
	return result;
}

void child_cancel(struct child *child)
{
	if (!child)
		return;
	child->cancelled = true;
	kill_all(child);
	finish_when_over(child);
}
