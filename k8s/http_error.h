/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What went wrong between the API server and us, in words with a remedy.
 */
#ifndef HOSTGW_K8S_HTTP_ERROR_H
#define HOSTGW_K8S_HTTP_ERROR_H

#include <curl/curl.h>

#include "http.h"

/* The exchange broke with `code`. `words`: libcurl's own. Returns the negative errno set. */
int http_explain_transport(CURL *easy, CURLcode code, const char *words,
                           const struct kube_config *config, struct error *err);

/* The server answered with a status that is not 2xx. `verb` and `resource` as RBAC names them
 * ("list", "nodes"). */
int http_explain_status(const struct http_result *result, const char *verb, const char *resource,
                        const struct kube_config *config, struct error *err);

#endif
