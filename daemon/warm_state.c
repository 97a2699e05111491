/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "warm_state.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <time.h>

#include "file.h"
#include "hash.h"

#define FILE_NAME   "warm-state"
#define FILE_MOST   (32u * 1024u * 1024u) /* some 300,000 nodes */
#define CA_MOST     (1024u * 1024u)
#define SAVE_GAP_MS (60u * 1000u)
/*
 * A week: longer than a host is down over a weekend, shorter than it takes for its nodes' addresses
 * to be somebody else's. The API server forgets the version within minutes to hours, but the
 * routes are worth more than the version at a boot without an API server.
 */
#define OLDEST_S (7 * 24 * 3600)

struct warm_state {
	const struct log *log;
	char path[PATH_MAX];
	uint64_t identity;
	bool saved; /* in this run */
	uint64_t saved_at;
	bool complained;
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
	if (snprintf(state->path, sizeof(state->path), "%s/" FILE_NAME, config->folder) >=
	    (int)sizeof(state->path)) {
		free(state);
		return error_set(err, ENAMETOOLONG, "--state-dir %s: the path is too long",
		                 config->folder);
	}
	state->log = config->log;
	state->identity = identify(config);
	*out = state;
	return 0;
}

void warm_state_free(struct warm_state *state)
{
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
		log_warning(state->log, "The warm state is ignored, all Nodes are listed: %s",
		            err.text);
	return result == 0;
}

static int write_state(const struct warm_state *state, const struct warm_facts *facts,
                       struct error *err)
{
	bool changed;
	char *text;
	int result = warm_text_print(facts, &text, err);

	if (result < 0)
		return result;
	result = file_write(state->path, text, &changed, err);
	free(text);
	return result;
}

void warm_state_save(struct warm_state *state, struct warm_facts facts, uint64_t now_ms,
                     bool at_once)
{
	struct error err;

	if (!state || (!at_once && state->saved && now_ms - state->saved_at < SAVE_GAP_MS))
		return;
	state->saved = true;
	state->saved_at = now_ms;
	facts.identity = state->identity;
	facts.written = (int64_t)time(NULL);
	if (write_state(state, &facts, &err) == 0) {
		state->complained = false;
	} else if (!state->complained) {
		log_info(state->log,
		         "No warm state, a restart will list all Nodes (see --state-dir): %s",
		         err.text);
		state->complained = true;
	}
}
