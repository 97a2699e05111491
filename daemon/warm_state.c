/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "warm_state.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <time.h>

#include "file.h"
#include "hash.h"

#define FILE_MOST   (32u * 1024u * 1024u) /* some 300,000 nodes */
#define CA_MOST     (1024u * 1024u)
#define SAVE_GAP_MS (60u * 1000u)
/* Where nothing but the version is another one: a version of ten minutes ago is good to resume. */
#define SAME_GAP_MS (10u * 60u * 1000u)
/*
 * A week: longer than a host is down over a weekend, shorter than it takes for its nodes' addresses
 * to be somebody else's. The API server forgets the version within minutes to hours, but the
 * routes are worth more than the version at a boot without an API server.
 */
#define OLDEST_S (7 * 24 * 3600)

struct warm_state {
	const struct log *log;
	uv_loop_t *loop;
	char path[PATH_MAX];
	uint64_t identity;
	bool looked; /* in this run */
	uint64_t looked_at;
	bool written; /* the file has `content`, since written_at */
	uint64_t written_at, content;
	bool complained;
	/* The writing in libuv's pool: a disk may take its time. */
	uv_work_t work;
	char *text; /* NULL: none is under way */
	int result;
	struct error err;
	uv_mutex_t lock; /* held while the file is written */
	bool over;       /* under the lock: the last one is written */
};

/* Texts one after the other, each with its end. */
static uint64_t add_text(uint64_t hash, const char *text)
{
	return text ? hash_add(hash, text, strlen(text) + 1) : hash_add(hash, "\1", 1);
}

/* A cluster is known by its address and its CA; a CA file by what is in it. */
static uint64_t identify(const struct warm_state_config *config)
{
	uint64_t hash = add_text(HASH_START, config->kube->server);
	struct error ignored;
	char *ca = NULL;
	size_t length;

	if (config->kube->ca_file &&
	    file_read(config->kube->ca_file, CA_MOST, &ca, &length, &ignored) == 0)
		hash = add_text(hash, ca);
	free(ca);
	hash = add_text(hash, config->kube->ca_data);
	hash = add_text(hash, config->annotation_prefix);
	return add_text(hash, config->node_name);
}

int warm_state_new(const struct warm_state_config *config, struct warm_state **out,
                   struct error *err)
{
	struct warm_state *state;

	*out = NULL;
	if (!config->folder[0])
		return 0;
	state = calloc(1, sizeof(*state));
	if (!state)
		return error_set(err, ENOMEM, "out of memory");
	if (snprintf(state->path, sizeof(state->path), "%s/" WARM_STATE_FILE, config->folder) >=
	    (int)sizeof(state->path)) {
		free(state);
		return error_set(err, ENAMETOOLONG, "--state-dir %s: the path is too long",
		                 config->folder);
	}
	if (uv_mutex_init(&state->lock) < 0) {
		free(state);
		return error_set(err, ENOMEM, "out of memory");
	}
	file_remove_leftovers(state->path);
	state->log = config->log;
	state->loop = config->loop;
	state->identity = identify(config);
	*out = state;
	return 0;
}

void warm_state_free(struct warm_state *state)
{
	if (state)
		uv_mutex_destroy(&state->lock);
	free(state);
}

/* A file from the future is one from before a clock was set: it is not older for that. */
static int check_age(const struct warm_memory *memory, struct error *err)
{
	int64_t age = (int64_t)time(NULL) - memory->written;

	if (age > OLDEST_S)
		return error_set(err, ESTALE, "it was written %lld days ago",
		                 (long long)(age / 86400));
	return 0;
}

static int read_state(const struct warm_state *state, struct warm_memory *out, struct error *err)
{
	char *text;
	size_t length;
	int result = file_read(state->path, FILE_MOST, &text, &length, err);

	if (result < 0)
		return result;
	result = warm_text_parse(text, length, state->identity, out, err);
	free(text);
	if (result == 0) {
		result = check_age(out, err);
		if (result < 0)
			warm_memory_free(out);
	}
	return result < 0 ? error_wrap(err, "%s", state->path) : 0;
}

bool warm_state_load(const struct warm_state *state, struct warm_memory *out)
{
	struct error err;
	int result;

	if (!state)
		return false;
	result = read_state(state, out, &err);
	if (result < 0 && result != -ENOENT)
		log_warning(
			state->log,
			"The warm state is ignored, all Nodes are listed: %s; nothing needs to be done",
			err.text);
	return result == 0;
}

static void tell(struct warm_state *state, int result, const struct error *err)
{
	state->written = result == 0;
	if (result < 0 && !state->complained)
		log_info(state->log,
		         "No warm state, a restart will list all Nodes (see --state-dir): %s",
		         err->text);
	state->complained = result < 0;
}

static int print_state(const struct warm_state *state, struct warm_facts *facts, char **text,
                       struct error *err)
{
	facts->identity = state->identity;
	facts->written = (int64_t)time(NULL);
	return warm_text_print(facts, text, err);
}

/* In a thread of the pool. */
static void write_text(uv_work_t *work)
{
	struct warm_state *state = work->data;
	bool changed;

	uv_mutex_lock(&state->lock);
	state->result = state->over ? 0
	                            : file_write(state->path, state->text, &changed, &state->err);
	uv_mutex_unlock(&state->lock);
}

static void text_written(uv_work_t *work, int status)
{
	struct warm_state *state = work->data;

	(void)status; /* it is never cancelled */
	free(state->text);
	state->text = NULL;
	if (!state->over)
		tell(state, state->result, &state->err);
}

void warm_state_save(struct warm_state *state, struct warm_facts facts, uint64_t now_ms)
{
	struct error err;
	uint64_t content;
	int result;

	if (!state || state->text || (state->looked && now_ms - state->looked_at < SAVE_GAP_MS))
		return;
	state->looked = true;
	state->looked_at = now_ms;
	result = print_state(state, &facts, &state->text, &err);
	if (result < 0) {
		tell(state, result, &err);
		return;
	}
	content = warm_text_content(state->text);
	if (state->written && content == state->content &&
	    now_ms - state->written_at < SAME_GAP_MS) {
		free(state->text);
		state->text = NULL;
		return;
	}
	state->content = content;
	state->written_at = now_ms;
	state->work.data = state;
	uv_queue_work(state->loop, &state->work, write_text, text_written);
}

void warm_state_save_last(struct warm_state *state, struct warm_facts facts)
{
	struct error err;
	bool changed;
	char *text;
	int result;

	if (!state)
		return;
	result = print_state(state, &facts, &text, &err);
	if (result == 0) {
		uv_mutex_lock(&state->lock);
		state->over = true;
		result = file_write(state->path, text, &changed, &err);
		uv_mutex_unlock(&state->lock);
		free(text);
	}
	tell(state, result, &err);
}
