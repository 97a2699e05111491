/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads a text that lists nodes, as a nodes file holds it: JSON or YAML as
 * `kubectl get nodes -o json|yaml` prints it, or the short form, a list of
 * {name, podCIDR (or podCIDRs), address (or addresses)}, in either syntax.
 * Implemented in k8s/node_list.c.
 */
#ifndef HOSTGW_NODE_LIST_H
#define HOSTGW_NODE_LIST_H

#include "hostgw/node.h"

/* Called for each node in the order of the text; a negative result ends the reading. */
typedef int (*node_list_visit_fn)(void *ctx, const struct node_record *record, struct error *err);

/*
 * 0: the text was whole and every node was visited. -EINVAL: syntax error or an
 * entry without a name; `err` says what and in which line (and column). Nothing
 * is skipped silently. An empty text is an error; an empty list is not.
 * Memory beyond the text is that of one node. Does not keep any pointer.
 */
int node_list_read(const char *text, size_t length, const char *annotation_prefix,
                   node_list_visit_fn visit, void *ctx, struct error *err);

#endif
