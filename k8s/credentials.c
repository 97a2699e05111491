/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "credentials.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "exec_plugin.h"
#include "file.h"
#include "rotating_file.h"

#define TOKEN_MAX     (256u * 1024u)
#define TOKEN_LIFE_MS (60u * 1000u)
#define TOKEN_BLANKS  " \t\r\n"

#define EXPIRY_MARGIN_S 60

struct credentials {
	uv_loop_t *loop;
	const struct kube_config *config;
	unsigned generation;
	/* from files */
	char *token;
	uint64_t read_ms; /* when the token's file was read last; 0: at the start */
	struct rotating_file ca, cert, key;
	/* from a plugin */
	struct exec_plugin *plugin; /* NULL: there is none */
	struct exec_credential given;
	bool usable;             /* it was not refused */
	uint64_t fresh_until_ms; /* on the loop's clock: then the plugin is asked again */
	bool after_refusal;      /* one was refused since the last one that was accepted */
	void (*fetched)(void *ctx, const struct error *err);
	void *fetched_ctx;
};

static void token_free(char *token)
{
	if (token)
		explicit_bzero(token, strlen(token));
	free(token);
}

/* It becomes part of a header: a line break in it would begin another one. */
bool credentials_is_token(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text == 0x7f)
			return false;
	return true;
}

int credentials_read_token(const char *path, char **token, struct error *err)
{
	char *text;
	size_t length;
	size_t start;
	int result = kube_file_read(path, TOKEN_MAX, &text, &length, err);

	if (result < 0)
		return error_wrap(err, "token");
	while (length > 0 && strchr(TOKEN_BLANKS, text[length - 1]))
		text[--length] = '\0';
	start = strspn(text, TOKEN_BLANKS);
	memmove(text, text + start, length - start + 1);
	length -= start;
	if (length > 0 && credentials_is_token(text) && strlen(text) == length) {
		*token = text;
		return 0;
	}
	explicit_bzero(text, length);
	free(text);
	return error_set(err, EINVAL, "token: %s %s; write a token there, or name another file",
	                 path,
	                 length == 0 ? "is empty" : "does not hold one line of plain characters");
}

static bool reread_token(struct credentials *credentials, uint64_t now_ms)
{
	struct error ignored;
	char *token;
	bool changed;

	credentials->read_ms = now_ms;
	if (!credentials->config->token_file ||
	    credentials_read_token(credentials->config->token_file, &token, &ignored) < 0)
		return false;
	changed = !credentials->token || strcmp(token, credentials->token) != 0;
	token_free(credentials->token);
	credentials->token = token;
	return changed;
}

static bool reread_certificates(struct credentials *credentials)
{
	bool ca = rotating_file_refresh(&credentials->ca);
	bool cert = rotating_file_refresh(&credentials->cert);
	bool key = rotating_file_refresh(&credentials->key);

	return ca || cert || key;
}

static int read_first_token(struct credentials *credentials, struct error *err)
{
	const struct kube_config *config = credentials->config;

	if (config->token_file)
		return credentials_read_token(config->token_file, &credentials->token, err);
	if (!config->token)
		return 0;
	credentials->token = strdup(config->token);
	return credentials->token ? 0 : error_set(err, ENOMEM, "out of memory");
}

int credentials_new(uv_loop_t *loop, const struct kube_config *config, struct credentials **out,
                    struct error *err)
{
	struct credentials *credentials = calloc(1, sizeof(*credentials));
	int result;

	if (!credentials)
		return error_set(err, ENOMEM, "out of memory");
	credentials->loop = loop;
	credentials->config = config;
	credentials->ca.path = config->ca_file;
	credentials->cert.path = config->cert_file;
	credentials->key.path = config->key_file;
	result = read_first_token(credentials, err);
	if (result == 0 && config->exec)
		result = exec_plugin_new(loop, config, &credentials->plugin, err);
	if (result < 0) {
		credentials_free(credentials);
		return result;
	}
	reread_certificates(credentials);
	*out = credentials;
	return 0;
}

