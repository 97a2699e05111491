/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `hostgwd check` asks the API server: how many Nodes there are, whether the own one is among
 * them, and what the client's user may do.
 */
#ifndef DAEMON_CHECK_API_H
#define DAEMON_CHECK_API_H

#include "check_gather.h"

/* How long all answers together may take. */
#define CHECK_PATIENCE_MS 10000

/* Puts the answers, or the lack of them, among the facts. Takes host->settings.kube. */
void check_api_ask(struct check_host *host);

#endif
