/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `hostgwd plan` found, in its three forms: for people, for ip -batch, for
 * programs. Pure but for the stream that is written to; that it took everything is the caller's to
 * see (fflush(3)).
 */
#ifndef DAEMON_PLAN_PRINT_H
#define DAEMON_PLAN_PRINT_H

#include "plan.h"
#include "reconcile.h"

/* All borrowed. */
struct plan_outcome {
	const struct plan *plan;
	const struct proposal *proposal; /* zeros: there is none, see `waiting` */
	const struct route *observed;    /* that the proposal is about */
	size_t observed_count;
	const struct uplink *uplink; /* as the plan was made with */
	const struct link_snapshot *links;
	const char *waiting; /* why no change is proposed at all, a sentence; NULL: it is */
};

struct plan_summary {
	size_t add, replace, remove, right; /* routes */
	size_t conflicts, strangers;        /* routes of others */
	size_t nexthops;                    /* changes of nexthop objects */
	size_t left_out;                    /* nodes with a pod CIDR that is not routed to */
};

struct plan_summary plan_summarize(const struct plan_outcome *outcome);
/* The node is not routed to, and an administrator would want to know why. */
bool plan_leaves_out(const struct claim *claim);
/* The route that a ROUTE_REPLACE takes the place of; NULL: it is not known. */
const struct route *plan_find_former(const struct plan_outcome *outcome, const struct route *route);
/* The name of a link; "if7", as ip(8) takes it, for one that is not in the snapshot. Written into
 * `text`, and returned. */
const char *plan_link_name(const struct plan_outcome *outcome, int index,
                           char text[static IFNAMSIZ]);
/* " via ADDRESS dev LINK", what there is of them: family 0 is no gateway, 0 no interface. */
void plan_print_next_hop(const struct plan_outcome *outcome, const struct ip_addr *via, int oif,
                         FILE *to);
/* "unicast", "blackhole", ... as ip(8) has them. */
const char *plan_route_type(uint8_t type);

/* Calls `visit` for each change of a nexthop object that comes before (`early`) or after the
 * routes. Those that the proposal leaves waiting for their routes to move are among the latter:
 * by then they have. */
void plan_each_nexthop(const struct plan_outcome *outcome, bool early,
                       void (*visit)(void *ctx, const struct nexthop_change *change), void *ctx);

/* A line a change as diff(1) has them (+ - and ~ for a replace), a line for what stands in the way
 * (!), and a summary. */
void plan_print_text(const struct plan_outcome *outcome, FILE *to);
/* Lines for `ip -batch`, nothing but changes, in the order in which the daemon would make them. */
void plan_print_ip(const struct plan_outcome *outcome, FILE *to);
/* One object with the arrays changes, nodes, conflicts and strangers, the object summary and, where
 * there is one, the sentence waiting. -ENOMEM: nothing was printed. */
int plan_print_json(const struct plan_outcome *outcome, FILE *to, struct error *err);

#endif
