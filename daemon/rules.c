/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "handle.h"
#include "hostgw/conntrack.h"
#include "hostgw/flannel_rules.h"
#include "hostgw/nft_monitor.h"
#include "look_rest.h"
#include "rule_fight.h"
#include "rule_words.h"

/* Looks are this far apart at least, so that a flood of others' transactions costs little. */
#define LOOK_GAP_MS 2

struct rules {
	const struct log *log;
	struct nft *nft;

	struct rules_wanted wanted;
	bool wanted_known;
	bool installed; /* they have stood since they were wanted so: a change now is a repair */
	bool stale;     /* what stands may be another by now */
	bool flannel_gone;

	/* FORWARD may be long: it is looked at more seldom. */
	bool forward_stale;   /* as above */
	bool forward_known;   /* the last look at it succeeded, for what is wanted */
	uint64_t forward_due; /* the next may be */

	struct rules_watch_config watch; /* loop NULL: not watching */
	struct nft_monitor *monitor;
	uv_timer_t timer;
	uint64_t looked_at;
	struct nft_committer by; /* the last of the others; of no look yet */

	struct conntrack_sweep *sweep;
	bool sweep_again; /* rules came back while one was under way */
	struct log_repeat sweep_trouble;

	struct rule_fight fight;
	struct rules_stats stats;
};

/* ---- flows that began in a gap ---- */

static void start_sweep(struct rules *rules);

static void on_swept(void *ctx, size_t dropped, const struct error *err)
{
	struct rules *rules = ctx;

	conntrack_sweep_stop(rules->sweep);
	rules->sweep = NULL;
	rules->stats.dropped_flows += dropped;
	if (dropped > 0)
		log_info(rules->log,
		         "%zu flows from pods to the outside had begun without rules: they are "
		         "tracked anew, and masqueraded",
		         dropped);
	if (err)
		log_trouble(rules->log, &rules->sweep_trouble, err, uv_now(rules->watch.loop));
	if (rules->sweep_again)
		start_sweep(rules);
}

static void start_sweep(struct rules *rules)
{
	const struct conntrack_sweep_config config = {
		.loop = rules->watch.loop,
		.rules = &rules->wanted.masquerade,
		.links = rules->watch.links,
		.done = on_swept,
		.ctx = rules,
	};
	struct error err;

	if (!rules->watch.loop)
		return;
	rules->sweep_again = rules->sweep != NULL;
	if (!rules->sweep && conntrack_sweep_start(&config, &rules->sweep, &err) < 0)
		log_trouble(rules->log, &rules->sweep_trouble, &err, uv_now(rules->watch.loop));
}

/* ---- looking ---- */

/* What one look found, and did. */
struct look {
	struct masquerade_report masquerade;
	bool forward_changed, flannel_changed;
	int result; /* the first failure; its text is in the caller's err */
};

static void note_result(struct look *look, int result, const struct error *cause, struct error *err)
{
	if (result == 0 || look->result < 0)
		return;
	look->result = result;
	*err = *cause;
}

/* Of this thread: what preempted it says nothing about the chain. */
static uint64_t cpu_nanoseconds(void)
{
	struct timespec spent = {0};

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
	return (uint64_t)spent.tv_sec * 1000000000 + (uint64_t)spent.tv_nsec;
}

static int look_at_forward(struct rules *rules, uint64_t now, bool *changed, struct error *err)
{
	uint64_t began = cpu_nanoseconds();
	int result;

	if (!rules->forward_stale)
		return 0;
	/* The timer comes back to it. */
	if (rules->watch.loop && rules->forward_known && rules->forward_due > now)
		return 0;
	result = forward_rules_apply(rules->nft, &rules->wanted.forward, changed, err);
	rules->forward_stale = result < 0;
	rules->forward_known = result == 0;
	rules->forward_due = now + look_rest(cpu_nanoseconds() - began);
	return result;
}

/* Each is tried, whatever became of the others. Flannel's own go only when ours stand. */
static void look_at_all(struct rules *rules, uint64_t now, struct look *look, struct error *err)
{
	struct error cause;
	int result;

	*look = (struct look){0};
	result = masquerade_apply(rules->nft, &rules->wanted.masquerade, &look->masquerade, &cause);
	note_result(look, result, &cause, err);
	result = look_at_forward(rules, now, &look->forward_changed, &cause);
	note_result(look, result, &cause, err);
	if (look->result == 0 && !rules->flannel_gone) {
		result = flannel_rules_remove(rules->nft, &look->flannel_changed, &cause);
		rules->flannel_gone = result == 0;
		note_result(look, result, &cause, err);
	}
}

static void note_repair(struct rules *rules, const struct look *look, uint64_t now)
{
	struct rules_stats *stats = &rules->stats;
	bool in_table = look->masquerade.changed;

	stats->repairs++;
	stats->forward_repairs += look->forward_changed;
	for (size_t i = 0; in_table && i < MASQUERADE_FINDINGS; i++)
		stats->repairs_by[i] += look->masquerade.found[i];
	if (rule_fight_note(&rules->fight, now))
		rule_words_fight(rules->log, in_table, &rules->by);
	else if (!rules->fight.fighting)
		rule_words_repair(rules->log, &look->masquerade, look->forward_changed, &rules->by);
}

