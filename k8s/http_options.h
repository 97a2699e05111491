/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where requests go and how much the way is trusted, as libcurl is told.
 */
#ifndef HOSTGW_K8S_HTTP_OPTIONS_H
#define HOSTGW_K8S_HTTP_OPTIONS_H

#include <curl/curl.h>

#include "credentials.h"

struct http_target {
	const struct kube_config *config; /* borrowed */
	char *user_agent;
	char *base;        /* what paths are put behind; its host is the name in the certificate */
	char *host_header; /* "Host: ..." where that name is not the server's; or NULL */
	struct curl_slist *connect_to; /* the server's own host and port then; or NULL */
	char *proxy; /* the kubeconfig's, as libcurl names it; NULL: the environment's counts */
	bool on_this_host; /* the server is: a proxy of the environment is not for it */
};

int http_target_init(struct http_target *target, const struct kube_config *config,
                     const char *user_agent, struct error *err);
void http_target_release(struct http_target *target);

/* Everything that does not differ from request to request. */
int http_options_apply(CURL *easy, const struct http_target *target, struct error *err);

/* What the connection is made with: the CA, and the client's certificate. */
int http_options_authorize(CURL *easy, const struct http_target *target,
                           const struct credential *credential, struct error *err);

#endif
