/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plan: nodes + facts about this host -> the routes this host should have,
 * and for each pod CIDR that a node claims what was decided, with the reason.
 * A pure function: no I/O, the same result for the same input.
 */
#ifndef DAEMON_PLAN_H
#define DAEMON_PLAN_H

#include "hostgw/link.h"
#include "hostgw/route.h"
#include "net_conf.h"
#include "node_table.h"

/* The interface to the other nodes. */
struct uplink {
	int index;
	uint32_t mtu;
	char name[IFNAMSIZ];
	struct ip_addr address[IP_FAMILIES]; /* family 0: none of that family */
};

/* What became of one claim; its words, the same in status, metrics and log, are in claim_text.c, in
 * one table. */
enum claim_state {
	CLAIM_ROUTED,          /* the plan has its route; after a round: so has the kernel */
	CLAIM_OWN,             /* this host's own pod CIDR */
	CLAIM_NO_POD_CIDR,     /* the node has none (yet) */
	CLAIM_BAD_POD_CIDR,    /* what it has is no CIDR */
	CLAIM_FAMILY_OFF,      /* of a family that the configuration leaves off */
	CLAIM_OUTSIDE_NETWORK, /* not inside the configured Network */
	CLAIM_CONFLICT,        /* overlaps this host's own, or one of a node that comes first */
	CLAIM_HOST_ADDRESS,    /* covers an address of this host */
	CLAIM_OTHER_BACKEND,   /* annotated with another backend type */
	CLAIM_NO_NEXT_HOP,     /* the node names no address of the CIDR's family */
	CLAIM_BAD_NEXT_HOP,    /* its address cannot be a neighbour's, or lies in its pod CIDR */
	CLAIM_OWN_ADDRESS,     /* its address is this host's */
	CLAIM_OFF_LINK,        /* its address is in no subnet of the uplink */
	/* Never the plan's decision: what a round made of CLAIM_ROUTED (node_states.h). */
	CLAIM_PENDING,       /* its route is not in the kernel yet */
	CLAIM_REFUSED,       /* the kernel refuses it */
	CLAIM_FOREIGN_ROUTE, /* a route of another program is in its place, or beside it */
	CLAIM_FOUGHT_OVER,   /* another program takes it away again and again */
	CLAIM_STATES
};

struct claim {
	const struct node *node;  /* borrowed from the node table */
	const struct node *other; /* CLAIM_CONFLICT: who has it */
	struct prefix cidr;       /* family 0: CLAIM_NO_POD_CIDR, CLAIM_BAD_POD_CIDR */
	struct ip_addr via;       /* the next hop, where it is known */
	enum claim_state state;
	uint32_t since; /* seconds since 1970, from when on it was so; 0: not known (node_states.h)
	                 */
};

struct plan_input {
	const struct node_table *nodes;
	const char *own_name;
	const struct net_conf *conf;
	const struct link_snapshot *links;
	const struct uplink *uplink;
	uint32_t table;
	uint32_t metric; /* 0: the family's default */
	uint8_t protocol;
	bool blackhole; /* --ip-blackhole-route */
};

struct plan {
	struct claim *claims; /* in the order of the nodes' names */
	size_t claim_count;
	struct route *routes; /* sorted by route_compare_key */
	size_t route_count;
	struct prefix own[IP_FAMILIES]; /* this node's pod CIDR; family 0: none */
};

/* Valid until the node table changes. -ENOMEM leaves *out empty. */
int plan_make(const struct plan_input *input, struct plan *out, struct error *err);
void plan_free(struct plan *plan);
/* Takes what a round made of the claims out again, so that the plan is as it was made. */
void plan_forget_outcomes(struct plan *plan);
/* The route to a claim's pod CIDR; NULL: the plan has none. */
const struct route *plan_find_route(const struct plan *plan, const struct claim *claim);

/* One word for lists and metrics: "routed", "conflict", ... */
const char *claim_state_word(enum claim_state state);
/* What the word means here, with the remedy, into `text`; `links` as the plan was made with. */
const char *claim_reason(const struct claim *claim, const struct uplink *uplink,
                         const struct link_snapshot *links, char *text, size_t size);
/* The same after the node's name, its pod CIDR and the word, into `text`; `links` as the plan was
 * made with. */
const char *claim_describe(const struct claim *claim, const struct uplink *uplink,
                           const struct link_snapshot *links, char *text, size_t size);

#endif
