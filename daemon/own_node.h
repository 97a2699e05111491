/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * This host's own Node: what it says now, what it should say, and the
 * difference. Pure; node_status.c sends it.
 */
#ifndef DAEMON_OWN_NODE_H
#define DAEMON_OWN_NODE_H

#include "hostgw/kube_request.h"
#include "hostgw/prefix.h"

struct own_node {
	char *annotations[NODE_ANNOTATIONS]; /* owned; NULL: not there */
	bool network_available;
	bool known; /* the source has told of it */
};

/* Keeps a copy of the record. -ENOMEM: some texts may be missing, which costs a needless patch. */
int own_node_update(struct own_node *own, const struct node_record *record);
/* After a patch was accepted: as if the source had told of it. */
int own_node_patched(struct own_node *own, const struct kube_node_patch *patch);
void own_node_forget(struct own_node *own);

/* What the Node asks for in place of --public-ip: annotation node-public-ip or node-public-ipv6.
 * Family 0: nothing. */
struct ip_addr own_node_asked_ip(const struct own_node *own, enum ip_family_index family);

/* The addresses that other nodes are to use as next hop: the overwrite annotation's, else
 * `detected`. Family 0: none. */
struct ip_addr own_node_public_ip(const struct own_node *own, enum ip_family_index family,
                                  const struct ip_addr *detected);

/* Texts that a patch borrows. */
struct own_node_texts {
	char public_ip[IP_FAMILIES][IP_TEXT_MAX];
};

/*
 * What a patch must say for the Node to be as it should: flannel's annotations for the
 * families in `public_ip`, and the condition if `available`. True: there is something to send.
 */
bool own_node_difference(const struct own_node *own, const struct ip_addr public_ip[IP_FAMILIES],
                         bool available, struct own_node_texts *texts,
                         struct kube_node_patch *patch);

#endif
