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
#include "node_table.h"

/* 50,000 Nodes as kubectl prints them are below this. */
#define FILE_LIMIT (1024u * 1024 * 1024)

/* Several events of one change (kubelet's ConfigMap links, editors) make one reading. */
#define SETTLE_MS 10
/* While the file is away it is looked for this often, besides. */
#define AWAY_MS 1000

struct nodes_file {
	const char *path;              /* borrowed */
	const char *annotation_prefix; /* borrowed */
	struct node_sink sink;
	int inotify;
	int folder_watch, target_watch; /* inotify(7) watch descriptors; -1: none */
	char target_name[NAME_MAX + 1]; /* of the file that `path` leads to */
	uv_poll_t poll;
	uv_timer_t settle;
	unsigned open_handles;
	bool troubled; /* the last reading failed */
};

static int check_texts(const struct node_record *record, struct error *err)
{
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

/* A Node of a cluster may be without either for a while; it has a creation time. An entry that was
 * written by hand has none, and without either it is a slip of the pen. */
static int check_whole(const struct node_record *record, struct error *err)
{
	if (record->created != 0)
		return 0;
	if (record->pod_cidr_count == 0)
		return error_set(err, EINVAL, "node %s has no podCIDR; write podCIDR: 10.1.4.0/24",
		                 record->name);
	if (record->address_count == 0)
		return error_set(err, EINVAL, "node %s has no address; write address: 192.168.2.45",
		                 record->name);
	return 0;
}

/* A file is an administrator's: what would be skipped if a cluster said it is a mistake here, and
 * a mistake must not take a route away. */
static int check_record(void *ctx, const struct node_record *record, struct error *err)
{
	struct node_table *seen = ctx;
	bool changed;
	int result;

	if (node_table_find(seen, record->name))
		return error_set(err, EINVAL, "node %s is there twice", record->name);
	result = check_texts(record, err);
	if (result == 0)
		result = check_whole(record, err);
	return result < 0 ? result : node_table_upsert(seen, record, &changed, err);
}

static int check_text(const struct nodes_file *file, const char *text, size_t length,
                      struct error *err)
{
	struct node_table *seen;
	int result = node_table_new(&seen, err);

	if (result < 0)
		return result;
	result = node_list_read(text, length, file->annotation_prefix, check_record, seen, err);
	if (result == 0 && node_table_count(seen) == 0)
		result = error_set(err, EINVAL, "there is no node in it, not even this host");
	node_table_free(seen);
	return result;
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
	int result = check_text(file, text, length, err);

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

/* ---- watching ---- */

#define FOLDER_EVENTS \
	(IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE | IN_MOVED_FROM | IN_MOVE_SELF | IN_DELETE_SELF)

/* Watches the folder that `file` lies in, in the place of `watch`, which may be another folder of
 * the same name that has been moved away. */
static int watch_folder_of(struct nodes_file *file, const char *path, int *watch)
{
	char copy[PATH_MAX];
	int fresh;

	if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy))
		return -ENAMETOOLONG;
	fresh = inotify_add_watch(file->inotify, dirname(copy), FOLDER_EVENTS | IN_ONLYDIR);
	if (fresh < 0)
		return -errno;
	if (*watch >= 0 && *watch != fresh)
		inotify_rm_watch(file->inotify, *watch);
	*watch = fresh;
	return 0;
}

/*
 * Folders are watched, as a rename puts another file in the place of the one
 * that would be watched: the one of the name, and the one that a symbolic link leads to.
 * IN_CLOSE_WRITE, not IN_MODIFY: half a YAML file can be good YAML with half
 * the nodes, so nothing is read before its writer is done.
 */
static int watch_folders(struct nodes_file *file, struct error *err)
{
	char target[PATH_MAX];
	int result = watch_folder_of(file, file->path, &file->folder_watch);

	if (result < 0)
		return error_set(err, -result, "%s: cannot watch its folder: %s; see --nodes-file",
		                 file->path, strerror(-result));
	if (realpath(file->path, target)) {
		snprintf(file->target_name, sizeof(file->target_name), "%s",
		         strrchr(target, '/') + 1);
		watch_folder_of(file, target, &file->target_watch);
	}
	return 0;
}

static int watch_and_read(struct nodes_file *file, struct error *err)
{
	int result = watch_folders(file, err);

	return result < 0 ? result : read_file(file, err);
}

static void read_again(uv_timer_t *timer)
{
	struct nodes_file *file = timer->data;
	struct error err;

	if (watch_and_read(file, &err) < 0) {
		/* A folder that is away cannot tell that it is back. */
		if (err.code == ENOENT || err.code == ENOTDIR)
			uv_timer_start(timer, read_again, AWAY_MS, 0);
		file->troubled = true;
		error_wrap(&err, "keeping the last good nodes file");
		file->sink.trouble(file->sink.ctx, &err);
	} else if (file->troubled) {
		file->troubled = false;
		file->sink.recovered(file->sink.ctx);
	}
}

/* The file by its own name or by that of the link's target, the link "..data" that kubelet turns
 * to a ConfigMap's new contents, or the folder itself. */
static bool concerns(const struct nodes_file *file, const struct inotify_event *event)
{
	const char *slash = strrchr(file->path, '/');

	return event->len == 0 || strcmp(event->name, slash ? slash + 1 : file->path) == 0 ||
	       strcmp(event->name, file->target_name) == 0 || strcmp(event->name, "..data") == 0;
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

static int start_watching(struct nodes_file *file, uv_loop_t *loop, struct error *err)
{
	int result = uv_poll_init(loop, &file->poll, file->inotify);

	if (result < 0)
		return error_set(err, -result, "watching %s: %s", file->path, uv_strerror(result));
	uv_timer_init(loop, &file->settle);
	file->settle.data = file;
	file->poll.data = file;
	file->open_handles = 2;
	uv_poll_start(&file->poll, UV_READABLE, drain_events);
	return 0;
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
	file->folder_watch = file->target_watch = -1;
	file->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (file->inotify < 0)
		result = error_set(err, errno, "inotify: %s (see fs.inotify.max_user_instances)",
		                   strerror(errno));
	else
		result = watch_and_read(file, err);
	if (result == 0)
		result = start_watching(file, loop, err);
	if (result < 0) {
		free_nodes_file(file);
		return result;
	}
	*out = file;
	return 0;
}

void nodes_file_reread(struct nodes_file *file)
{
	uv_timer_stop(&file->settle);
	read_again(&file->settle);
}

void nodes_file_close(struct nodes_file *file)
{
	if (!file)
		return;
	uv_close((uv_handle_t *)&file->poll, handle_closed);
	uv_close((uv_handle_t *)&file->settle, handle_closed);
}
