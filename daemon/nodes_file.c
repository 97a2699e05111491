/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nodes_file.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "file.h"
#include "hostgw/node_list.h"
#include "hostgw/prefix.h"

/* 50,000 Nodes as kubectl prints them are below this. */
#define FILE_LIMIT (1024u * 1024 * 1024)

/* Several events of one change (kubelet's ConfigMap links, editors) make one reading. */
#define SETTLE_MS 10

struct nodes_file {
	const char *path;              /* borrowed */
	const char *annotation_prefix; /* borrowed */
	struct node_sink sink;
	int inotify;
	uv_poll_t poll;
	uv_timer_t settle;
	unsigned open_handles;
	bool troubled; /* the last reading failed */
};

/* A file is an administrator's: what would be skipped if a cluster said it is a mistake here, and
 * a mistake must not take a route away. */
static int check_record(void *ctx, const struct node_record *record, struct error *err)
{
	(void)ctx;
	for (size_t i = 0; i < record->pod_cidr_count; i++) {
		struct prefix prefix;

		if (!prefix_parse(record->pod_cidrs[i], &prefix))
			return error_set(err, EINVAL, "node %s: \"%s\" is not a CIDR", record->name,
			                 record->pod_cidrs[i]);
	}
	for (size_t i = 0; i < record->address_count; i++) {
		struct ip_addr addr;

		if (!ip_parse(record->addresses[i], &addr))
			return error_set(err, EINVAL, "node %s: \"%s\" is not an IP address",
			                 record->name, record->addresses[i]);
	}
	return 0;
}

static int pass_record(void *ctx, const struct node_record *record, struct error *err)
{
	struct nodes_file *file = ctx;

	(void)err;
	file->sink.node_changed(file->sink.ctx, record);
	return 0;
}

/* Reads the text twice: the first time to see that all of it is good. */
static int deliver(struct nodes_file *file, const char *text, size_t length, struct error *err)
{
	int result = node_list_read(text, length, file->annotation_prefix, check_record, NULL, err);

	if (result == 0) {
		file->sink.list_begin(file->sink.ctx);
		result = node_list_read(text, length, file->annotation_prefix, pass_record, file,
		                        err);
	}
	if (result == 0)
		file->sink.list_end(file->sink.ctx, true);
	return result < 0 ? error_wrap(err, "%s", file->path) : 0;
}

static int read_file(struct nodes_file *file, struct error *err)
{
	char *text;
	size_t length;
	int result = file_read(file->path, FILE_LIMIT, &text, &length, err);

	if (result == -ENOENT)
		return error_set(err, ENOENT,
		                 "%s: no such file; write a list of {name, podCIDR, "
		                 "address} there, or what `kubectl get nodes -o yaml` prints",
		                 file->path);
	if (result < 0)
		return result;
	result = deliver(file, text, length, err);
	free(text);
	return result;
}

static void read_again(uv_timer_t *timer)
{
	struct nodes_file *file = timer->data;
	struct error err;

	if (read_file(file, &err) < 0) {
		file->troubled = true;
		error_wrap(&err, "keeping the last good nodes file");
		file->sink.trouble(file->sink.ctx, &err);
	} else if (file->troubled) {
		file->troubled = false;
		file->sink.recovered(file->sink.ctx);
	}
}

/* The file itself, or the link "..data" that kubelet turns to a ConfigMap's new contents; an event
 * without a name is a queue that overran. */
static bool concerns(const struct nodes_file *file, const struct inotify_event *event)
{
	const char *slash = strrchr(file->path, '/');

	return event->len == 0 || strcmp(event->name, slash ? slash + 1 : file->path) == 0 ||
	       strcmp(event->name, "..data") == 0;
}

static void drain_events(uv_poll_t *poll, int status, int events)
{
	struct nodes_file *file = poll->data;
	_Alignas(struct inotify_event) char buffer[4096];
	bool changed = false;
	ssize_t got;

	(void)status;
	(void)events;
	while ((got = read(file->inotify, buffer, sizeof(buffer))) > 0) {
		const struct inotify_event *event;

		for (char *at = buffer; at < buffer + got; at += sizeof(*event) + event->len) {
			event = (const struct inotify_event *)(const void *)at;
			changed = changed || concerns(file, event);
		}
	}
	if (changed)
		uv_timer_start(&file->settle, read_again, SETTLE_MS, 0);
}

/*
 * The folder is watched, as a rename puts another file in the place of the one
 * that would be watched. IN_CLOSE_WRITE, not IN_MODIFY: half a YAML file can be
 * good YAML with half the nodes, so nothing is read before its writer is done.
 */
static int watch_folder(struct nodes_file *file, struct error *err)
{
	char copy[PATH_MAX];
	const char *folder;

	if (snprintf(copy, sizeof(copy), "%s", file->path) >= (int)sizeof(copy))
		return error_set(err, ENAMETOOLONG, "%s: name too long", file->path);
	folder = dirname(copy);
	file->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (file->inotify < 0)
		return error_set(err, errno, "inotify: %s (see fs.inotify.max_user_instances)",
		                 strerror(errno));
	if (inotify_add_watch(file->inotify, folder,
	                      IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE | IN_MOVED_FROM |
	                              IN_ONLYDIR) < 0)
		return error_set(err, errno, "%s: cannot watch the folder %s: %s; see --nodes-file",
		                 file->path, folder, strerror(errno));
	return 0;
}

static void free_nodes_file(struct nodes_file *file)
{
	if (file->inotify >= 0)
		close(file->inotify);
	free(file);
}

static void handle_closed(uv_handle_t *handle)
{
	struct nodes_file *file = handle->data;

	if (--file->open_handles == 0)
		free_nodes_file(file);
}

static void start_watching(struct nodes_file *file, uv_loop_t *loop)
{
	uv_timer_init(loop, &file->settle);
	uv_poll_init(loop, &file->poll, file->inotify);
	file->settle.data = file;
	file->poll.data = file;
	file->open_handles = 2;
	uv_poll_start(&file->poll, UV_READABLE, drain_events);
}

int nodes_file_start(uv_loop_t *loop, const char *path, const char *annotation_prefix,
                     const struct node_sink *sink, struct nodes_file **out, struct error *err)
{
	struct nodes_file *file = calloc(1, sizeof(*file));
	int result;

	if (!file)
		return error_set(err, ENOMEM, "out of memory");
	file->path = path;
	file->annotation_prefix = annotation_prefix;
	file->sink = *sink;
	file->inotify = -1;
	result = watch_folder(file, err);
	if (result == 0)
		result = read_file(file, err);
	if (result < 0) {
		free_nodes_file(file);
		return result;
	}
	start_watching(file, loop);
	*out = file;
	return 0;
}

void nodes_file_close(struct nodes_file *file)
{
	if (!file)
		return;
	uv_close((uv_handle_t *)&file->poll, handle_closed);
	uv_close((uv_handle_t *)&file->settle, handle_closed);
}
