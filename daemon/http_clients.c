/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http_clients.h"

#include <string.h>
#include <sys/socket.h>

static void send_away(struct http_client *client)
{
	shutdown(client->fd, SHUT_RDWR);
	client->going = 1;
}

static size_t count_staying(const struct http_clients *clients)
{
	size_t count = 0;

	for (size_t i = 0; i < clients->count; i++)
		count += !clients->clients[i].going;
	return count;
}

void http_clients_add(struct http_clients *clients, int fd, uint64_t now, size_t most)
{
	struct http_client client = {.fd = fd, .since = now};

	if (clients->count == HTTP_CLIENTS_MAX) { /* the library was told to take no more */
		send_away(&client);
		return;
	}
	clients->clients[clients->count++] = client;
	for (size_t i = 0; i < clients->count && count_staying(clients) > most; i++)
		if (!clients->clients[i].going)
			send_away(&clients->clients[i]);
}

void http_clients_remove(struct http_clients *clients, int fd)
{
	for (size_t i = 0; i < clients->count; i++) {
		if (clients->clients[i].fd != fd)
			continue;
		clients->count--;
		memmove(&clients->clients[i], &clients->clients[i + 1],
		        (clients->count - i) * sizeof(clients->clients[0]));
		return;
	}
}

void http_clients_expire(struct http_clients *clients, uint64_t now, uint64_t ms)
{
	for (size_t i = 0; i < clients->count; i++)
		if (!clients->clients[i].going && now - clients->clients[i].since >= ms)
			send_away(&clients->clients[i]);
}
