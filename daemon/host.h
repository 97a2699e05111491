/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * This host: its interface to the other nodes, and what the daemon keeps on
 * it, which is routes, the nftables table and subnet.env.
 */
#ifndef DAEMON_HOST_H
#define DAEMON_HOST_H

#include <uv.h>

#include "hostgw/monitor.h"
#include "iface.h"
#include "link_facts.h"
#include "neighbours.h"
#include "obstacles.h"
#include "reconcile.h"
#include "rules.h"
#include "settings.h"

struct host {
	const struct settings *settings; /* borrowed */
	const struct log *log;           /* borrowed */

	int claim; /* see instance.h */
	struct rtnl *rtnl;
	struct rtnl_monitor *monitor;
	struct rules *rules; /* NULL: of a host that is only looked at */
	struct reconciler *reconciler;

	/* facts */
	struct link_snapshot links;
	bool links_stale; /* an event told that they have changed */
	struct uplink uplink;
	struct uplink chosen; /* at start; `uplink` is another only while that one is gone */
	uint64_t gone_since;  /* milliseconds of uv_hrtime; 0: `chosen` is there */
	uint64_t facts;       /* another number each time what host_plan reads here is different */
	int default_link;     /* where the default route leads; 0: not looked at, or nowhere */
	bool default_route_stale; /* an event told that it may lead elsewhere */
	struct neighbour_room neighbours[IP_FAMILIES]; /* as of the last round */
	struct obstacles obstacles;                    /* other packet filters */
	struct ip_addr public_ip[IP_FAMILIES]; /* what other nodes are to use; family 0: none */
	/* see host_address.h; family 0: none */
	struct ip_addr asked_ip[IP_FAMILIES];   /* by the own Node's annotations */
	struct ip_addr refused_ip[IP_FAMILIES]; /* of these, told of already */

	/* so far */
	uint64_t overruns; /* the kernel had to drop news for us */

	void (*changed)(void *ctx); /* something asks for a round */
	void *changed_ctx;
};

/* Claims the host, opens the sockets, reads the links and chooses the interface; changes nothing.
 * -EINVAL: a flag is mistaken. host_close is due after a failure too. */
int host_open(struct host *host, const struct settings *settings, const struct log *log,
              struct error *err);
/* The same for looking only: works without rights and beside a host that is claimed. For host_look,
 * host_plan and host_propose_routes; it has no rules and must not be told to apply anything. */
int host_open_readonly(struct host *host, const struct settings *settings, const struct log *log,
                       struct error *err);
/* Leaves routes, rules and files in place. */
void host_close(struct host *host);

/* Calls `changed` whenever others change what concerns us, until host_unwatch. */
int host_watch(struct host *host, uv_loop_t *loop, void (*changed)(void *ctx), void *ctx,
               struct error *err);
void host_unwatch(struct host *host);
/* The settings' networks have changed: watches for what concerns those. Negative: it is still the
 * former ones that are watched. */
int host_follow_networks(struct host *host, uv_loop_t *loop, struct error *err);

/* Which links matter just now. */
struct link_watch host_link_watch(const struct host *host);

/* Brings the facts up to date. -ENODEV: the interface is away; everything stays as it is until it
 * is back, as there is nothing to install routes on. One that was chosen by the default route and
 * stays away is stood in for by the one that the default route leads through meanwhile. */
int host_look(struct host *host, struct error *err);

/* False: the family is switched on but the interface has no address of it; `err` says so. Its
 * routes are left alone meanwhile. */
bool host_has_address(const struct host *host, enum ip_family_index family, struct error *err);

/* Forgets what is believed of the host, so that the next round looks at it and sets it anew. */
void host_distrust(struct host *host);

/* The plan for the nodes, with the facts as they are. */
int host_plan(const struct host *host, const struct node_table *nodes, struct plan *plan,
              struct error *err);

/* -ENOENT: the own Node, or its pod CIDR of a family that is switched on, is not in the plan, so
 * that a daemon that starts waits for it; `err` says which. */
int host_check_own_node(const struct host *host, const struct node_table *nodes,
                        const struct plan *plan, struct error *err);

/* What host_apply_routes would change; see reconcile_propose. */
int host_propose_routes(struct host *host, const struct plan *plan, bool may_delete,
                        struct proposal *out, struct error *err);
/* Brings the kernel's routes to the plan; see reconcile_run. `now`: monotonic milliseconds. */
int host_apply_routes(struct host *host, const struct plan *plan, bool may_delete, uint64_t now,
                      struct reconcile_report *report, struct error *err);
/* Brings the nftables rules to what the own pod CIDRs ask for; see rules_apply. */
int host_apply_rules(struct host *host, const struct prefix own[IP_FAMILIES], uint64_t now,
                     struct error *err);
/* Writes subnet.env unless it is right already; *changed tells. */
int host_write_subnet_file(const struct host *host, const struct prefix own[IP_FAMILIES],
                           bool *changed, struct error *err);
/* The same for the CNI configuration, if there is to be one. */
int host_write_cni_file(const struct host *host, const struct prefix own[IP_FAMILIES],
                        bool *changed, struct error *err);

#endif
