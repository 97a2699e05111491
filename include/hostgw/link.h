/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's interfaces and addresses, read as one snapshot
 * (rtnetlink(7): RTM_GETLINK, RTM_GETADDR). Implemented in netlink/link.c.
 */
#ifndef HOSTGW_LINK_H
#define HOSTGW_LINK_H

#include <net/if.h>
#include <stdbool.h>

#include "hostgw/prefix.h"
#include "hostgw/rtnl.h"

struct link {
	int index;
	int master;   /* index of the bridge, bond or VRF it is enslaved to; 0: none */
	uint32_t mtu; /* bytes */
	bool up;      /* administratively up */
	bool running; /* has carrier */
	bool loopback;
	bool vrf_slave; /* enslaved to a VRF */
	char name[IFNAMSIZ];
};

struct link_address {
	int index;            /* of the link */
	struct prefix prefix; /* the address with its on-link length; host bits kept */
	struct ip_addr peer;  /* the far end of a point-to-point link; family 0: none */
	bool global;          /* scope is global (not link, not host) */
	bool secondary;
	bool temporary; /* IPv6 privacy, deprecated or tentative: never an identity */
};

struct link_snapshot {
	struct link *links; /* in the kernel's order */
	size_t link_count;
	struct link_address *addresses;
	size_t address_count;
};

/* Reads both tables afresh. On failure *out is empty. Free what it held before. */
int link_snapshot_read(struct rtnl *rtnl, struct link_snapshot *out, struct error *err);
void link_snapshot_free(struct link_snapshot *snapshot);

const struct link *link_find(const struct link_snapshot *snapshot, int index);
const struct link *link_find_name(const struct link_snapshot *snapshot, const char *name);
/* The host's own address equal to `addr`; NULL: none. */
const struct link_address *link_find_address(const struct link_snapshot *snapshot,
                                             const struct ip_addr *addr);

#endif
