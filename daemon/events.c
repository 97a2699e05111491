/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "events.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "hash.h"
#include "hostgw/backoff.h"

/* Pieces of news that are remembered; more at a time would help nobody. */
#define NEWS_MAX 32
/* What still stands is told again after this: the API server forgets Events after an hour. */
#define REFRESH_MS (30 * 60 * 1000)
/* So many at once, then one in so long. */
#define BURST     10
#define REFILL_MS (60 * 1000)
/*
 * All nodes see the same at the same time, and what is told of one Node is one Event whoever tells
 * it: each waits for a moment of its own, the longer the more nodes there are, so that the API
 * server is asked some twenty times a second by all of them together.
 */
#define SPREAD_MS      3000u
#define SPREAD_NODE_MS 50u
#define RETRY_FIRST_MS 5000
#define RETRY_LAST_MS  (5 * 60 * 1000)

#define EVENT_NAME_MAX 253 /* RFC 1123 subdomain */

struct news {
	uint64_t hash;      /* of node, reason and subject; 0: this place is free */
	const char *reason; /* constant */
	char *node;         /* whom it is about */
	char message[ERROR_TEXT_MAX];
	unsigned count;    /* how often it was sent, with the one that is due */
	int64_t first;     /* seconds since 1970 */
	uint64_t noted_ms; /* the loop's clock, like all of these */
	uint64_t told_ms;  /* by us or by another node */
	unsigned turn;     /* when it was tried last; who waits longest comes next */
	bool noted;        /* in this round */
	bool due;
	bool known; /* the API server has the Event, and refreshing it is ours */
};

struct events {
	struct events_config config;
	struct news news[NEWS_MAX];
	struct news *sending; /* NULL: nothing is under way */
	unsigned tokens;
	uint64_t filled_ms; /* when the last token was added */
	unsigned turn;
	unsigned spread_ms;
	struct backoff backoff;
	bool forbidden;
	uv_timer_t timer;
	struct log_repeat trouble, refusals;
};

static uint64_t now_ms(const struct events *events)
{
	return uv_now(events->config.loop);
}

static uint64_t hash_news(const struct event_news *told)
{
	const char *subject = told->subject ? told->subject : told->message;
	uint64_t hash = hash_add(HASH_START, told->node, strlen(told->node) + 1);

	hash = hash_add(hash, told->reason, strlen(told->reason) + 1);
	hash = hash_add(hash, subject, strlen(subject));
	return hash ? hash : 1;
}

static void refill(struct events *events)
{
	uint64_t periods = (now_ms(events) - events->filled_ms) / REFILL_MS;

	events->filled_ms += periods * REFILL_MS;
	events->tokens = periods < BURST - events->tokens ? events->tokens + (unsigned)periods
	                                                  : BURST;
}

/* They take turns: one that cannot be sent does not hold back the others. */
static struct news *next_due(struct events *events)
{
	struct news *next = NULL;

	for (size_t i = 0; i < NEWS_MAX; i++) {
		struct news *news = &events->news[i];

		if (news->due && (!next || news->turn < next->turn))
			next = news;
	}
	return next;
}

/* One name for one piece of news, whichever node tells it. */
static void print_name(const struct news *news, char name[static EVENT_NAME_MAX + 1])
{
	int length = snprintf(name, EVENT_NAME_MAX + 1, "%s.%016" PRIx64, news->node, news->hash);

	if (length > EVENT_NAME_MAX)
		snprintf(name, EVENT_NAME_MAX + 1, "hostgwd.%016" PRIx64, news->hash);
}

static void schedule(struct events *events, uint64_t delay);

static void forbid(struct events *events, const struct error *err)
{
	events->forbidden = true;
	log_warning(events->config.log,
	            "No Kubernetes Events: %s; --events=false keeps this line away", err->text);
}

static void retry_later(struct events *events, const struct kube_answer *answer)
{
	struct error wrapped = answer->err;

	error_wrap(&wrapped, "cannot send a Kubernetes Event");
	log_trouble(events->config.log, &events->trouble, &wrapped, now_ms(events));
	schedule(events, backoff_next_after(&events->backoff, answer->retry_after));
}

/* It needs no telling for a while. */
static void settle_news(struct events *events, struct news *news, bool known)
{
	news->due = false;
	news->known = known;
	news->told_ms = now_ms(events);
	backoff_reset(&events->backoff);
	events->trouble = (struct log_repeat){0};
	schedule(events, backoff_random(0, events->spread_ms));
}

/* A refusal that would be the same at the next try. */
static bool is_final(int status)
{
	return status >= 400 && status < 500 && status != 401 && status != 403 && status != 404 &&
	       status != 408 && status != 409 && status != 429;
}

static void leave_out(struct events *events, struct news *news, const struct error *err)
{
	struct error wrapped = *err;

	error_wrap(&wrapped, "a Kubernetes Event (%s) is left out", news->reason);
	log_sample(events->config.log, &events->refusals, &wrapped, now_ms(events));
	settle_news(events, news, news->known);
}

/* An earlier run of ours made it, unless it is about another Node: then that node's daemon, or
 * whoever was first, looks after it. */
