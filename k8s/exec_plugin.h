/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asks the credential plugin of a kubeconfig for a credential.
 */
#ifndef HOSTGW_K8S_EXEC_PLUGIN_H
#define HOSTGW_K8S_EXEC_PLUGIN_H

#include <stdbool.h>
#include <uv.h>

#include "exec_credential.h"

struct exec_plugin;

/* `config`, which has `exec`, is borrowed. */
int exec_plugin_new(uv_loop_t *loop, const struct kube_config *config, struct exec_plugin **out,
                    struct error *err);
/* A plugin that runs is killed. NULL is fine. */
void exec_plugin_free(struct exec_plugin *plugin);

/* Exactly one of `credential` (the callee's from now on) and `err` is not NULL. */
typedef void (*exec_plugin_done_fn)(void *ctx, struct exec_credential *credential,
                                    const struct error *err);

bool exec_plugin_runs(const struct exec_plugin *plugin);

/* Runs it; it must not run already. `ca`: see exec_credential_request. `done` comes once, later. */
int exec_plugin_run(struct exec_plugin *plugin, const char *ca, exec_plugin_done_fn done, void *ctx,
                    struct error *err);

#endif
