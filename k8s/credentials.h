/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What proves to the server who we are, and the server to us, kept fresh: the files rotate on
 * disk, a credential plugin's answer expires.
 */
#ifndef HOSTGW_K8S_CREDENTIALS_H
#define HOSTGW_K8S_CREDENTIALS_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "hostgw/kube_config.h"

struct credentials;

/* Borrowed until the next call of a function below; NULL: none is used. */
struct credential {
	const char *token;
	const char *ca;         /* PEM; NULL: the system's */
	const char *cert, *key; /* PEM; both or none */
	unsigned generation;    /* another number for each other credential */
};

/* `config` is borrowed and must live longer. Reads the files once. */
int credentials_new(uv_loop_t *loop, const struct kube_config *config, struct credentials **out,
                    struct error *err);
/* A plugin that runs is killed, its handles close on later turns of the loop. NULL is fine. */
void credentials_free(struct credentials *credentials);

/* The plugin that credentials_get started is over; `err` NULL: credentials_current has what it
 * gave. NULL: nobody is told any more. */
void credentials_on_fetched(struct credentials *credentials,
                            void (*fetched)(void *ctx, const struct error *err), void *ctx);

/*
 * The credential for a request that begins now. `now_ms`: monotonic; a token file is read again
 * after a minute, the others when they have changed; while one cannot be read, the last text goes
 * on. -EINPROGRESS: the plugin was asked (whoever waits is told by `fetched`); other errors: it
 * could not be.
 */
int credentials_get(struct credentials *credentials, uint64_t now_ms, struct credential *out,
                    struct error *err);

/* As it is at hand, fresh or not. */
void credentials_current(const struct credentials *credentials, struct credential *out);

/* The server did not accept this generation (401): reads everything again. true: the next
 * credentials_get gives another one, or asks the plugin for it. */
bool credentials_refused(struct credentials *credentials, unsigned generation, uint64_t now_ms);

/* The server did accept it. */
void credentials_accepted(struct credentials *credentials, unsigned generation);

/* One line of plain characters, as a header needs it. */
bool credentials_is_token(const char *text);

/* Reads a token file as a token: blanks around it gone, one line of printable characters. */
int credentials_read_token(const char *path, char **token, struct error *err);

#endif
