/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Puts into words, for the log, what a round of the agent did and what stands
 * in its way. News is said once; a complaint is said when it comes up, not
 * again while it stands, and again if it comes back. What an administrator must see is a
 * Kubernetes Event, too.
 */
#ifndef DAEMON_ANNOUNCE_H
#define DAEMON_ANNOUNCE_H

#include "events.h"
#include "log.h"
#include "plan.h"
#include "reconcile.h"

struct announcer {
	const struct log *log; /* borrowed */
	struct events *events; /* borrowed; NULL: the log alone */
	const char *node_name; /* borrowed: the own Node */
	/* Hashes of the complaints that stood at the end of the last round, sorted, and of those
	 * of this round. */
	uint64_t *standing, *coming;
	size_t standing_count, coming_count, coming_room;
	unsigned said; /* complaints said in this round */
};

/* All calls for one round lie between begin and end. */
void announce_begin(struct announcer *announcer);
void announce_end(struct announcer *announcer);
void announcer_free(struct announcer *announcer);

/* "Subnet added: ...", repairs, failures, foreign routes in the way. */
void announce_report(struct announcer *announcer, const struct reconcile_report *report);

/* Nodes that the plan leaves out, with the reason. */
void announce_plan(struct announcer *announcer, const struct plan *plan,
                   const struct uplink *uplink, const struct link_snapshot *links);

/* Anything else that stands in the way. */
void announce_complaint(struct announcer *announcer, enum log_level level, const struct error *err);

#endif
