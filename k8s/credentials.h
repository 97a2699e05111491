/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bearer token, kept fresh: a service account's token rotates on disk. Client
 * certificates are libcurl's business (http_options.c).
 */
#ifndef HOSTGW_K8S_CREDENTIALS_H
#define HOSTGW_K8S_CREDENTIALS_H

#include <stdbool.h>
#include <stdint.h>

#include "hostgw/kube_config.h"

struct credentials;

/* `config` is borrowed and must live longer. Reads the token once. */
int credentials_new(const struct kube_config *config, struct credentials **out, struct error *err);
void credentials_free(struct credentials *credentials); /* NULL is fine */

/* The token, borrowed until the next call; NULL: none is used. `now_ms`: monotonic; a token file is
 * read again after a minute. While it cannot be read, the last token goes on. */
const char *credentials_token(struct credentials *credentials, uint64_t now_ms);

/* The server refused the token: reads it again. true: it is another one now. */
bool credentials_refresh(struct credentials *credentials, uint64_t now_ms);

/* One line of plain characters, as a header needs it. */
bool credentials_is_token(const char *text);

/* Reads a token file as a token: blanks around it gone, one line of printable characters. */
int credentials_read_token(const char *path, char **token, struct error *err);

#endif