static void on_there_already(struct events *events, struct news *news)
{
	if (strcmp(news->node, events->config.node_name) != 0) {
		settle_news(events, news, false);
		return;
	}
	news->known = true;
	schedule(events, 0);
}

static void on_sent(void *ctx, const struct kube_answer *answer)
{
	struct events *events = ctx;
	struct news *news = events->sending;

	events->sending = NULL;
	if (answer->result == 0) {
		settle_news(events, news, true);
	} else if (answer->result == -EACCES) {
		forbid(events, &answer->err);
	} else if (answer->result == -EAGAIN && !news->known) {
		on_there_already(events, news);
	} else if (answer->result == -ENOENT && news->known) {
		news->known = false; /* forgotten: it is made anew */
		schedule(events, 0);
	} else if (is_final(answer->status)) {
		leave_out(events, news, &answer->err);
	} else {
		retry_later(events, answer);
	}
}

static void send_news(struct events *events, struct news *news)
{
	char name[EVENT_NAME_MAX + 1];
	const struct kube_event event = {
		.name = name,
		.node_name = news->node,
		.reporter = events->config.node_name,
		.reason = news->reason,
		.message = news->message,
		.first = news->first,
		.last = (int64_t)time(NULL),
		.count = news->count,
		.known = news->known,
	};
	struct kube_answer failure = {0};

	print_name(news, name);
	news->turn = ++events->turn;
	failure.result = kube_event_send(events->config.client, &event, on_sent, events,
	                                 &failure.err);
	if (failure.result < 0) {
		retry_later(events, &failure);
		return;
	}
	events->tokens--;
	events->sending = news;
}

static void send_next(uv_timer_t *timer)
{
	struct events *events = timer->data;
	struct news *news = next_due(events);

	refill(events);
	if (!news || events->sending || events->forbidden)
		return;
	if (events->tokens > 0)
		send_news(events, news);
	else
		schedule(events, events->filled_ms + REFILL_MS - now_ms(events));
}

static void schedule(struct events *events, uint64_t delay)
{
	uv_timer_start(&events->timer, send_next, delay, 0);
}

/* The place of this piece of news, maybe a new one; NULL: all are taken by what is still to be
 * sent. */
static struct news *place_of(struct events *events, uint64_t hash)
{
	struct news *oldest = NULL;

	for (size_t i = 0; i < NEWS_MAX; i++) {
		struct news *news = &events->news[i];

		if (news->hash == hash)
			return news;
		if (!news->due && (!oldest || news->noted_ms < oldest->noted_ms))
			oldest = news;
	}
	return oldest;
}

static bool begin_news(struct news *news, uint64_t hash, const struct event_news *told)
{
	char *node = strdup(told->node);

	if (!node)
		return false;
	free(news->node);
	*news = (struct news){
		.hash = hash,
		.reason = told->reason,
		.node = node,
		.first = (int64_t)time(NULL),
	};
	snprintf(news->message, sizeof(news->message), "%s", told->message);
	return true;
}

void events_note(struct events *events, const struct event_news *told)
{
	struct news *news;
	uint64_t hash;

	if (!events || events->forbidden)
		return;
	hash = hash_news(told);
	news = place_of(events, hash);
	if (!news || (news->hash != hash && !begin_news(news, hash, told)))
		return;
	news->noted = true;
	news->noted_ms = now_ms(events);
	if (news->due || (news->count > 0 && news->noted_ms - news->told_ms < REFRESH_MS))
		return;
	news->count++;
	news->due = true;
}

/* What was mended before it could be told. */
static void drop_past(struct events *events)
{
	for (size_t i = 0; i < NEWS_MAX; i++) {
		struct news *news = &events->news[i];

		if (news->due && !news->noted && news != events->sending) {
			news->due = false;
			news->count--;
		}
		news->noted = false;
	}
}

void events_settle(struct events *events, size_t nodes)
{
	if (!events || events->forbidden)
		return;
	drop_past(events);
	events->spread_ms = nodes < SPREAD_MS / SPREAD_NODE_MS ? SPREAD_MS
	                                                       : SPREAD_NODE_MS * (unsigned)nodes;
	if (next_due(events) && !events->sending && !uv_is_active((uv_handle_t *)&events->timer))
		schedule(events, backoff_random(0, events->spread_ms));
}

int events_new(const struct events_config *config, struct events **out, struct error *err)
{
	struct events *events = calloc(1, sizeof(*events));

	if (!events)
		return error_set(err, ENOMEM, "out of memory");
	events->config = *config;
	events->tokens = BURST;
	events->backoff = (struct backoff){.first_ms = RETRY_FIRST_MS, .last_ms = RETRY_LAST_MS};
	events->filled_ms = now_ms(events);
	uv_timer_init(config->loop, &events->timer);
	events->timer.data = events;
	*out = events;
	return 0;
}

static void free_closed(uv_handle_t *handle)
{
	struct events *events = handle->data;

	for (size_t i = 0; i < NEWS_MAX; i++)
		free(events->news[i].node);
	free(events);
}

void events_close(struct events *events)
{
	if (events)
		uv_close((uv_handle_t *)&events->timer, free_closed);
}
