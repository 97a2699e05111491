/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Chooses the interface to the other nodes, as flannel's flags say, and reads
 * what the daemon needs to know of it.
 */
#ifndef DAEMON_IFACE_H
#define DAEMON_IFACE_H

#include "log.h"
#include "options.h"
#include "plan.h"

/*
 * Chooses among the links of `links`: --iface and --iface-regex in their order, else the holder
 * of --public-ip, else --iface-can-reach, else the default route's. It must have an address of a
 * family that `conf` switches on; one of the other may come later. -EINVAL: a flag names what is
 * not there or cannot be, or the interface is a VRF's and --route-table says main; -ENODEV: the
 * host has no suitable interface; `err` says which and the remedy.
 */
int iface_choose(const struct options *options, const struct net_conf *conf, struct rtnl *rtnl,
                 const struct link_snapshot *links, const struct log *log, struct uplink *out,
                 struct error *err);

/* Takes the interface that holds `addr`. -ENODEV: none does; -EINVAL: it cannot be taken. */
int iface_by_address(const struct options *options, const struct net_conf *conf,
                     const struct link_snapshot *links, const struct ip_addr *addr,
                     struct uplink *out, struct error *err);

/* A flag says which interface to take, so that no other may stand in for it. */
bool iface_is_named(const struct options *options);

/* Where the default route leads, as of now; *index 0: there is none. Reads table main; see
 * default_routes_read. */
int iface_find_default(const struct net_conf *conf, struct rtnl *rtnl, int *index,
                       struct error *err);
/* Chooses that interface. -ENODEV: there is none, or it has no suitable address. */
int iface_follow_default_route(const struct net_conf *conf, struct rtnl *rtnl,
                               const struct link_snapshot *links, struct uplink *out,
                               struct error *err);

/* The address that other nodes are to use, per family: --public-ip, else the interface's own.
 * -EINVAL: --public-ip is no address, or not one of the interface, which host-gw needs. */
int iface_public_ip(const struct options *options, const struct link_snapshot *links,
                    const struct uplink *uplink, const struct log *log,
                    struct ip_addr out[IP_FAMILIES], struct error *err);

/* Follows changes of the chosen interface, found by its index or, had it been replaced, by its
 * name: name, MTU, addresses. -ENODEV: it is gone; -EINVAL: it became a VRF's, whose routes are not
 * in `table` main; then *uplink is as it was. */
int iface_refresh(const struct link_snapshot *links, uint32_t table, struct uplink *uplink,
                  struct error *err);

#endif
