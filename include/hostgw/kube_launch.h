/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The step before a credential plugin runs (users[].user.exec of a kubeconfig), in which it loses
 * the daemon's capabilities. The client runs the daemon's own program once more for it.
 * Implemented in k8s/child_launch.c.
 */
#ifndef HOSTGW_KUBE_LAUNCH_H
#define HOSTGW_KUBE_LAUNCH_H

/* To be called first in main() of every program that makes a kube_client: where it was started for
 * that step, it does not return. */
void kube_launch_if_asked(char *argv[]);

#endif
