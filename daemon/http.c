/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http_clients.h"

#define IDLE_SECONDS 5
/* Of request line, headers and the answer's headers. */
#define REQUEST_MEMORY (8u * 1024u)
/* Clients that were shut down keep their place in the library until it has noticed. */
#define SPARE_PLACES 16
#define EXPIRY_MS    1000

struct http_server {
	struct http_config config;
	struct MHD_Daemon *daemon;
	struct http_clients clients;
	uv_poll_t poll;    /* of the library's epoll descriptor: something is to be done */
	uv_timer_t timer;  /* ... or a connection's time is up */
	uv_timer_t expiry; /* runs while somebody is connected */
	unsigned open_handles;
};

struct http_query {
	struct MHD_Connection *connection;
};

const char *http_query_value(const struct http_query *query, const char *name)
{
	return MHD_lookup_connection_value(query->connection, MHD_GET_ARGUMENT_KIND, name);
}

static enum MHD_Result send_answer(struct MHD_Connection *connection, struct http_answer *answer)
{
	struct MHD_Response *response;
	enum MHD_Result result;

	if (!answer->body)
		return MHD_NO;
	response = MHD_create_response_from_buffer(answer->length, answer->body,
	                                           MHD_RESPMEM_MUST_FREE);
	if (!response) {
		free(answer->body);
		return MHD_NO;
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->content_type);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	if (answer->header.name)
		MHD_add_response_header(response, answer->header.name, answer->header.value);
	result = MHD_queue_response(connection, answer->status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result send_text(struct MHD_Connection *connection, unsigned status,
                                 const char *text)
{
	struct http_answer answer = {
		.status = status,
		.content_type = "text/plain; charset=utf-8",
		.body = strdup(text),
		.length = strlen(text),
	};

	return send_answer(connection, &answer);
}

static enum MHD_Result send_not_found(const struct http_server *server,
                                      struct MHD_Connection *connection)
{
	char text[256];
	size_t used = (size_t)snprintf(text, sizeof(text), "there is no such page; there are");

	for (size_t i = 0; i < server->config.page_count && used < sizeof(text); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, " %s",
		                         server->config.pages[i].path);
	if (used < sizeof(text))
		snprintf(text + used, sizeof(text) - used, "\n");
	return send_text(connection, MHD_HTTP_NOT_FOUND, text);
}

static enum MHD_Result handle_request(void *ctx, struct MHD_Connection *connection, const char *url,
                                      const char *method, const char *version, const char *upload,
                                      size_t *upload_size, void **state)
{
	const struct http_server *server = ctx;
	struct http_answer answer = {.status = MHD_HTTP_OK};
	const struct http_query query = {connection};

	(void)version;
	(void)upload;
	(void)state;
	*upload_size = 0; /* a body is read and dropped */
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return send_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n");
	for (size_t i = 0; i < server->config.page_count; i++) {
		if (strcmp(url, server->config.pages[i].path) != 0)
			continue;
		server->config.pages[i].answer(server->config.ctx, &query, &answer);
		return send_answer(connection, &answer);
	}
	return send_not_found(server, connection);
}

/* ---- who comes and goes ---- */

/* A name without a file has no mode to keep others out. */
static bool is_welcome(const struct http_server *server, int fd)
{
	struct ucred who;
	socklen_t size = sizeof(who);

	if (!server->config.same_owner_only)
		return true;
	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 &&
	       (who.uid == 0 || who.uid == geteuid());
}

static void on_expiry(uv_timer_t *timer)
{
	struct http_server *server = timer->data;

	http_clients_expire(&server->clients, uv_now(timer->loop), HTTP_PATIENCE_S * 1000);
	if (server->clients.count == 0)
		uv_timer_stop(timer);
}

static void on_connection(void *ctx, struct MHD_Connection *connection, void **state,
                          enum MHD_ConnectionNotificationCode code)
{
	struct http_server *server = ctx;
	int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;

	(void)state;
	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		http_clients_remove(&server->clients, fd);
		return;
	}
	if (!is_welcome(server, fd))
		shutdown(fd, SHUT_RDWR);
	http_clients_add(&server->clients, fd, uv_now(server->config.loop), server->config.clients);
	if (!uv_is_active((uv_handle_t *)&server->expiry) &&
	    !uv_is_closing((uv_handle_t *)&server->expiry))
		uv_timer_start(&server->expiry, on_expiry, EXPIRY_MS, EXPIRY_MS);
}

/* ---- on the loop ---- */

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

/* The library prints on its own account; what matters of it is in errno. */
static void drop_message(void *ctx, const char *format, va_list args)
{
	(void)ctx;
	(void)format;
	(void)args;
}

static void watch_library(struct http_server *server)
{
	uv_loop_t *loop = server->config.loop;

	uv_poll_init(loop, &server->poll,
	             MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd);
	uv_timer_init(loop, &server->timer);
	uv_timer_init(loop, &server->expiry);
	server->poll.data = server;
	server->timer.data = server;
	server->expiry.data = server;
	server->open_handles = 3;
	uv_poll_start(&server->poll, UV_READABLE, on_event);
}

int http_server_start(const struct http_config *config, int listener, struct http_server **out,
                      struct error *err)
{
	struct http_server *server = calloc(1, sizeof(*server));

	if (!server) {
		close(listener);
		return error_set(err, ENOMEM, "out of memory");
	}
	server->config = *config;
	if (server->config.clients > HTTP_CLIENTS_MAX - SPARE_PLACES)
		server->config.clients = HTTP_CLIENTS_MAX - SPARE_PLACES;
	errno = 0;
	server->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_ERROR_LOG, 0, NULL, NULL, handle_request, server,
		MHD_OPTION_EXTERNAL_LOGGER, drop_message, NULL, MHD_OPTION_LISTEN_SOCKET, listener,
		MHD_OPTION_CONNECTION_LIMIT, server->config.clients + SPARE_PLACES,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)REQUEST_MEMORY,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_END);
	if (!server->daemon) {
		int code = errno ? errno : EIO;

		close(listener);
		free(server);
		return error_set(err, code, "starting the HTTP server: %s", strerror(code));
	}
	watch_library(server);
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
	uv_close((uv_handle_t *)&server->expiry, handle_closed);
}
