/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The object that a credential plugin and its caller exchange: ExecCredential of
 * client.authentication.k8s.io. Pure.
 */
#ifndef HOSTGW_K8S_EXEC_CREDENTIAL_H
#define HOSTGW_K8S_EXEC_CREDENTIAL_H

#include <stddef.h>
#include <stdint.h>

#include "hostgw/kube_config.h"

/* Owned; a token, or certificate and key (PEM), or all three. */
struct exec_credential {
	char *token;
	char *cert, *key;
	int64_t expires; /* seconds since 1970; 0: not said */
};

/* What a plugin is told, in KUBERNETES_EXEC_INFO: JSON, to be freed with cJSON_free. `ca`: the PEM
 * text that the cluster's certificate is checked with, or NULL. NULL: no memory. */
char *exec_credential_request(const struct kube_config *config, const char *ca);

/*
 * What a plugin answered; there is a NUL behind `text`. -EINVAL: it is no such object of
 * `api_version`, or lacks what is needed; `err` says what and quotes nothing of it.
 */
int exec_credential_parse(const char *text, size_t length, const char *api_version,
                          struct exec_credential *out, struct error *err);

/* Overwrites the secrets; *credential is empty then. */
void exec_credential_wipe(struct exec_credential *credential);

#endif
