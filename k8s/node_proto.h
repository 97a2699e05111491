/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads Nodes in Kubernetes' protobuf: a list is one runtime.Unknown around a NodeList, a
 * watch is frames of one WatchEvent each, with an Unknown inside. The records are those that
 * node_json.c makes of the same objects. Used by node_stream.c.
 */
#ifndef HOSTGW_K8S_NODE_PROTO_H
#define HOSTGW_K8S_NODE_PROTO_H

#include "node_event.h"

struct node_proto;

/* `keys` are borrowed. */
int node_proto_new(bool list, const struct node_keys *keys, const struct node_reader_events *events,
                   struct node_proto **out, struct error *err);
void node_proto_free(struct node_proto *proto); /* NULL is fine */

/* -EINVAL: the structure is broken, `err` says at which byte; or what `event` returned. */
int node_proto_push(struct node_proto *proto, const char *bytes, size_t length, struct error *err);

/* -EINVAL: the answer was not whole. */
int node_proto_end(struct node_proto *proto, struct error *err);

#endif
