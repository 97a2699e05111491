/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "credentials.h"

#include <errno.h>
#include <stdlib.h>

#include "file.h"

#define TOKEN_MAX     (256u * 1024u)
#define TOKEN_LIFE_MS (60u * 1000u)
#define TOKEN_BLANKS  " \t\r\n"

struct credentials {
	const struct kube_config *config;
	char *token;
	uint64_t read_ms; /* when the file was read last; 0: at the start */
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
	return error_set(err, EINVAL, "token: %s %s", path,
	                 length == 0 ? "is empty" : "does not hold one line of plain characters");
}

static bool reread(struct credentials *credentials, uint64_t now_ms)
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

int credentials_new(const struct kube_config *config, struct credentials **out, struct error *err)
{
	struct credentials *credentials = calloc(1, sizeof(*credentials));
	int result = 0;

	if (!credentials)
		return error_set(err, ENOMEM, "out of memory");
	credentials->config = config;
	if (config->token_file) {
		result = credentials_read_token(config->token_file, &credentials->token, err);
	} else if (config->token) {
		credentials->token = strdup(config->token);
		if (!credentials->token)
			result = error_set(err, ENOMEM, "out of memory");
	}
	if (result < 0) {
		free(credentials);
		return result;
	}
	*out = credentials;
	return 0;
}

void credentials_free(struct credentials *credentials)
{
	if (!credentials)
		return;
	token_free(credentials->token);
	free(credentials);
}

const char *credentials_token(struct credentials *credentials, uint64_t now_ms)
{
	if (credentials->config->token_file && now_ms - credentials->read_ms >= TOKEN_LIFE_MS)
		reread(credentials, now_ms);
	return credentials->token;
}

bool credentials_refresh(struct credentials *credentials, uint64_t now_ms)
{
	return reread(credentials, now_ms);
}
