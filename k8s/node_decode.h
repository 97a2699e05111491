/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the JSON of one Node to the record that the daemon works with. What has
 * the wrong type is treated as absent: the API server checked it, and what a file
 * holds is reported by whoever finds the record incomplete.
 */
#ifndef HOSTGW_K8S_NODE_DECODE_H
#define HOSTGW_K8S_NODE_DECODE_H

#include "item_stream.h"
#include "json.h"
#include "node_event.h"

/* What node_decode reads, for an item stream; it points into itself, so it must not be moved. */
struct node_projection {
	struct projection
		annotations[NODE_ANNOTATIONS + 2]; /* read ones alone: others may be large */
	struct projection metadata[5];
	struct projection node[10];  /* a Node, or the short form */
	struct projection object[6]; /* a watch event's: a Node, or the Status of an ERROR */
	struct projection event[3];
};

/* `keys` are borrowed for as long as the projection is used. */
void node_projection_init(struct node_projection *projection, const struct node_keys *keys);

/*
 * Texts are borrowed from `object`. Both forms are understood: a Node, known by its
 * `metadata`, and the short one (node_list.h). false: there is no name.
 */
bool node_decode(const cJSON *object, const struct node_keys *keys, struct node_record *record);

#endif
