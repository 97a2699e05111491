/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the ways to a struct kube_config share.
 */
#ifndef HOSTGW_K8S_CONFIG_H
#define HOSTGW_K8S_CONFIG_H

#include "hostgw/kube_config.h"

/* Checks the URL and keeps it without trailing slashes. -EINVAL: not http(s)://host[:port][/path].
 */
int config_set_server(struct kube_config *config, const char *url, struct error *err);

/* A URL that libcurl can read, of any scheme. */
bool config_is_url(const char *text);

/* The file can be read and holds PEM; `what` ("certificate-authority") is for the message. */
int config_check_pem_file(const char *path, const char *what, struct error *err);
/* The text is PEM. */
int config_check_pem(const char *text, const char *what, struct error *err);

#endif
