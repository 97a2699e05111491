/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One exchange: the easy handle, its headers, and what becomes of the answer's
 * bytes. Used by http.c alone, which runs the handle.
 */
#ifndef HOSTGW_K8S_HTTP_REQUEST_H
#define HOSTGW_K8S_HTTP_REQUEST_H

#include <curl/curl.h>

#include "http.h"
#include "http_options.h"
#include "text.h"

struct http_request {
	struct http *http;
	struct kube_request_counts *counts; /* borrowed */
	struct http_request *next, *previous;
	CURL *easy;
	struct curl_slist *headers;    /* may hold the token: overwritten before they are freed */
	struct http_call call;         /* its texts are libcurl's copies by now, and void here */
	unsigned generation;           /* of the credential that it carries */
	bool waiting;                  /* for a credential */
	bool running;                  /* the multi handle has it */
	struct error rejected;         /* why it could not even begin; code 0: it could */
	bool cancelled;                /* no callback comes any more */
	bool accepted;                 /* the 2xx headers were told, and counted */
	bool stopped;                  /* by a callback */
	size_t dropped;                /* bytes of the body that nobody read */
	struct text refusal;           /* the body of an answer that is not 2xx */
	char message[CURL_ERROR_SIZE]; /* libcurl's own words */
};

int http_request_new(struct http *http, const struct http_target *target,
                     const struct http_call *call, struct http_request **out, struct error *err);

/* The last thing that it needs before it runs. */
int http_request_authorize(struct http_request *request, const struct http_target *target,
                           const struct credential *credential, struct error *err);

/* true: it has no connection yet, and has been woken to see whether it can get on. */
bool http_request_wake(struct http_request *request);

int http_request_status(const struct http_request *request);

/* Calls call.release. The multi handle must not have it any more. */
void http_request_free(struct http_request *request);

/* The exchange is over with `code`, or never began: tells call.done. */
void http_request_finish(struct http_request *request, CURLcode code,
                         const struct kube_config *config, bool renewed);

#endif
