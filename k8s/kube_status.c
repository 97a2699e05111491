/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube_status.h"

#include <errno.h>
#include <stdlib.h>

#include "json.h"
#include "protobuf.h"
#include "text.h"

#define MESSAGE_MAX 4096u

/* runtime.Unknown {2 raw = Status {3 message}} */
static const struct protobuf_field status_fields[] = {{3, PROTOBUF_TEXT, 0, false, NULL},
                                                      {0, PROTOBUF_NUMBER, 0, false, NULL}};
static const struct protobuf_message status_message = {false, status_fields};
static const struct protobuf_field unknown_fields[] = {
	{2, PROTOBUF_MESSAGE, 0, false, &status_message}, {0, PROTOBUF_NUMBER, 0, false, NULL}};
static const struct protobuf_message unknown_message = {true, unknown_fields};
static const struct protobuf_field root = {1, PROTOBUF_MESSAGE, 0, false, &unknown_message};

static int on_open(void *ctx, const struct protobuf_field *field,
                   const struct protobuf_message **message, struct error *err)
{
	(void)ctx, (void)field, (void)message, (void)err;
	return 0;
}

static int on_close(void *ctx, const struct protobuf_field *field, struct error *err)
{
	(void)ctx, (void)field, (void)err;
	return 0;
}

static bool on_wants(void *ctx, const struct protobuf_field *field)
{
	(void)ctx, (void)field;
	return true;
}

/* A longer message is cut: it ends up in one line of a log. */
static int on_text(void *ctx, const struct protobuf_field *field, const char *bytes, size_t length,
                   bool last, struct error *err)
{
	struct text *message = ctx;
	size_t room = MESSAGE_MAX - message->length;

	(void)field, (void)last;
	if (text_append(message, bytes, length < room ? length : room, MESSAGE_MAX) < 0)
		return error_set(err, ENOMEM, "out of memory");
	return 0;
}

/* Whatever is read before a break is better than nothing. */
static void read_protobuf(const char *body, size_t length, struct text *message)
{
	struct protobuf_options options = {.framed = false, .root = &root};
	struct protobuf_events events = {.ctx = message,
	                                 .open = on_open,
	                                 .close = on_close,
	                                 .wants = on_wants,
	                                 .text = on_text};
	struct protobuf_reader *reader;
	struct error err;

	if (protobuf_reader_new(&options, &events, &reader, &err) < 0)
		return;
	protobuf_reader_push(reader, body, length, &err);
	protobuf_reader_free(reader);
}

static char *protobuf_message(const char *body, size_t length)
{
	struct text text = {0};
	char *message;

	read_protobuf(body, length, &text);
	message = strdup(text.bytes ? text.bytes : "");
	text_free(&text);
	return message;
}

static char *read_message(const char *body, size_t length)
{
	__attribute__((cleanup(json_release))) cJSON *status = NULL;
	const char *message;

	if (length >= PROTOBUF_MAGIC_LENGTH &&
	    memcmp(body, PROTOBUF_MAGIC, PROTOBUF_MAGIC_LENGTH) == 0)
		return protobuf_message(body, length);
	status = length > 0 ? cJSON_ParseWithLength(body, length) : NULL;
	message = json_string(status, "message");
	if (message || status || length == 0)
		return strdup(message ? message : "");
	for (size_t i = 0; i < length; i++)
		if (body[i] == '\r' || body[i] == '\n')
			length = i;
	return strndup(body, length);
}

char *kube_status_message(const char *body, size_t length)
{
	char *message = read_message(body, length);

	if (message)
		error_tame(message);
	return message;
}
