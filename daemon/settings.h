/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the options and the files they name come to, checked as a whole before
 * anything on the host is touched.
 */
#ifndef DAEMON_SETTINGS_H
#define DAEMON_SETTINGS_H

#include "hostgw/kube_config.h"
#include "log.h"
#include "net_conf.h"
#include "options.h"

#define NODE_NAME_MAX 253 /* RFC 1123 subdomain, as Kubernetes checks it */

struct settings {
	const struct options *options; /* borrowed */
	struct net_conf conf;
	char node_name[NODE_NAME_MAX + 1];    /* "": the Pod below tells, by the API server */
	const char *pod_namespace, *pod_name; /* from the environment; NULL: not needed */
	struct prefix nonmasquerade[OPTION_LIST_MAX];
	size_t nonmasquerade_count;
	struct kube_config *kube; /* owned; NULL: nodes come from the file */
};

/* Negative: a mistake in options or files; `err` names it and the remedy, *out holds nothing. */
int settings_load(const struct options *options, const struct log *log, struct settings *out,
                  struct error *err);
/* The same for taking away what a run with these options left. The files of such a run may be gone,
 * so none is read but the kubeconfig: of *out only node and API are filled, with --kube-subnet-mgr.
 */
int settings_load_for_cleanup(const struct options *options, struct settings *out,
                              struct error *err);
void settings_free(struct settings *settings);

#endif
