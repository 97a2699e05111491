/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What systemd is told, by a socket that plays it. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "check.h"
#include "daemon/service_notify.h"

/* The environment of a case. */
static char notify_socket[128], watchdog_usec[32], watchdog_pid[32];

static char *lookup(const char *name)
{
	char *value = strcmp(name, "NOTIFY_SOCKET") == 0   ? notify_socket
	              : strcmp(name, "WATCHDOG_USEC") == 0 ? watchdog_usec
	              : strcmp(name, "WATCHDOG_PID") == 0  ? watchdog_pid
	                                                   : "";

	return *value ? value : NULL;
}

struct world {
	uv_loop_t loop;
	int supervisor; /* its socket */
	struct service_notify *service;
};

static void set_environment(const char *socket, const char *usec, const char *pid)
{
	snprintf(notify_socket, sizeof(notify_socket), "%s", socket);
	snprintf(watchdog_usec, sizeof(watchdog_usec), "%s", usec);
	snprintf(watchdog_pid, sizeof(watchdog_pid), "%s", pid);
}

/* `name` as in NOTIFY_SOCKET. */
static int listen_at(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, name, strlen(name));
	if (name[0] == '@')
		address.sun_path[0] = '\0';
	assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
	return fd;
}

static int set_up(void **state)
{
	static struct world world;
	char name[64];

	snprintf(name, sizeof(name), "@hostgw-test-%d", (int)getpid());
	set_environment(name, "", "");
	world = (struct world){.supervisor = listen_at(name)};
	*state = &world;
	return uv_loop_init(&world.loop);
}

static int tear_down(void **state)
{
	struct world *world = *state;

	service_notify_close(world->service);
	uv_run(&world->loop, UV_RUN_DEFAULT);
	close(world->supervisor);
	return uv_loop_close(&world->loop);
}

static void open_service(struct world *world)
{
	struct error err;

	if (service_notify_open(&world->loop, lookup, &world->service, &err) < 0)
		fail_msg("%s", err.text);
	assert_non_null(world->service);
}

/* The next datagram; "": there is none. */
static const char *heard(const struct world *world)
{
	static char text[512];
	ssize_t got = recv(world->supervisor, text, sizeof(text) - 1, 0);

	text[got > 0 ? got : 0] = '\0';
	return text;
}

/* Turns the loop until something is said. */
static const char *wait_heard(struct world *world)
{
	const char *text = heard(world);

	while (!*text) {
		uv_run(&world->loop, UV_RUN_ONCE);
		text = heard(world);
	}
	return text;
}

static void test_life(void **state)
{
	struct world *world = *state;
	const char *text;

	open_service(world);
	assert_string_equal(heard(world), "STATUS=starting");
	service_notify_reloading(world->service);
	service_notify_reloaded(world->service);
	assert_string_equal(heard(world), "");
	service_notify_ready(world->service);
	assert_string_equal(heard(world), "READY=1\nSTATUS=starting");
	service_notify_ready(world->service);
	assert_string_equal(heard(world), "");
	service_notify_reloading(world->service);
	text = heard(world);
	assert_true(strncmp(text, "RELOADING=1\nMONOTONIC_USEC=", 27) == 0);
	assert_true(strtoull(text + 27, NULL, 10) <= uv_hrtime() / 1000);
	assert_true(strtoull(text + 27, NULL, 10) > uv_hrtime() / 1000 - 60000000);
	service_notify_reloaded(world->service);
	assert_string_equal(heard(world), "READY=1\nSTATUS=starting");
	service_notify_stopping(world->service);
	assert_true(strncmp(heard(world), "STOPPING=1\n", 11) == 0);
}

/* A burst is two lines: its first, and when a second is over its last. */
static void test_status_is_said_seldom(void **state)
{
	struct world *world = *state;

	open_service(world);
	heard(world);
	service_notify_ready(world->service);
	assert_string_equal(heard(world), "READY=1\nSTATUS=starting");
	service_notify_status(world->service, "1 node");
	service_notify_status(world->service, "2 nodes");
	service_notify_status(world->service, "3 nodes");
	assert_string_equal(heard(world), "");
	assert_string_equal(wait_heard(world), "STATUS=3 nodes");
	service_notify_status(world->service, "3 nodes");
	uv_run(&world->loop, UV_RUN_DEFAULT); /* ends at once: no timer runs */
	assert_string_equal(heard(world), "");
}

