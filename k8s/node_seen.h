/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Remembers of each node a hash of the record that was last passed on, so that a
 * heartbeat, which changes nothing that is in the record, can be dropped. Between 16
 * and 32 bytes a node.
 *
 * Two records of a node share a hash with a chance of 2^-64; nodes whose names share one
 * are merely passed on more often. The hashes are seeded anew in each process.
 */
#ifndef HOSTGW_K8S_NODE_SEEN_H
#define HOSTGW_K8S_NODE_SEEN_H

#include "hostgw/node.h"

struct node_seen;

int node_seen_new(struct node_seen **out, struct error *err);
void node_seen_free(struct node_seen *seen); /* NULL is fine */

/* Every node counts as new again: at the beginning of a list, where whoever listens
 * counts the nodes that are present. */
void node_seen_clear(struct node_seen *seen);

/* true: the record is not the one last passed on (or that is not known); it is now remembered. */
bool node_seen_change(struct node_seen *seen, const struct node_record *record);

void node_seen_remove(struct node_seen *seen, const char *name);

/* Bytes that the table takes. */
size_t node_seen_size(const struct node_seen *seen);

#endif
