/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service_notify.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define STATUS_GAP_MS 1000
#define STATUS_MAX    256

struct service_notify {
	int fd;
	struct sockaddr_un address;
	socklen_t address_length;
	bool ready, ready_said;
	char status[STATUS_MAX], status_said[STATUS_MAX];
	uint64_t said_at;    /* milliseconds of the loop's clock */
	uv_timer_t later;    /* runs while something is to be said by then */
	uv_timer_t watchdog; /* at half of the time that the watchdog waits */
	unsigned open_handles;
};

/* Never waits: a supervisor that does not listen must not stop the loop. */
static int say(const struct service_notify *notify, const char *text)
{
	ssize_t sent = sendto(notify->fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL,
	                      (const struct sockaddr *)&notify->address, notify->address_length);

	return sent < 0 ? -errno : 0;
}

static void say_later(uv_timer_t *timer);

/* Says what is to be said. Where the socket is full for the moment, later; otherwise there is
 * nobody any more. */
static void say_news(struct service_notify *notify)
{
	bool ready = notify->ready && !notify->ready_said;
	bool status = strcmp(notify->status, notify->status_said) != 0;
	char text[STATUS_MAX + 32];

	if (!ready && !status)
		return;
	snprintf(text, sizeof(text), "%sSTATUS=%s", ready ? "READY=1\n" : "", notify->status);
	if (say(notify, text) == -EAGAIN) {
		uv_timer_start(&notify->later, say_later, STATUS_GAP_MS, 0);
		return;
	}
	notify->ready_said = notify->ready;
	memcpy(notify->status_said, notify->status, sizeof(notify->status));
	notify->said_at = uv_now(notify->later.loop);
}

static void say_later(uv_timer_t *timer)
{
	say_news(timer->data);
}

static void feed_watchdog(uv_timer_t *timer)
{
	say(timer->data, "WATCHDOG=1");
}

void service_notify_ready(struct service_notify *notify)
{
	if (!notify)
		return;
	notify->ready = true;
	if (!notify->ready_said)
		say_news(notify);
}

void service_notify_status(struct service_notify *notify, const char *text)
{
	uint64_t now, due;

	if (!notify)
		return;
	snprintf(notify->status, sizeof(notify->status), "%s", text);
	now = uv_now(notify->later.loop);
	due = notify->said_at + STATUS_GAP_MS;
	if (now >= due)
		say_news(notify);
	else if (!uv_is_active((uv_handle_t *)&notify->later))
		uv_timer_start(&notify->later, say_later, due - now, 0);
}

void service_notify_reloading(struct service_notify *notify)
{
	char text[64];

	if (!notify || !notify->ready_said)
		return;
	/* CLOCK_MONOTONIC, which uv_hrtime reads too, in microseconds (sd_notify(3)). */
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%llu",
	         (unsigned long long)(uv_hrtime() / 1000));
	say(notify, text);
	notify->ready_said = false;
}

void service_notify_reloaded(struct service_notify *notify)
{
	if (notify)
		say_news(notify);
}

void service_notify_stopping(struct service_notify *notify)
{
	if (notify)
		say(notify, "STOPPING=1\nSTATUS=stopping; routes and rules stay in place");
}

/* ---- life ---- */

/* A path, or a name that begins with @: an abstract one (unix(7)). */
static int read_address(const char *name, struct service_notify *notify, struct error *err)
{
	size_t length = strlen(name);
	char *path = notify->address.sun_path;

	if ((name[0] != '/' && name[0] != '@') || length < 2)
		return error_set(err, EINVAL,
		                 "NOTIFY_SOCKET=%s is neither a path nor an abstract socket: "
		                 "nobody is told of this service's state; unset it, or see "
		                 "systemd's Type=notify",
		                 name);
	if (length >= sizeof(notify->address.sun_path))
		return error_set(err, ENAMETOOLONG,
		                 "NOTIFY_SOCKET=%s is longer than the name of a socket can be: "
		                 "nobody is told of this service's state",
		                 name);
	notify->address.sun_family = AF_UNIX;
	memcpy(path, name, length);
	if (path[0] == '@')
		path[0] = '\0';
	notify->address_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	return 0;
}

/* Milliseconds between two of its datagrams; 0: there is no watchdog, or it watches another
 * process (sd_watchdog_enabled(3)). */
static int read_watchdog(char *(*lookup)(const char *name), uint64_t *period, struct error *err)
{
	const char *usec = lookup("WATCHDOG_USEC"), *pid = lookup("WATCHDOG_PID");
	unsigned long long value;
	char *end;

	*period = 0;
	if (!usec || (pid && strtoull(pid, NULL, 10) != (unsigned long long)getpid()))
		return 0;
	errno = 0;
	value = strtoull(usec, &end, 10);
	if (errno != 0 || end == usec || *end || value == 0 || usec[0] == '-')
		return error_set(
			err, EINVAL,
			"WATCHDOG_USEC=%s is not a number of microseconds: the watchdog is "
			"not fed; set the unit's WatchdogSec",
			usec);
	*period = value / 2000 > 0 ? value / 2000 : 1;
	return 0;
}

static int reach(const char *name, struct service_notify *notify, struct error *err)
{
	int result = read_address(name, notify, err);

	if (result < 0)
		return result;
	notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (notify->fd < 0)
		return error_set(err, errno, "a socket for systemd: %s (see ulimit -n)",
		                 strerror(errno));
	snprintf(notify->status, sizeof(notify->status), "starting");
	result = say(notify, "STATUS=starting");
	if (result < 0 && result != -EAGAIN)
		return error_set(err, -result,
		                 "NOTIFY_SOCKET=%s: %s: nobody is told of this service's state; "
		                 "unset it where systemd does not listen",
		                 name, strerror(-result));
	memcpy(notify->status_said, notify->status, sizeof(notify->status));
	return 0;
}

static void start_timers(struct service_notify *notify, uv_loop_t *loop, uint64_t period)
{
	uv_timer_init(loop, &notify->later);
	uv_timer_init(loop, &notify->watchdog);
	notify->later.data = notify->watchdog.data = notify;
	notify->open_handles = 2;
	if (period > 0)
		uv_timer_start(&notify->watchdog, feed_watchdog, 0, period);
}

int service_notify_open(uv_loop_t *loop, char *(*lookup)(const char *name),
                        struct service_notify **out, struct error *err)
{
	const char *name = lookup("NOTIFY_SOCKET");
	struct service_notify *notify;
	uint64_t period;
	int result;

	*out = NULL;
	if (!name || !*name)
		return 0;
	result = read_watchdog(lookup, &period, err);
	if (result < 0)
		return result;
	notify = calloc(1, sizeof(*notify));
	if (!notify)
		return error_set(err, ENOMEM, "out of memory");
	notify->fd = -1;
	result = reach(name, notify, err);
	if (result < 0) {
		if (notify->fd >= 0)
			close(notify->fd);
		free(notify);
		return result;
	}
	start_timers(notify, loop, period);
	*out = notify;
	return 0;
}

static void handle_closed(uv_handle_t *handle)
{
	struct service_notify *notify = handle->data;

	if (--notify->open_handles > 0)
		return;
	close(notify->fd);
	free(notify);
}

void service_notify_close(struct service_notify *notify)
{
	if (!notify)
		return;
	uv_close((uv_handle_t *)&notify->later, handle_closed);
	uv_close((uv_handle_t *)&notify->watchdog, handle_closed);
}
