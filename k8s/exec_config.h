/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a kubeconfig says of a credential plugin: users[].user.exec.
 */
#ifndef HOSTGW_K8S_EXEC_CONFIG_H
#define HOSTGW_K8S_EXEC_CONFIG_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "hostgw/error.h"

#define EXEC_API_GROUP "client.authentication.k8s.io/"

/* All owned. */
struct kube_exec {
	char *api_version;    /* "client.authentication.k8s.io/v1" or ".../v1beta1" */
	char *command;        /* as it is written, for messages */
	char *program;        /* the file that it means */
	char **arguments;     /* NULL-terminated, without the program's own name */
	char **environment;   /* "NAME=value", NULL-terminated; besides our own */
	char *install_hint;   /* or NULL */
	bool cluster_info;    /* provideClusterInfo: it is told of the cluster */
	char *cluster_config; /* JSON for it from the cluster's extensions; or NULL */
};

/* `exec` and `cluster` are the kubeconfig's objects; `folder` is where it lies. -EINVAL, or -ENOENT
 * where there is no such command; `err` names the member, or the remedy. */
int exec_config_read(const cJSON *exec, const cJSON *cluster, const char *folder,
                     struct kube_exec **out, struct error *err);

/* Values of the environment may be secrets: they are overwritten. NULL is fine. */
void exec_config_free(struct kube_exec *exec);

#endif