static void note_changes(struct rules *rules, const struct look *look, uint64_t now)
{
	if (look->flannel_changed)
		log_info(rules->log, "Removed the rules that flannel left in nf_tables");
	if (!look->masquerade.changed && !look->forward_changed)
		return;
	if (rules->installed) {
		note_repair(rules, look, now);
	} else {
		rules->stats.installs++;
		rule_words_install(rules->log, &look->masquerade, look->forward_changed);
	}
	if (look->masquerade.changed && rules->wanted.masquerade.masquerade)
		start_sweep(rules);
}

static int look(struct rules *rules, uint64_t now, struct error *err)
{
	struct look look;

	rules->stale = false; /* what changes from here on tells so */
	rules->looked_at = now;
	rules->stats.looks++;
	look_at_all(rules, now, &look, err);
	note_changes(rules, &look, now);
	if (!rules->forward_stale)
		rules->by = (struct nft_committer){0};
	rules->stats.in_place = look.result == 0;
	rules->stats.failures += look.result < 0;
	snprintf(rules->stats.trouble, sizeof(rules->stats.trouble), "%s",
	         look.result < 0 ? err->text : "");
	rules->stale = rules->stale || look.result < 0;
	rules->installed = rules->installed || look.result == 0;
	return look.result;
}

/* ---- watching ---- */

static uint64_t next_look(const struct rules *rules, uint64_t now)
{
	uint64_t due = rules->looked_at + LOOK_GAP_MS, pace = rule_fight_next(&rules->fight, now);

	due = pace > due ? pace : due;
	/* It is about FORWARD alone, or will be about that in any case. */
	if ((!rules->stale || !rules->forward_known) && rules->forward_due > due)
		due = rules->forward_due;
	return due;
}

static void look_soon(struct rules *rules);

static void on_timer(uv_timer_t *timer)
{
	look_soon(timer->data);
}

/* The look left FORWARD for later. */
static void come_back(struct rules *rules, uint64_t now)
{
	if (rules->watch.loop && rules->forward_stale && !rules->stale)
		uv_timer_start(&rules->timer, on_timer, next_look(rules, now) - now, 0);
}

/* Now, or as soon as it may be. */
static void look_soon(struct rules *rules)
{
	uint64_t now = uv_now(rules->watch.loop), due = next_look(rules, now);
	struct error err;

	if (!rules->wanted_known || !(rules->stale || rules->forward_stale))
		return; /* a round will, or has done */
	if (due > now)
		uv_timer_start(&rules->timer, on_timer, due - now, 0);
	else if (look(rules, now, &err) < 0)
		rules->watch.failed(rules->watch.ctx);
	else
		come_back(rules, now);
}

static void on_changed(void *ctx, const struct nft_committer *by)
{
	struct rules *rules = ctx;

	rules->by = *by;
	rules->stale = rules->forward_stale = true;
	rules->watch.changed(rules->watch.ctx);
	look_soon(rules);
}

int rules_watch(struct rules *rules, const struct rules_watch_config *config, struct error *err)
{
	const struct nft_monitor_config monitor = {
		.loop = config->loop,
		.own = rules->nft,
		.changed = on_changed,
		.ctx = rules,
	};
	int result = nft_monitor_start(&monitor, &rules->monitor, err);

	if (result < 0)
		return result;
	rules->watch = *config;
	uv_timer_init(config->loop, &rules->timer);
	rules->timer.data = rules;
	/* What was read before is older than the first event. */
	rules->stale = rules->forward_stale = true;
	return 0;
}

void rules_unwatch(struct rules *rules)
{
	if (!rules)
		return;
	nft_monitor_stop(rules->monitor);
	rules->monitor = NULL;
	conntrack_sweep_stop(rules->sweep);
	rules->sweep = NULL;
	handle_close(&rules->timer);
	rules->watch.loop = NULL;
}

/* ---- */

int rules_open(const struct log *log, struct rules **out, struct error *err)
{
	struct rules *rules = calloc(1, sizeof(*rules));

	if (!rules)
		return error_set(err, ENOMEM, "no memory for the rules");
	rules->log = log;
	if (nft_open(&rules->nft, err) < 0) {
		free(rules);
		return -err->code;
	}
	*out = rules;
	return 0;
}

void rules_close(struct rules *rules)
{
	if (!rules)
		return;
	nft_close(rules->nft);
	free(rules);
}

int rules_apply(struct rules *rules, const struct rules_wanted *wanted, uint64_t now,
                struct error *err)
{
	bool same = rules->wanted_known && memcmp(&rules->wanted, wanted, sizeof(*wanted)) == 0;
	int result;

	if (rule_fight_expire(&rules->fight, now))
		log_info(rules->log, "Nobody has removed the nftables rules for %d minutes",
		         RULE_FIGHT_QUIET_MS / 60000);
	if (same && !rules->stale)
		return 0;
	/* The timer looks when it is time, during a fight. */
	if (same && rules->watch.loop && uv_is_active((const uv_handle_t *)&rules->timer) &&
	    rule_fight_next(&rules->fight, now) > now)
		return 0;
	if (!same) {
		memcpy(&rules->wanted, wanted, sizeof(*wanted));
		rules->wanted_known = true;
		rules->installed = false;
		rules->forward_stale = true;
		rules->forward_known = false;
	}
	result = look(rules, now, err);
	come_back(rules, now);
	return result;
}

void rules_distrust(struct rules *rules)
{
	if (!rules)
		return;
	rules->stale = rules->forward_stale = true;
	rules->flannel_gone = false;
}

struct rules_stats rules_stats(const struct rules *rules)
{
	struct rules_stats stats = rules->stats;

	stats.fights = rules->fight.fights;
	stats.fighting = rules->fight.fighting;
	return stats;
}
