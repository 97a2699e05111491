/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX    64
#define CONNECTION_SECONDS 5
#define ANSWER_MAX         1024

struct http_server {
	struct MHD_Daemon *daemon;
	uv_poll_t poll;   /* of the library's epoll descriptor: something is to be done */
	uv_timer_t timer; /* ... or a connection's time is up */
	unsigned open_handles;
	http_ready_fn ready;
	void *ctx;
};

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, char *text)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(strlen(text), text,
	                                                                MHD_RESPMEM_MUST_COPY);
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
	                        "text/plain; charset=utf-8");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result handle_request(void *ctx, struct MHD_Connection *connection, const char *url,
                                      const char *method, const char *version, const char *upload,
                                      size_t *upload_size, void **state)
{
	struct http_server *server = ctx;
	char text[ANSWER_MAX] = "ok\n";

	(void)version;
	(void)upload;
	(void)state;
	*upload_size = 0; /* a body is read and dropped */
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
		strcpy(text, "only GET and HEAD\n");
		return answer(connection, MHD_HTTP_METHOD_NOT_ALLOWED, text);
	}
	if (strcmp(url, "/healthz") == 0)
		return answer(connection, MHD_HTTP_OK, text);
	if (strcmp(url, "/readyz") == 0)
		return answer(connection,
		              server->ready(server->ctx, text, sizeof(text))
		                      ? MHD_HTTP_OK
		                      : MHD_HTTP_SERVICE_UNAVAILABLE,
		              text);
	strcpy(text, "there are /healthz and /readyz\n");
	return answer(connection, MHD_HTTP_NOT_FOUND, text);
}

static void on_timeout(uv_timer_t *timer);

/* Lets the library do what is due, and asks when it wants to be called without an event. */
static void turn(struct http_server *server)
{
	MHD_UNSIGNED_LONG_LONG timeout;

	MHD_run(server->daemon);
	if (MHD_get_timeout(server->daemon, &timeout) == MHD_YES)
		uv_timer_start(&server->timer, on_timeout, timeout, 0);
	else
		uv_timer_stop(&server->timer);
}

static void on_timeout(uv_timer_t *timer)
{
	turn(timer->data);
}

static void on_event(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	turn(poll->data);
}

static bool parse_address(const char *ip, uint16_t port, struct sockaddr_storage *address)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;

	memset(address, 0, sizeof(*address));
	if (inet_pton(AF_INET, ip, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		return true;
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	return inet_pton(AF_INET6, ip, &v6->sin6_addr) == 1;
}

/* The library prints on its own account; what matters of it is in errno. */
static void drop_message(void *ctx, const char *format, va_list args)
{
	(void)ctx;
	(void)format;
	(void)args;
}

static int listen_on(struct http_server *server, const char *ip, uint16_t port, struct error *err)
{
	struct sockaddr_storage address;
	unsigned flags = MHD_USE_EPOLL | MHD_USE_ERROR_LOG;

	if (!parse_address(ip, port, &address))
		return error_set(err, EINVAL, "--healthz-ip %s is not an IP address", ip);
	if (address.ss_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	errno = 0;
	server->daemon = MHD_start_daemon(
		flags, port, NULL, NULL, handle_request, server, MHD_OPTION_EXTERNAL_LOGGER,
		drop_message, NULL, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)CONNECTION_SECONDS, MHD_OPTION_END);
	if (!server->daemon) {
		int code = errno ? errno : EIO;

		return error_set(err, code,
		                 "cannot serve /healthz on %s port %u: %s; choose another "
		                 "--healthz-port, or 0 for none",
		                 ip, port, strerror(code));
	}
	return 0;
}

int http_server_start(uv_loop_t *loop, const char *ip, uint16_t port, http_ready_fn ready,
                      void *ctx, struct http_server **out, struct error *err)
{
	struct http_server *server = calloc(1, sizeof(*server));
	const union MHD_DaemonInfo *info;
	int result;

	if (!server)
		return error_set(err, ENOMEM, "out of memory");
	server->ready = ready;
	server->ctx = ctx;
	result = listen_on(server, ip, port, err);
	if (result < 0) {
		free(server);
		return result;
	}
	info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	uv_poll_init(loop, &server->poll, info->epoll_fd);
	uv_timer_init(loop, &server->timer);
	server->poll.data = server;
	server->timer.data = server;
	server->open_handles = 2;
	uv_poll_start(&server->poll, UV_READABLE, on_event);
	*out = server;
	return 0;
}

static void handle_closed(uv_handle_t *handle)
{
	struct http_server *server = handle->data;

	if (--server->open_handles > 0)
		return;
	MHD_stop_daemon(server->daemon);
	free(server);
}

void http_server_close(struct http_server *server)
{
	if (!server)
		return;
	uv_close((uv_handle_t *)&server->poll, handle_closed);
	uv_close((uv_handle_t *)&server->timer, handle_closed);
}
