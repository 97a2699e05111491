/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a source of nodes (the Kubernetes API, a nodes file) tells the daemon:
 * records of text, one a node, through one set of callbacks. Records are
 * untrusted and unchecked here; the node table checks them.
 */
#ifndef HOSTGW_NODE_H
#define HOSTGW_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hostgw/error.h"

/* Annotations read and written, each "<prefix>/<name>" (flannel's names). */
enum node_annotation {
	NODE_ANNOTATION_SUBNET_MANAGER,      /* kube-subnet-manager */
	NODE_ANNOTATION_BACKEND_TYPE,        /* backend-type */
	NODE_ANNOTATION_BACKEND_DATA,        /* backend-data */
	NODE_ANNOTATION_BACKEND_V6_DATA,     /* backend-v6-data */
	NODE_ANNOTATION_PUBLIC_IP,           /* public-ip */
	NODE_ANNOTATION_PUBLIC_IPV6,         /* public-ipv6 */
	NODE_ANNOTATION_PUBLIC_IP_OVERWRITE, /* public-ip-overwrite */
	NODE_ANNOTATION_PUBLIC_IPV6_OVERWRITE,
	NODE_ANNOTATION_NODE_PUBLIC_IP, /* node-public-ip */
	NODE_ANNOTATION_NODE_PUBLIC_IPV6,
	NODE_ANNOTATIONS
};

/* Flannel's name of it, without the prefix: "public-ip". Implemented in k8s/node_keys.c. */
const char *node_annotation_name(enum node_annotation annotation);

#define NODE_POD_CIDRS_MAX 4
#define NODE_ADDRESSES_MAX 4

struct node_record {
	const char *name; /* never NULL or empty */
	int64_t created;  /* creationTimestamp, seconds since 1970; 0: not known */

	const char *pod_cidrs[NODE_POD_CIDRS_MAX]; /* spec.podCIDRs, or spec.podCIDR alone */
	size_t pod_cidr_count;
	const char *addresses[NODE_ADDRESSES_MAX]; /* status.addresses of type InternalIP */
	size_t address_count;

	const char *annotations[NODE_ANNOTATIONS]; /* NULL: the node has none of that name */
	/* condition NetworkUnavailable is False with reason FlannelIsUp */
	bool network_available;
};

/*
 * A list is list_begin, any number of node_changed, list_end; nodes that a
 * complete one did not name are gone at list_end, and only then. It is not
 * complete if an entry could not be read: then nothing may be removed for being
 * absent. A list that breaks off is followed by a new list_begin, never by list_end.
 * After the first list_end, node_changed and node_removed come as they happen.
 * Records and texts are borrowed for the call. Nobody calls back into the
 * source from here, except to ask it to stop later.
 * A list that is read as it happens (WatchList) may hold node_removed too: a node that
 * was there at its beginning and is not at its end.
 */
struct node_sink {
	void *ctx;
	void (*list_begin)(void *ctx);
	void (*node_changed)(void *ctx, const struct node_record *record);
	void (*node_removed)(void *ctx, const char *name);
	void (*list_end)(void *ctx, bool complete);
	/* Something a person should know; `err` says it in words, with the remedy.
	 * The source goes on by itself. Same text again and again: the sink's to limit. */
	void (*trouble)(void *ctx, const struct error *err);
	/* Trouble is over (after trouble only). */
	void (*recovered)(void *ctx);
	/* One item could not be read and is left out; the rest goes on. `err` names it as far as
	 * it could be. There may be thousands: the sink's to limit. Sources whose input is whole
	 * or refused never call this. */
	void (*skipped)(void *ctx, const struct error *err);
	/* In place of a first list, where the source was given the version that the sink knew
	 * before: the source goes on from there, and what has changed since then comes, or has
	 * come. If it cannot be resumed from there, a list comes instead. Sources without
	 * versions never call this, `caught_up` and `version`. */
	void (*resumed)(void *ctx);
	/* After `resumed`: all that changed meanwhile has been told, so that what the sink knows
	 * is complete, and nothing before this. If that cannot be said, a list comes instead. */
	void (*caught_up)(void *ctx);
	/* All up to this version has been told, and nothing in it was skipped; `resource_version`
	 * is opaque. Comes after list_end, and about once a minute. */
	void (*version)(void *ctx, const char *resource_version);
};

#endif
