/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes the kernel's routes those of the plan: observe, propose, hold back
 * what is not due, apply, remember. Remembers what the kernel acknowledged, so that a repair
 * is told from news, and what makes trouble, so that it is tried ever more seldom.
 */
#ifndef DAEMON_RECONCILE_H
#define DAEMON_RECONCILE_H

#include "nexthop_plan.h"
#include "observed.h"
#include "remembered.h"
#include "route_diff.h"
#include "route_ledger.h"

struct reconciler;

struct reconciler_config {
	struct rtnl *rtnl; /* borrowed */
	uint8_t protocol;  /* ours */
	enum nexthop_mode nexthop_mode;
	struct prefix networks[IP_FAMILIES]; /* family 0: switched off */
};

struct reconcile_goal {
	const struct route *routes; /* desired, sorted by route_compare_key */
	size_t count;
	uint32_t table;                 /* theirs */
	int uplink;                     /* index of the interface to the other nodes */
	bool may_delete;                /* the node list was complete */
	uint64_t now;                   /* milliseconds, monotonic */
	struct prefix own[IP_FAMILIES]; /* this node's pod CIDRs; family 0: none */
	/* Families whose routes are not even looked at: the interface has no address of them. None
	 * of `routes` is of such a family. */
	bool leave_alone[IP_FAMILIES];
};

/* What is to change, in the order in which it is sent: objects, routes, objects that go. */
struct proposal {
	struct nexthop_plan nexthops;
	struct route_diff routes;
};

/* Of one route change. */
struct change_cause {
	bool repair;      /* it puts back what somebody took away or changed */
	uint8_t opponent; /* protocol of the route in its place; RTPROT_UNSPEC: there was none */
	enum hold left;   /* what is held of the route if the change is not made */
	bool frees;       /* it takes another's place who went through a nexthop object */
};

struct reconcile_report {
	struct proposal proposal;    /* every change that was sent, with its result */
	struct change_cause *causes; /* one a route change */
	struct ledger_fight *fights; /* that go on; in table 0: over the nexthop object to dst */
	size_t fight_count;
	size_t held_back;  /* changes that are not due yet */
	size_t failed;     /* changes that the kernel refused */
	bool raced;        /* the table changed meanwhile: run again at once */
	uint64_t next_due; /* run again by then; UINT64_MAX: not before an event */
};

/* Why a repair was due: what had become of the route. */
enum repair_cause {
	REPAIR_DELETED,
	REPAIR_REPLACED, /* another one was in its place */
	REPAIR_LINK,     /* it went with the interface or its address, as it seems */
	REPAIR_OBJECT,   /* the nexthop object that it goes through led elsewhere */
	REPAIR_CAUSES
};

/* For status and metrics; counts since the start unless they are of the last run. */
struct reconcile_stats {
	uint64_t runs, dumps, repairs, failures, fights;
	uint64_t repairs_by[REPAIR_CAUSES];                        /* together: `repairs` */
	size_t desired, installed, conflicts, strangers, fighting; /* last run */
	bool nexthop_objects;                                      /* in use */
};

/* -EOPNOTSUPP: nexthop objects are asked for, and the kernel has none. */
int reconciler_new(const struct reconciler_config *config, struct reconciler **out,
                   struct error *err);
void reconciler_free(struct reconciler *reconciler); /* NULL is fine */

/*
 * One run. 0: the report holds the outcome of each change, which may be a failure. Negative:
 * nothing could be read or sent: nothing is known of what was under way, the report is empty, run
 * again.
 */
int reconcile_run(struct reconciler *reconciler, const struct reconcile_goal *goal,
                  struct reconcile_report *report, struct error *err);
void reconcile_report_free(struct reconcile_report *report);

/* What a run would change; sends nothing. */
int reconcile_propose(struct reconciler *reconciler, const struct reconcile_goal *goal,
                      struct proposal *out, struct error *err);
/* The kernel's routes when last read, sorted by route_compare_key: what is proposed is about them.
 * Valid until the reconciler is called again. */
const struct route *reconcile_observed(const struct reconciler *reconciler, size_t *count);
void proposal_free(struct proposal *proposal);

/* The kernel's answer tells that the table changed between the reading and the batch: read it
 * again, then decide. */
bool reconcile_is_race(const struct route_change *change);

/* What the monitor tells; true: it may concern what is desired, so a run is due. */
bool reconcile_note_route(struct reconciler *reconciler, const struct route *route,
                          enum route_event event);
bool reconcile_note_nexthop(struct reconciler *reconciler, const struct nexthop *nexthop);
/* A link that ours do not lead over went, or down, or lost an address. */
bool reconcile_note_other_link(struct reconciler *reconciler, int index);
/* Events may have been lost, or routes may have gone without one. `links`: with a link or an
 * address, so what is missing now is nobody's attack, and what was refused may work now. */
void reconcile_distrust(struct reconciler *reconciler, bool links);

/* To be called after a run, when all was told that happened until then: puts the run's changes and
 * what others did meanwhile in order, so that the next event finds a picture to fit into. */
void reconcile_settle(struct reconciler *reconciler);

/* Other networks are configured than reconciler_new was told of. */
void reconcile_follow_networks(struct reconciler *reconciler,
                               const struct prefix networks[IP_FAMILIES]);

/* The link changed for the better: what was refused may work now. */
void reconcile_forgive(struct reconciler *reconciler);

/* How one of the goal's routes fares, by a run's report. */
enum route_standing {
	ROUTE_STANDS,
	ROUTE_PENDING,        /* not sent yet, or somebody was faster */
	ROUTE_REFUSED,        /* by the kernel, itself or the object that it goes through */
	ROUTE_IN_CONFLICT,    /* another program's route is in its place, or beside it */
	ROUTE_IS_FOUGHT_OVER, /* see route_ledger.h */
};
enum route_standing reconcile_standing(const struct reconciler *reconciler,
                                       const struct reconcile_report *report,
                                       const struct route *route);
/* What the kernel has under the route's key, as far as was heard; NULL: nothing. Borrowed until the
 * reconciler is called again. */
const struct route *reconcile_find_observed(struct reconciler *reconciler,
                                            const struct route *route);

struct reconcile_stats reconcile_stats(const struct reconciler *reconciler);

#endif
