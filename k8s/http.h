/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HTTPS requests to the API server on the daemon's loop: libcurl's multi-socket
 * interface on libuv, bodies streamed as they come. A request waits for its credential, if a
 * plugin has to be asked. Callbacks run on the loop, and all but one never inside http_start.
 */
#ifndef HOSTGW_K8S_HTTP_H
#define HOSTGW_K8S_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "credentials.h"
#include "hostgw/kube_client.h"

struct http;
struct http_request;

struct http_result {
	int status; /* the answer's status; 0: there was none */
	struct error
		failure; /* code 0: the answer came whole; else what broke it, with the remedy */
	bool renewed;    /* 401, but the next request has another credential */
	bool timed_out;  /* `timeout_s` was over */
	bool stopped;    /* a callback asked to stop */
	unsigned retry_after; /* seconds, from Retry-After, at most 300; 0: not said */
	const char *message;  /* what the server said with a status other than 2xx (Status.message);
	                       * "" if nothing; borrowed */
};

struct http_call {
	const char *method; /* "GET", "PATCH" */
	const char *verb;   /* it is counted under, as RBAC names it; static */
	const char *path;   /* with the query, from "/api" on */
	const char *accept;
	const char *content_type; /* of `body`; NULL: none */
	const char *body;         /* copied; NULL: none */
	unsigned timeout_s;       /* for the whole exchange; 0: none */
	bool new_connection;      /* the one that stands is not trusted any more */
	unsigned stall_s;         /* ended when no byte came for so long; 0: never */

	void *ctx;
	/* It has its credential and is on its way; also within http_start. May be NULL. */
	void (*begun)(void *ctx);
	/* The answer is 2xx and its headers are there. May be NULL. Negative: stop. */
	int (*accepted)(void *ctx, const char *content_type);
	/* A piece of a 2xx answer's body. NULL: it is read and dropped. Negative: stop. */
	int (*received)(void *ctx, const char *bytes, size_t length);
	/* The exchange is over, one way or another. Not called for a cancelled request. */
	void (*done)(void *ctx, const struct http_result *result);
	/* The last word on `ctx`, whatever happened. May be NULL. */
	void (*release)(void *ctx);
};

/* Requests so far: counted when the headers of a 2xx answer are there, else when they are over. */
const struct kube_request_counts *http_counts(const struct http *http);

/* `config` and `credentials` are borrowed and must live until `closed` is called. */
int http_new(uv_loop_t *loop, const struct kube_config *config, struct credentials *credentials,
             const char *user_agent, struct http **out, struct error *err);

/* Drops all requests without `done`. Allowed at any time, in callbacks too. `closed` comes on a
 * later turn of the loop, when every handle is gone. */
void http_close(struct http *http, void (*closed)(void *ctx), void *ctx);

/* `call` and its texts are copied. *out is valid until done or http_cancel; it may be NULL. */
int http_start(struct http *http, const struct http_call *call, struct http_request **out,
               struct error *err);

/* No callback but `release` comes after this. Allowed in callbacks. NULL is fine. */
void http_cancel(struct http_request *request);

#endif
