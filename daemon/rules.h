/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's nftables rules, kept right: what is wanted is compared with what stands, and what
 * differs is put right, at once when somebody else's transaction may have changed it, without a
 * round; a long FORWARD after a rest (look_rest.h), and in a long fight at a pace (rule_fight.h).
 * Then flows that began in the gap lose their connection tracking entry.
 */
#ifndef DAEMON_RULES_H
#define DAEMON_RULES_H

#include <uv.h>

#include "hostgw/forward_rules.h"
#include "hostgw/link.h"
#include "hostgw/masquerade.h"
#include "log.h"

struct rules;

struct rules_wanted {
	struct masquerade_rules masquerade; /* what it points to outlives the rules */
	struct forward_rules forward;
};

struct rules_stats {
	uint64_t looks;                           /* comparisons with what stands */
	uint64_t installs;                        /* changes that we wanted */
	uint64_t repairs;                         /* of what others changed */
	uint64_t repairs_by[MASQUERADE_FINDINGS]; /* a repair may have several */
	uint64_t forward_repairs;                 /* in the chains of iptables-nft */
	uint64_t failures;
	uint64_t fights;
	uint64_t dropped_flows;       /* connection tracking entries */
	bool fighting;                /* somebody removes them again and again */
	bool in_place;                /* as of the last look */
	char trouble[ERROR_TEXT_MAX]; /* why that look failed; "": it did not */
};

/* Opens the sockets; changes nothing. `log` is borrowed. */
int rules_open(const struct log *log, struct rules **out, struct error *err);
/* Leaves the rules in place. Due after the loop has ended. NULL is fine. */
void rules_close(struct rules *rules);

struct rules_watch_config {
	uv_loop_t *loop;
	const struct link_snapshot *links; /* borrowed; this host's addresses */
	void (*failed)(void *ctx);         /* rules could not be put right: asks for a round */
	void (*changed)(void *ctx);        /* others changed rules, of whatever table */
	void *ctx;
};

/* From now on, until rules_unwatch, what others change is put right. */
int rules_watch(struct rules *rules, const struct rules_watch_config *config, struct error *err);
void rules_unwatch(struct rules *rules); /* NULL is fine */

/* Puts right what differs from `wanted`; looks only if it is not known to stand. Padding in
 * *wanted is zeros, as it is compared as bytes. `now`: monotonic milliseconds of the loop. */
int rules_apply(struct rules *rules, const struct rules_wanted *wanted, uint64_t now,
                struct error *err);

/* What is believed to stand is looked at anew with the next rules_apply. NULL is fine. */
void rules_distrust(struct rules *rules);

struct rules_stats rules_stats(const struct rules *rules);

#endif
