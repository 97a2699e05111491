/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the API server is and how to speak to it: from a kubeconfig file or
 * from what Kubernetes mounts into a pod. Implemented in k8s/config.c and
 * k8s/kubeconfig.c.
 */
#ifndef HOSTGW_KUBE_CONFIG_H
#define HOSTGW_KUBE_CONFIG_H

#include <stdbool.h>

#include "hostgw/error.h"

struct kube_exec;

/* All strings owned; NULL: not given. For each of CA, certificate and key at
 * most one of file and data is set; data is PEM text. */
struct kube_config {
	char *origin; /* "in-cluster" or the kubeconfig's path, for messages */
	char *server; /* "https://host:port", no trailing slash */
	char *ca_file, *ca_data;
	char *cert_file, *cert_data;
	char *key_file, *key_data;
	char *token, *token_file;
	struct kube_exec
		*exec; /* a program gives token or certificate (k8s/exec_config.h); or NULL */
	char *tls_server_name;
	char *proxy_url;
	bool insecure_skip_tls_verify;
	bool disable_compression; /* as given; a plugin is told it */
	bool compression;         /* "disable-compression: false" is given */
};

/* KUBERNETES_SERVICE_HOST/PORT and the service account's files (`directory`, or
 * NULL for /var/run/secrets/kubernetes.io/serviceaccount). -ENOENT: not in a cluster,
 * or the token or CA is missing; `err` names the file or variable and the remedy. */
int kube_config_in_cluster(const char *directory, struct kube_config **out, struct error *err);

/* A kubeconfig's current context. `server` (--kube-api-url) may be NULL; else it
 * replaces the cluster's server. Errors: -ENOENT, -EACCES, -EINVAL; `err` names the file, and
 * the line of the entry or member that is wrong. */
int kube_config_read(const char *path, const char *server, struct kube_config **out,
                     struct error *err);

/* Nothing but a server's URL (--kube-api-url alone). */
int kube_config_bare(const char *server, struct kube_config **out, struct error *err);

/* Secrets are overwritten before the memory is given back. NULL is fine. */
void kube_config_free(struct kube_config *config);

#endif
