/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "reflector_state.h"

#define PROVEN_MS  1000u  /* a watch that lives so long is no accident */
#define HEALTHY_MS 60000u /* and one that lives so long ends the backoff */

/*
 * stream_silence, stream_stall: how long a WatchList may take to its closing bookmark. A server
 * that speaks it sends that within a second or two of the last initial event. Servers that do not
 * answer 422 (1.20 and later check the parameters: "resourceVersionMatch is forbidden for watch");
 * an older one, or a proxy, that drops parameters it does not know starts an ordinary watch:
 * synthetic ADDED events, then heartbeats for ever, each minute a bookmark without the annotation.
 * So the stream is given up when it falls silent, at a bookmark without the annotation, or when it
 * brings bytes but nothing new; like a LIST it may take as long as it moves.
 *
 * catch_up: a watch that resumes brings first what was missed, from the server's memory. Until
 * that is over nothing may be deleted on the strength of what was saved: the route of a node that
 * came after the saving stands in the kernel, and its event is still under way, however long
 * nothing comes. It is over at a bookmark, which servers send each minute; where none comes in
 * longer than that, there are none.
 */
const struct kube_watch_limits reflector_limits = {
	.answer = 60,       /* they come at once, or something is dead */
	.check = 30,        /* a server that waits for its cache gives up after 3 s */
	.list_silence = 60, /* the API server itself gives a request up after a minute */
	.stream_silence = 10,
	.stream_stall = 60,
	.catch_up = 90,
};

/* Being ready needs less than being caught up: the watch stands, and what was missed has most
 * likely come, as a second passed in silence; heartbeats of a large cluster leave no silence, so
 * after some seconds it counts as well. */
#define RESUMED_MS 5000u

/*
 * What an item that could not be read would have told is missing: a route that should go stays.
 * If its bytes broke on the way, another list heals that. If the item itself is beyond us, a list
 * does not help, and must not burden the server: each that did not help makes the next wait longer.
 */
#define REPAIR_FIRST_MS   1000u
#define REPAIR_LONGEST_MS (60u * 60u * 1000u)

static uint64_t milliseconds(unsigned seconds)
{
	return seconds * (uint64_t)1000;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* What is left of a limit after so many milliseconds. */
static uint64_t left(unsigned seconds, uint64_t age)
{
	return age < milliseconds(seconds) ? milliseconds(seconds) - age : 0;
}

void reflector_begun(struct reflector *r)
{
	if (r->step == STEP_STREAM || r->step == STEP_WATCH)
		uv_timer_start(&r->timer, reflector_on_timer, milliseconds(r->limits.answer), 0);
}

void reflector_accepted(struct reflector *r)
{
	if (r->step == STEP_STREAM)
		uv_timer_start(&r->timer, reflector_on_timer,
		               milliseconds(r->limits.stream_silence), 0);
	else if (r->step == STEP_WATCH)
		uv_timer_start(&r->timer, reflector_on_timer, PROVEN_MS, 0);
}

void reflector_heard(struct reflector *r)
{
	uint64_t stall = left(r->limits.stream_stall, uv_now(r->needs.loop) - r->moved_at);

	r->received = true;
	if (r->step == STEP_STREAM)
		uv_timer_start(&r->timer, reflector_on_timer,
		               earlier(stall, milliseconds(r->limits.stream_silence)), 0);
}

/* A connection that stands, with nobody behind it: keepalive does not notice that. Or a proxy
 * keeps the answer back until it is whole, which a LIST may survive. */
static void unanswered(struct reflector *r)
{
	struct error err;

	if (r->step == STEP_WATCH)
		r->needs.stats->ends[KUBE_WATCH_SILENT]++;
	reflector_abandon(r);
	error_set(&err, ETIMEDOUT, "%s does not answer within %u s", r->needs.config->server,
	          r->limits.answer);
	if (r->step == STEP_STREAM) {
		r->list_only = true;
		reflector_relist(r, r->list);
	}
	reflector_fail(r, &err);
}

static void bookmark_missing(struct reflector *r)
{
	reflector_abandon(r);
	r->list_only = true;
	r->distrust = true;
	reflector_relist(r, r->list);
	reflector_send(r);
}

void reflector_incomplete(struct reflector *r)
{
	unsigned wait = r->repair_ms ? (unsigned)r->repair_ms : REPAIR_FIRST_MS;

	r->complete = false;
	r->repair_at = uv_now(r->needs.loop) + backoff_random(wait, wait + wait / 5);
	r->repair_ms = wait < REPAIR_LONGEST_MS / 4 ? wait * 4 : REPAIR_LONGEST_MS;
	if (r->step == STEP_WATCH && r->accepted)
		uv_timer_start(&r->timer, reflector_on_timer, PROVEN_MS, 0);
}

static void repair(struct reflector *r)
{
	r->needs.stats->ends[KUBE_WATCH_REPAIR]++;
	reflector_abandon(r);
	r->distrust = true;
	reflector_relist(r, LIST_NOT_OLDER);
	reflector_send(r);
}

/* When a watch of this age ticks again; 0: never. */
static uint64_t next_tick(const struct reflector *r, uint64_t age)
{
	uint64_t next = UINT64_MAX;

	if (r->resuming)
		return PROVEN_MS;
	if (age < HEALTHY_MS)
		next = HEALTHY_MS - age;
	if (!r->complete)
		next = earlier(next, r->repair_at - uv_now(r->needs.loop));
	else if (r->behind)
		next = earlier(next, left(r->limits.catch_up, age));
	return next == UINT64_MAX ? 0 : next;
}

/* Ticks of a watch: it is proven, it has resumed, it is healthy, it has brought what was missed. */
static void watch_lives(struct reflector *r)
{
	uint64_t now = uv_now(r->needs.loop);
	uint64_t age = now - r->accepted_at;

	if (!r->proven) {
		r->proven = true;
		r->hasty = 0;
		reflector_recovered(r);
	}
	if (!r->received || age >= RESUMED_MS)
		reflector_resumed(r);
	if (age >= milliseconds(r->limits.catch_up))
		reflector_caught_up(r);
	r->received = false;
	if (!r->complete && now >= r->repair_at) {
		repair(r);
		return;
	}
	if (age >= HEALTHY_MS) {
		backoff_reset(&r->backoff);
		if (r->complete)
			r->repair_ms = 0;
	}
	if (next_tick(r, age) > 0)
		uv_timer_start(&r->timer, reflector_on_timer, next_tick(r, age), 0);
}

void reflector_on_timer(uv_timer_t *timer)
{
	struct reflector *r = timer->data;

	if (!r->request)
		reflector_send(r);
	else if (!r->accepted)
		unanswered(r);
	else if (r->step == STEP_STREAM)
		bookmark_missing(r);
	else
		watch_lives(r);
}
