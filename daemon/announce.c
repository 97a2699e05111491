/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "announce.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "route_protocol.h"
#include "route_text.h"

/* More of a kind than this in one round become one line with counts. */
#define LINES_MAX 64

/* ---- complaints ---- */

/* Two complaints that share a hash cost a line, no more. */
static uint64_t hash_text(const char *text)
{
	return hash_add(HASH_START, text, strlen(text));
}

static int compare_hashes(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

static bool stands(const struct announcer *announcer, uint64_t hash)
{
	return announcer->standing_count > 0 &&
	       bsearch(&hash, announcer->standing, announcer->standing_count, sizeof(hash),
	               compare_hashes);
}

/* Without memory a complaint is said once too often, never too seldom. */
static void note_coming(struct announcer *announcer, uint64_t hash)
{
	if (announcer->coming_count == announcer->coming_room) {
		size_t room = announcer->coming_room ? announcer->coming_room * 2 : 16;
		uint64_t *larger = reallocarray(announcer->coming, room, sizeof(*larger));

		if (!larger)
			return;
		announcer->coming = larger;
		announcer->coming_room = room;
	}
	announcer->coming[announcer->coming_count++] = hash;
}

static void complain(struct announcer *announcer, enum log_level level, const char *text)
{
	uint64_t hash = hash_text(text);
	bool standing = stands(announcer, hash);

	note_coming(announcer, hash);
	if (standing || announcer->said++ >= LINES_MAX)
		return;
	log_write(announcer->log, level, __FILE__, __LINE__, "%s", text);
}

void announce_begin(struct announcer *announcer)
{
	announcer->coming_count = 0;
	announcer->said = 0;
}

void announce_end(struct announcer *announcer)
{
	uint64_t *standing = announcer->standing;

	if (announcer->said > LINES_MAX)
		log_warning(announcer->log,
		            "%u more of these lines were left out; hostgwd plan shows them all",
		            announcer->said - LINES_MAX);
	if (announcer->coming_count > 0)
		qsort(announcer->coming, announcer->coming_count, sizeof(*announcer->coming),
		      compare_hashes);
	announcer->standing = announcer->coming;
	announcer->standing_count = announcer->coming_count;
	free(standing);
	announcer->coming = NULL;
	announcer->coming_count = 0;
	announcer->coming_room = 0;
}

void announcer_free(struct announcer *announcer)
{
	free(announcer->standing);
	free(announcer->coming);
}

void announce_complaint(struct announcer *announcer, enum log_level level, const struct error *err)
{
	complain(announcer, level, err->text);
}

/* ---- routes ---- */

/* What the kernel's refusals usually mean, and what helps. */
static const char *remedy_of(int code)
{
	switch (code) {
	case EPERM:
		return "; run as root or with CAP_NET_ADMIN";
	case ENETUNREACH:
	case EHOSTUNREACH:
	case ENETDOWN:
		return "; is the interface up, and the next hop on its link?";
	case ENODEV:
		return "; the interface was replaced, and is looked for again";
	case EINVAL:
		return "; is the node's address right?";
	case ENOMEM:
	case ENOBUFS:
		return "; has the kernel memory left, and the neighbour table room?";
	default:
		return "; \"ip route\" shows what is there, the kernel's log may say more";
	}
}

/* A race has no remedy to give: the next round reads the table again, and has a word for what it
 * finds. */
static void announce_failure(struct announcer *announcer, const struct route_change *change)
{
	static const char *const verbs[] = {
		[ROUTE_ADD] = "add", [ROUTE_REPLACE] = "replace", [ROUTE_DELETE] = "remove"};
	char route[128], text[ERROR_TEXT_MAX];

	snprintf(text, sizeof(text), "Failed to %s route %s: %s%s%s%s%s; trying again",
	         verbs[change->verb], route_describe(&change->route, route, sizeof(route)),
	         strerror(-change->result), change->detail ? " (" : "",
	         change->detail ? change->detail : "", change->detail ? ")" : "",
	         remedy_of(-change->result));
	complain(announcer, reconcile_is_race(change) ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, text);
}

/* A complaint, not news: another program that does it again and again must not fill the log. */
static void announce_repair(struct announcer *announcer, const char *route)
{
	char text[ERROR_TEXT_MAX];

	snprintf(text, sizeof(text),
	         "Route restored: %s; it had been removed or changed, by another program or with "
	         "the interface's address (\"ip monitor route address\" shows it happen)",
	         route);
	complain(announcer, LOG_LEVEL_WARNING, text);
}

/* Whoever wins: this host's routes are not what they should be for some of the time. */
static void announce_fight(struct announcer *announcer, const struct ledger_fight *fight)
{
	char dst[PREFIX_TEXT_MAX], name[ROUTE_PROTOCOL_TEXT_MAX], who[96] = "deletes it";
	char text[ERROR_TEXT_MAX];

	prefix_format(&fight->dst, dst);
	if (fight->table == 0)
		snprintf(who, sizeof(who), "changes it");
	else if (fight->opponent != RTPROT_UNSPEC)
		snprintf(who, sizeof(who), "puts one of protocol %s in its place",
		         route_protocol_format(fight->opponent, name));
	snprintf(text, sizeof(text),
	         "Another program fights over the %s to %s: it %s again and again; ours is put "
	         "back only every %d s until it leaves off; stop the other (systemd-networkd: "
	         "ManageForeignRoutes=no; \"ip monitor route nexthop\" shows it at work)",
	         fight->table == 0 ? "nexthop object" : "route", dst, who, FIGHT_PACE_MS / 1000);
	complain(announcer, LOG_LEVEL_WARNING, text);
	events_note(announcer->events, &(struct event_news){
					       .node = announcer->node_name,
					       .reason = "RouteFight",
					       .message = text,
				       });
}

static void announce_success(struct announcer *announcer, const struct route_change *change,
                             bool repair)
{
	const struct log *log = announcer->log;
	char text[128], dst[PREFIX_TEXT_MAX];

	route_describe(&change->route, text, sizeof(text));
	if (repair)
		announce_repair(announcer, text);
	else if (change->route.type == RTN_BLACKHOLE)
		log_info(log, "%s: %s", change->verb == ROUTE_DELETE ? "Removed" : "Added", text);
	else if (change->verb == ROUTE_ADD)
		log_info(log, "Subnet added: %s", text);
	else if (change->verb == ROUTE_REPLACE)
		log_info(log, "Subnet changed: %s", text);
	else
		log_info(log, "Subnet removed: %s", prefix_format(&change->route.dst, dst));
}

static void announce_counts(const struct announcer *announcer,
                            const struct reconcile_report *report)
{
	const struct route_diff *diff = &report->proposal.routes;
	size_t counts[ROUTE_DELETE + 1] = {0}, repairs = 0;

	for (size_t i = 0; i < diff->change_count; i++) {
		if (diff->changes[i].result < 0)
			continue;
		if (report->causes[i].repair)
			repairs++;
		else
			counts[diff->changes[i].verb]++;
	}
	log_info(announcer->log,
	         "Subnets added: %zu, changed: %zu, removed: %zu; routes restored: %zu, failed: "
	         "%zu",
	         counts[ROUTE_ADD], counts[ROUTE_REPLACE], counts[ROUTE_DELETE], repairs,
	         report->failed);
}

static void announce_conflict(struct announcer *announcer, const struct route_conflict *conflict)
{
	char text[ERROR_TEXT_MAX];

	route_describe_conflict(conflict, text, sizeof(text));
	complain(announcer, LOG_LEVEL_WARNING, text);
	events_note(announcer->events, &(struct event_news){
					       .node = announcer->node_name,
					       .reason = "ForeignRouteInTheWay",
					       .message = text,
				       });
}

/* It may lead some pods' packets astray, or be somebody's wish: it is theirs to say. */
static void announce_stranger(struct announcer *announcer, const struct route *route)
{
	char text[ERROR_TEXT_MAX];

	complain(announcer, LOG_LEVEL_WARNING, route_describe_stranger(route, text, sizeof(text)));
}

static void announce_nexthop_failure(struct announcer *announcer,
                                     const struct nexthop_change *change)
{
	static const char *const verbs[] = {
		[NEXTHOP_ADD] = "add", [NEXTHOP_REPLACE] = "replace", [NEXTHOP_DELETE] = "remove"};
	char via[IP_TEXT_MAX], text[ERROR_TEXT_MAX];

	snprintf(text, sizeof(text), "Failed to %s nexthop %u via %s: %s%s%s%s%s; trying again",
	         verbs[change->verb], change->nexthop.id, ip_format(&change->nexthop.via, via),
	         strerror(-change->result), change->detail ? " (" : "",
	         change->detail ? change->detail : "", change->detail ? ")" : "",
	         remedy_of(-change->result));
	complain(announcer, change->result == -EEXIST ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, text);
}

static void announce_nexthops(struct announcer *announcer, const struct nexthop_change *changes,
                              size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (changes[i].result < 0)
			announce_nexthop_failure(announcer, &changes[i]);
}

static void announce_changes(struct announcer *announcer, const struct reconcile_report *report)
{
	const struct route_diff *diff = &report->proposal.routes;
	bool few = diff->change_count <= LINES_MAX;
	bool one_by_one = few || log_is_verbose(announcer->log, __FILE__, 1);

	for (size_t i = 0; i < diff->change_count; i++) {
		const struct route_change *change = &diff->changes[i];

		if (change->result < 0)
			announce_failure(announcer, change);
		else if (one_by_one)
			announce_success(announcer, change, report->causes[i].repair);
	}
	if (!few)
		announce_counts(announcer, report);
}

void announce_report(struct announcer *announcer, const struct reconcile_report *report)
{
	const struct nexthop_plan *nexthops = &report->proposal.nexthops;
	const struct route_diff *diff = &report->proposal.routes;

	announce_nexthops(announcer, nexthops->changes, nexthops->change_count);
	announce_changes(announcer, report);
	announce_nexthops(announcer, nexthops->removals, nexthops->removal_count);
	for (size_t i = 0; i < report->fight_count; i++)
		announce_fight(announcer, &report->fights[i]);
	for (size_t i = 0; i < diff->conflict_count; i++)
		announce_conflict(announcer, &diff->conflicts[i]);
	for (size_t i = 0; i < diff->stranger_count; i++)
		announce_stranger(announcer, &diff->strangers[i]);
}

/* ---- nodes ---- */

/* The reason of a Kubernetes Event. NULL: none is due; a new Node is without pod CIDR or address
 * for a moment, which is not worth a warning. */
static const char *const event_reasons[CLAIM_STATES] = {
	[CLAIM_BAD_POD_CIDR] = "PodCIDRInvalid",
	[CLAIM_OUTSIDE_NETWORK] = "PodCIDROutsideNetwork",
	[CLAIM_CONFLICT] = "PodCIDRConflict",
	[CLAIM_HOST_ADDRESS] = "PodCIDRCoversHostAddress",
	[CLAIM_OTHER_BACKEND] = "OtherBackend",
	[CLAIM_BAD_NEXT_HOP] = "NextHopInvalid",
	[CLAIM_OWN_ADDRESS] = "NextHopIsOwnAddress",
	[CLAIM_OFF_LINK] = "NextHopOffLink",
};

/* About the Node that the claim is of: all others have the same to tell. */
static void note_claim(struct announcer *announcer, const struct claim *claim, const char *text)
{
	char subject[PREFIX_TEXT_MAX + IP_TEXT_MAX], cidr[PREFIX_TEXT_MAX], via[IP_TEXT_MAX];
	const struct event_news news = {
		.node = claim->node->name,
		.reason = event_reasons[claim->state],
		.subject = subject,
		.message = text,
	};

	snprintf(subject, sizeof(subject), "%s %s", prefix_format(&claim->cidr, cidr),
	         ip_format(&claim->via, via));
	events_note(announcer->events, &news);
}

void announce_plan(struct announcer *announcer, const struct plan *plan,
                   const struct uplink *uplink, const struct link_snapshot *links)
{
	for (size_t i = 0; i < plan->claim_count; i++) {
		const struct claim *claim = &plan->claims[i];
		char text[ERROR_TEXT_MAX], reason[ERROR_TEXT_MAX - 16];

		if (claim->state == CLAIM_ROUTED || claim->state == CLAIM_OWN ||
		    claim->state == CLAIM_FAMILY_OFF)
			continue;
		claim_describe(claim, uplink, links, reason, sizeof(reason));
		snprintf(text, sizeof(text), "Skipping %s", reason);
		if (!event_reasons[claim->state]) {
			complain(announcer, LOG_LEVEL_INFO, text);
			continue;
		}
		complain(announcer, LOG_LEVEL_WARNING, text);
		note_claim(announcer, claim, text);
	}
	events_settle(announcer->events, plan->claim_count);
}
