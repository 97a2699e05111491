/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "events.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "hash.h"

/* Pieces of news that are remembered; more at a time would help nobody. */
#define NEWS_MAX 32
/* What still stands is told again after this: the API server forgets Events after an hour. */
#define REFRESH_MS (30 * 60 * 1000)
/* So many at once, then one in so long. */
#define BURST     10
#define REFILL_MS (60 * 1000)
/* All nodes see the same at the same time: each waits for a moment of its own. */
#define SPREAD_MS      3000
#define RETRY_FIRST_MS 5000
#define RETRY_MOST_MS  (5 * 60 * 1000)

#define EVENT_NAME_MAX 253 /* RFC 1123 subdomain */

struct news {
	uint64_t hash;      /* of reason and message; 0: this place is free */
	const char *reason; /* constant */
	char message[ERROR_TEXT_MAX];
	unsigned count;    /* how often it was sent, with the one that is due */
	int64_t first;     /* seconds since 1970 */
	uint64_t noted_ms; /* the loop's clock, like all of these */
	uint64_t sent_ms;
	bool due;
	bool known; /* the API server has the Event */
};

struct events {
	struct events_config config;
	struct news news[NEWS_MAX];
	struct news *sending; /* NULL: nothing is under way */
	unsigned tokens;
	uint64_t filled_ms; /* when the last token was added */
	uint64_t delay;     /* milliseconds until the next try; 0: the last one went well */
	bool forbidden;
	uv_timer_t timer;
	struct log_repeat repeat;
};

static uint64_t now_ms(const struct events *events)
{
	return uv_now(events->config.loop);
}

static uint64_t hash_news(const char *reason, const char *message)
{
	uint64_t hash = hash_add(HASH_START, reason, strlen(reason) + 1);

	hash = hash_add(hash, message, strlen(message));
	return hash ? hash : 1;
}

static void refill(struct events *events)
{
	uint64_t periods = (now_ms(events) - events->filled_ms) / REFILL_MS;

	events->filled_ms += periods * REFILL_MS;
	events->tokens = periods < BURST - events->tokens ? events->tokens + (unsigned)periods
	                                                  : BURST;
}

static struct news *next_due(struct events *events)
{
	for (size_t i = 0; i < NEWS_MAX; i++)
		if (events->news[i].due)
			return &events->news[i];
	return NULL;
}

/* One name for one piece of news of one node, so that a restarted daemon finds its Event. */
static void print_name(const char *node, uint64_t hash, char name[static EVENT_NAME_MAX + 1])
{
	int length = snprintf(name, EVENT_NAME_MAX + 1, "%s.%016" PRIx64, node, hash);

	if (length > EVENT_NAME_MAX)
		snprintf(name, EVENT_NAME_MAX + 1, "hostgwd.%016" PRIx64,
		         hash_add(hash, node, strlen(node)));
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
	uint64_t wanted = (uint64_t)answer->retry_after * 1000;

	error_wrap(&wrapped, "cannot send a Kubernetes Event");
	log_trouble(events->config.log, &events->repeat, &wrapped, now_ms(events));
	events->delay = events->delay ? events->delay * 2 : RETRY_FIRST_MS;
	if (events->delay > RETRY_MOST_MS)
		events->delay = RETRY_MOST_MS;
	schedule(events, wanted > events->delay ? wanted : events->delay);
}

static void sent(struct events *events, struct news *news)
{
	news->due = false;
	news->known = true;
	news->sent_ms = now_ms(events);
	events->delay = 0;
	events->repeat = (struct log_repeat){0};
	schedule(events, 0);
}

static void on_sent(void *ctx, const struct kube_answer *answer)
{
	struct events *events = ctx;
	struct news *news = events->sending;

	events->sending = NULL;
	if (answer->result == 0) {
		sent(events, news);
	} else if (answer->result == -EACCES) {
		forbid(events, &answer->err);
	} else if (answer->result == -EAGAIN && !news->known) {
		news->known = true; /* an earlier run of ours made it */
		schedule(events, 0);
	} else if (answer->result == -ENOENT && news->known) {
		news->known = false; /* forgotten: it is made anew */
		schedule(events, 0);
	} else {
		retry_later(events, answer);
	}
}

static void send_news(struct events *events, struct news *news)
{
	char name[EVENT_NAME_MAX + 1];
	const struct kube_event event = {
		.name = name,
		.node_name = events->config.node_name,
		.reason = news->reason,
		.message = news->message,
		.first = news->first,
		.last = (int64_t)time(NULL),
		.count = news->count,
		.known = news->known,
	};
	struct kube_answer failure = {0};

	print_name(events->config.node_name, news->hash, name);
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

static void begin_news(struct news *news, uint64_t hash, const char *reason, const char *message)
{
	*news = (struct news){.hash = hash, .reason = reason, .first = (int64_t)time(NULL)};
	snprintf(news->message, sizeof(news->message), "%s", message);
}

void events_note(struct events *events, const char *reason, const char *message)
{
	const char *node;
	struct news *news;
	uint64_t hash;

	if (!events || events->forbidden)
		return;
	hash = hash_news(reason, message);
	news = place_of(events, hash);
	if (!news)
		return;
	if (news->hash != hash)
		begin_news(news, hash, reason, message);
	news->noted_ms = now_ms(events);
	if (news->due || (news->count > 0 && news->noted_ms - news->sent_ms < REFRESH_MS))
		return;
	news->count++;
	news->due = true;
	node = events->config.node_name;
	if (!events->sending && !uv_is_active((uv_handle_t *)&events->timer))
		schedule(events, hash_add(HASH_START, node, strlen(node)) % SPREAD_MS);
}

int events_new(const struct events_config *config, struct events **out, struct error *err)
{
	struct events *events = calloc(1, sizeof(*events));

	if (!events)
		return error_set(err, ENOMEM, "out of memory");
	events->config = *config;
	events->tokens = BURST;
	events->filled_ms = now_ms(events);
	uv_timer_init(config->loop, &events->timer);
	events->timer.data = events;
	*out = events;
	return 0;
}

static void free_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void events_close(struct events *events)
{
	if (events)
		uv_close((uv_handle_t *)&events->timer, free_closed);
}