static void test_full_socket_is_tried_again(void **state)
{
	struct world *world = *state;
	unsigned said = 0;

	open_service(world);
	for (int i = 0; i < 100000; i++) /* until the queue has no room */
		service_notify_stopping(world->service);
	service_notify_ready(world->service);
	while (*heard(world))
		said++;
	assert_true(said < 100000);
	assert_string_equal(wait_heard(world), "READY=1\nSTATUS=starting");
}

static void test_watchdog(void **state)
{
	struct world *world = *state;

	snprintf(watchdog_usec, sizeof(watchdog_usec), "20000");
	snprintf(watchdog_pid, sizeof(watchdog_pid), "%d", (int)getpid());
	open_service(world);
	assert_string_equal(heard(world), "STATUS=starting");
	/* Not by itself: only while the loop turns. */
	usleep(50000);
	assert_string_equal(heard(world), "");
	for (int i = 0; i < 3; i++)
		assert_string_equal(wait_heard(world), "WATCHDOG=1");
}

static void test_watchdog_of_another(void **state)
{
	struct world *world = *state;

	snprintf(watchdog_usec, sizeof(watchdog_usec), "20000");
	snprintf(watchdog_pid, sizeof(watchdog_pid), "%d", (int)getpid() + 1);
	open_service(world);
	uv_run(&world->loop, UV_RUN_DEFAULT); /* ends at once: no timer runs */
	assert_string_equal(heard(world), "STATUS=starting");
	assert_string_equal(heard(world), "");
}

static void test_path(void **state)
{
	struct world *world = *state;
	char folder[] = "/tmp/hostgw-notify-XXXXXX", path[64];

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/notify", folder);
	close(world->supervisor);
	world->supervisor = listen_at(path);
	set_environment(path, "", "");
	open_service(world);
	assert_string_equal(heard(world), "STATUS=starting");
	unlink(path);
	rmdir(folder);
	/* systemd is gone: nothing to wait for. */
	service_notify_ready(world->service);
	uv_run(&world->loop, UV_RUN_DEFAULT);
}

static void test_nobody_asks(void **state)
{
	struct world *world = *state;
	struct error err;

	set_environment("", "20000", "");
	assert_int_equal(service_notify_open(&world->loop, lookup, &world->service, &err), 0);
	assert_null(world->service);
	service_notify_ready(NULL);
	service_notify_status(NULL, "fine");
	service_notify_reloading(NULL);
	service_notify_reloaded(NULL);
	service_notify_stopping(NULL);
}

#define TEN "0123456789"

static void test_mistakes(void **state)
{
	static const struct {
		const char *socket, *usec, *text;
		int code;
	} cases[] = {
		{"vsock:2:1234", "", "NOTIFY_SOCKET=vsock:2:1234 is neither a path", EINVAL},
		{"@", "", "neither a path", EINVAL},
		{"/nowhere/notify", "", "NOTIFY_SOCKET=/nowhere/notify: No such file", ENOENT},
		{"/" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "1234567", "",
	         "longer than the name of a socket", ENAMETOOLONG},
		{"@x", "30s", "WATCHDOG_USEC=30s is not a number", EINVAL},
		{"@x", "0", "WATCHDOG_USEC=0 ", EINVAL},
		{"@x", "-5", "WATCHDOG_USEC=-5 ", EINVAL},
		{"@x", "99999999999999999999999", "WATCHDOG_USEC=9", EINVAL},
	};
	struct world *world = *state;
	struct error err;

	for (size_t i = 0; i < COUNT(cases); i++) {
		set_environment(cases[i].socket, cases[i].usec, "");
		assert_int_equal(service_notify_open(&world->loop, lookup, &world->service, &err),
		                 -cases[i].code);
		assert_null(world->service);
		if (!strstr(err.text, cases[i].text))
			fail_msg("case %zu: %s", i, err.text);
	}
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_life),
		CASE(test_status_is_said_seldom),
		CASE(test_full_socket_is_tried_again),
		CASE(test_watchdog),
		CASE(test_watchdog_of_another),
		CASE(test_path),
		CASE(test_nobody_asks),
		CASE(test_mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
