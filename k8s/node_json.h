/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads Nodes in JSON: a NodeList, or the events of a watch. Used by node_stream.c.
 */
#ifndef HOSTGW_K8S_NODE_JSON_H
#define HOSTGW_K8S_NODE_JSON_H

#include "node_event.h"

struct node_json;

/* `keys` are borrowed. */
int node_json_new(bool list, const struct node_keys *keys, const struct node_reader_events *events,
                  struct node_json **out, struct error *err);
void node_json_free(struct node_json *json); /* NULL is fine */

/* -EINVAL: the structure is broken, `err` says in which line; or what `event` returned. */
int node_json_push(struct node_json *json, const char *bytes, size_t length, struct error *err);

/* -EINVAL: the answer was not whole. */
int node_json_end(struct node_json *json, struct error *err);

#endif
