/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One object while its protobuf is being read, field by field: the texts that are kept, and
 * at the end the event made of them. Used by node_proto.c alone.
 */
#ifndef HOSTGW_K8S_NODE_DRAFT_H
#define HOSTGW_K8S_NODE_DRAFT_H

#include "node_event.h"
#include "text.h"

#define NODE_DRAFT_MAX (1024u * 1024u) /* bytes of one object's texts */

/* The single texts of an object. */
enum draft_text {
	DRAFT_NAME,
	DRAFT_VERSION,
	DRAFT_NEXT_PAGE, /* a list's `continue` */
	DRAFT_POD_CIDR,
	DRAFT_MESSAGE, /* a Status' */
	DRAFT_TYPE,    /* a watch event's */
	DRAFT_KIND,
	DRAFT_TEXTS
};

/* The texts of one element of a repeated field, which then is kept or not. */
enum draft_part {
	PART_KEY, /* of an annotation; the type of an address or condition */
	PART_VALUE,
	PART_REASON,
	DRAFT_PARTS
};

struct node_draft {
	const struct node_keys *keys;
	struct text text;          /* all kept texts, each with its NUL */
	size_t begun;              /* where the text at hand begins */
	size_t texts[DRAFT_TEXTS]; /* places in `text`, one too high; 0: there is none */
	size_t parts[DRAFT_PARTS];
	size_t element; /* where the element at hand begins */
	size_t pod_cidrs[NODE_POD_CIDRS_MAX];
	size_t pod_cidr_count;
	size_t addresses[NODE_ADDRESSES_MAX];
	size_t address_count;
	size_t annotations[NODE_ANNOTATIONS];
	int64_t created;
	double code;
	bool network_available;
	bool ends_initial;
};

/* Empties it; a buffer that grew large is given back. */
void node_draft_reset(struct node_draft *draft);
void node_draft_free(struct node_draft *draft);

/* A piece of the text at hand; `last` ends it: it becomes *place. -EBADMSG: it is no text, or the
 * object's texts are longer than NODE_DRAFT_MAX. -ENOMEM. */
int node_draft_write(struct node_draft *draft, const char *bytes, size_t length, bool last,
                     size_t *place, struct error *err);

/* What stands at a place; NULL: none. Valid until the next write. */
const char *node_draft_text(const struct node_draft *draft, size_t place);

/* An element begins; then its parts are written. */
void node_draft_element(struct node_draft *draft);
/* false: the key of the element at hand says already that nobody reads it. */
bool node_draft_wants_annotation(const struct node_draft *draft);
bool node_draft_wants_address(const struct node_draft *draft);
bool node_draft_wants_condition(const struct node_draft *draft);
/* The element is over: what of it is read is kept. */
void node_draft_annotation(struct node_draft *draft);
void node_draft_address(struct node_draft *draft);
void node_draft_condition(struct node_draft *draft);

/* The text just written was an element of podCIDRs; it stands at `place`. */
void node_draft_pod_cidr(struct node_draft *draft, size_t place);

/* The event, all but its type; it borrows from the draft. */
void node_draft_event(const struct node_draft *draft, struct node_event *event);

#endif