void credentials_free(struct credentials *credentials)
{
	if (!credentials)
		return;
	exec_plugin_free(credentials->plugin);
	exec_credential_wipe(&credentials->given);
	rotating_file_release(&credentials->ca);
	rotating_file_release(&credentials->cert);
	rotating_file_release(&credentials->key);
	token_free(credentials->token);
	free(credentials);
}

void credentials_on_fetched(struct credentials *credentials,
                            void (*fetched)(void *ctx, const struct error *err), void *ctx)
{
	credentials->fetched = fetched;
	credentials->fetched_ctx = ctx;
}

static const char *either(const char *preferred, const char *other)
{
	return preferred ? preferred : other;
}

void credentials_current(const struct credentials *credentials, struct credential *out)
{
	const struct kube_config *config = credentials->config;
	const struct exec_credential *given = &credentials->given;

	out->token = either(given->token, credentials->token);
	out->ca = either(config->ca_data, credentials->ca.text);
	out->cert = either(given->cert, either(config->cert_data, credentials->cert.text));
	out->key = either(given->key, either(config->key_data, credentials->key.text));
	out->generation = credentials->generation;
}

/* Asked for again a minute before it ends, or, if it is meant to live for minutes only, when half
 * of that is over. What has expired already (or a clock is wrong) serves those who wait for it. */
static uint64_t fresh_until(int64_t expires, uint64_t now_ms)
{
	int64_t life_s = expires - (int64_t)time(NULL);
	int64_t margin_s = life_s / 2 < EXPIRY_MARGIN_S ? life_s / 2 : EXPIRY_MARGIN_S;

	if (expires == 0)
		return UINT64_MAX;
	return life_s <= 0 ? now_ms : now_ms + (uint64_t)(life_s - margin_s) * 1000;
}

static void on_plugin_done(void *ctx, struct exec_credential *credential, const struct error *err)
{
	struct credentials *credentials = ctx;

	if (credential) {
		exec_credential_wipe(&credentials->given);
		credentials->given = *credential;
		credentials->usable = true;
		credentials->fresh_until_ms = fresh_until(credential->expires,
		                                          uv_now(credentials->loop));
		credentials->generation++;
	}
	if (credentials->fetched)
		credentials->fetched(credentials->fetched_ctx, err);
}

/* 0: what it gave is good; -EINPROGRESS: it runs; other errors: it cannot be run. */
static int ask_plugin(struct credentials *credentials, uint64_t now_ms, struct error *err)
{
	struct credential known;
	int result = 0;

	if (!credentials->plugin || (credentials->usable && now_ms < credentials->fresh_until_ms))
		return 0;
	credentials_current(credentials, &known);
	if (!exec_plugin_runs(credentials->plugin))
		result = exec_plugin_run(credentials->plugin, known.ca, on_plugin_done, credentials,
		                         err);
	return result < 0 ? result : -EINPROGRESS;
}

int credentials_get(struct credentials *credentials, uint64_t now_ms, struct credential *out,
                    struct error *err)
{
	bool changed = false;
	int result;

	if (credentials->config->token_file && now_ms - credentials->read_ms >= TOKEN_LIFE_MS)
		changed = reread_token(credentials, now_ms);
	changed = reread_certificates(credentials) || changed;
	credentials->generation += changed;
	result = ask_plugin(credentials, now_ms, err);
	if (result == 0)
		credentials_current(credentials, out);
	return result;
}

/* What it gives after a refusal has one try: a plugin that is wrong is not asked without a pause.
 */
static bool drop_given(struct credentials *credentials)
{
	bool hopeful = !credentials->after_refusal || !credentials->usable;

	credentials->usable = false;
	credentials->after_refusal = true;
	return hopeful;
}

bool credentials_refused(struct credentials *credentials, unsigned generation, uint64_t now_ms)
{
	bool changed;

	if (generation != credentials->generation)
		return true;
	changed = reread_token(credentials, now_ms);
	changed = reread_certificates(credentials) || changed;
	credentials->generation += changed;
	return (credentials->plugin && drop_given(credentials)) || changed;
}

void credentials_accepted(struct credentials *credentials, unsigned generation)
{
	if (generation == credentials->generation)
		credentials->after_refusal = false;
}
