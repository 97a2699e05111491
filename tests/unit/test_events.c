/* SPDX-License-Identifier: GPL-2.0-or-later */
/* News becomes Events: which, when, and how often the API server is asked. */
#include <errno.h>
#include <string.h>

#include "check.h"
#include "daemon/events.h"

#define OWN    "kubworker1"
#define MINUTE (60u * 1000u)
#define HOUR   (60u * MINUTE)

/* ---- a clock that the test moves, in place of libuv's ---- */

static struct {
	uint64_t now;
	uv_timer_t *timer; /* NULL: none runs */
	uv_timer_cb run;
	uint64_t due;
} watch;

uint64_t uv_now(const uv_loop_t *loop)
{
	(void)loop;
	return watch.now;
}

int uv_timer_start(uv_timer_t *timer, uv_timer_cb run, uint64_t timeout, uint64_t repeat)
{
	assert_int_equal(repeat, 0);
	watch.timer = timer;
	watch.run = run;
	watch.due = watch.now + timeout;
	return 0;
}

int uv_is_active(const uv_handle_t *handle)
{
	return handle == (const uv_handle_t *)watch.timer;
}

static bool run_timer(uint64_t until)
{
	uv_timer_t *timer = watch.timer;

	if (!timer || watch.due > until)
		return false;
	watch.now = watch.due;
	watch.timer = NULL;
	watch.run(timer);
	return true;
}

/* ---- an API server, in place of k8s/kube_event.c ---- */

struct request {
	char name[300], node[300], reason[40];
	unsigned count;
	bool known;
	uint64_t at;
};

struct kube_client {
	kube_answer_fn done; /* NULL: nothing is under way */
	void *ctx;
	struct request requests[256];
	size_t count;
	/* what it answers */
	int (*answer)(const struct request *request, int *status);
};

int kube_event_send(struct kube_client *client, const struct kube_event *event, kube_answer_fn done,
                    void *ctx, struct error *err)
{
	struct request *request = &client->requests[client->count++];

	(void)err;
	assert_null(client->done);
	assert_true(client->count < COUNT(client->requests));
	assert_string_equal(event->reporter, OWN);
	client->done = done;
	client->ctx = ctx;
	*request = (struct request){.count = event->count, .known = event->known, .at = watch.now};
	snprintf(request->name, sizeof(request->name), "%s", event->name);
	snprintf(request->node, sizeof(request->node), "%s", event->node_name);
	snprintf(request->reason, sizeof(request->reason), "%s", event->reason);
	return 0;
}

static int take_all(const struct request *request, int *status)
{
	*status = request->known ? 200 : 201;
	return 0;
}

/* What was told is there already; the daemon may refresh it. */
static int have_all(const struct request *request, int *status)
{
	*status = request->known ? 200 : 409;
	return request->known ? 0 : -EAGAIN;
}

static void answer(struct kube_client *client)
{
	kube_answer_fn done = client->done;
	struct kube_answer said = {.err.text = "the API server said no"};

	client->done = NULL;
	said.result = client->answer(&client->requests[client->count - 1], &said.status);
	said.err.code = -said.result;
	done(client->ctx, &said);
}

/* ---- the daemon ---- */

struct fixture {
	uv_loop_t loop;
	struct log log;
	struct kube_client client;
	struct events *events;
};

static int set_up(void **state)
{
	static struct fixture f;
	const struct events_config config = {
		.loop = &f.loop, .client = &f.client, .log = &f.log, .node_name = OWN};
	struct error err;

	memset(&f, 0, sizeof(f));
	memset(&watch, 0, sizeof(watch));
	watch.now = 1000;
	f.client.answer = take_all;
	uv_loop_init(&f.loop);
	*state = &f;
	return events_new(&config, &f.events, &err);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	events_close(f->events);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	return uv_loop_close(&f->loop);
}

static void note(struct fixture *f, const char *node, const char *reason)
{
	const struct event_news news = {
		.node = node, .reason = reason, .subject = "10.1.0.0/24", .message = "words"};

	events_note(f->events, &news);
}

static void pass(struct fixture *f, uint64_t duration)
{
	uint64_t until = watch.now + duration;

	while (run_timer(until))
		if (f->client.done)
			answer(&f->client);
	watch.now = until;
}

/* Rounds in which all of these stand, one a minute. */
static void stand(struct fixture *f, const char *const nodes[], size_t count, uint64_t duration)
{
	for (uint64_t passed = 0; passed < duration; passed += MINUTE) {
		for (size_t i = 0; i < count; i++)
			note(f, nodes[i], "Reason");
		events_settle(f->events, count);
		pass(f, MINUTE);
	}
}

static size_t requests_about(const struct fixture *f, const char *node)
{
	size_t count = 0;

	for (size_t i = 0; i < f->client.count; i++)
		count += strcmp(f->client.requests[i].node, node) == 0;
	return count;
}

/* ---- which ---- */

static void test_it_is_named_after_whom_it_is_about(void **state)
{
	static const struct event_news same[] = {
		{"other", "Reason", "10.1.0.0/24", "as eth0 sees it"},
		{"other", "Reason", "10.1.0.0/24", "as ens192 sees it"},
	};
	static const struct event_news different[] = {
		{"other", "Reason", "10.1.1.0/24", "words"},
		{"other", "Another", "10.1.0.0/24", "words"},
		{"further", "Reason", "10.1.0.0/24", "words"},
		{OWN, "Reason", NULL, "words"},
		{OWN, "Reason", NULL, "other words"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(same); i++)
		events_note(f->events, &same[i]);
	events_settle(f->events, 2);
	pass(f, MINUTE);
	assert_int_equal(f->client.count, 1);
	assert_int_equal(strncmp(f->client.requests[0].name, "other.", 6), 0);
	for (size_t i = 0; i < COUNT(different); i++)
		events_note(f->events, &different[i]);
	events_settle(f->events, 2);
	pass(f, MINUTE);
	assert_int_equal(f->client.count, 1 + COUNT(different));
	for (size_t i = 0; i < f->client.count; i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(f->client.requests[i].name,
			                        f->client.requests[j].name);
}

static void test_what_another_has_told_is_left_to_it(void **state)
{
	static const char *const nodes[] = {"other"};
	struct fixture *f = *state;

	f->client.answer = have_all;
	stand(f, nodes, 1, 29 * MINUTE);
	assert_int_equal(f->client.count, 1);
	/* It may have gone since, and been forgotten by the API server. */
	f->client.answer = take_all;
	stand(f, nodes, 1, 5 * MINUTE);
	assert_int_equal(f->client.count, 2);
	assert_false(f->client.requests[1].known);
	stand(f, nodes, 1, 35 * MINUTE);
	assert_int_equal(f->client.count, 3);
	assert_true(f->client.requests[2].known);
}

static void test_what_is_about_this_node_is_refreshed(void **state)
{
	static const char *const nodes[] = {OWN};
	struct fixture *f = *state;

	f->client.answer = have_all;
	stand(f, nodes, 1, 2 * MINUTE);
	assert_int_equal(f->client.count, 2);
	assert_true(f->client.requests[1].known);
}

static void test_what_is_past_is_not_told(void **state)
{
	struct fixture *f = *state;

	note(f, "other", "Reason");
	events_settle(f->events, 5000);
	note(f, "further", "Reason");
	events_settle(f->events, 5000); /* a round later, "other" was mended */
	pass(f, HOUR);
	assert_int_equal(f->client.count, 1);
	assert_string_equal(f->client.requests[0].node, "further");
}

/* ---- when ---- */

/* Where the first of 100 daemons asks, and the last. */
static void measure_spread(void **state, size_t nodes, uint64_t *least, uint64_t *most)
{
	*least = UINT64_MAX;
	*most = 0;
	for (size_t i = 0; i < 100; i++) {
		struct fixture *f = *state;
		uint64_t at;

		note(f, "other", "Reason");
		events_settle(f->events, nodes);
		pass(f, HOUR);
		assert_int_equal(f->client.count, 1);
		at = f->client.requests[0].at - 1000;
		*least = at < *least ? at : *least;
		*most = at > *most ? at : *most;
		assert_int_equal(tear_down(state), 0);
		assert_int_equal(set_up(state), 0);
	}
}

static void test_large_clusters_take_their_time(void **state)
{
	uint64_t least, most;

	measure_spread(state, 5, &least, &most);
	assert_true(most <= 3000 && most - least > 1500);
	measure_spread(state, 5000, &least, &most);
	assert_true(most <= 250 * 1000 && most - least > 125 * 1000);
}

/* ---- refused, or not heard ---- */

static int refused_status;

/* Only what is about "good" is taken. */
static int take_good(const struct request *request, int *status)
{
	if (strcmp(request->node, "good") == 0)
		return take_all(request, status);
	*status = refused_status;
	return -EPROTO;
}

static void test_one_refused_does_not_hold_back_others(void **state)
{
	static const char *const nodes[] = {"bad", "good"};
	static const struct {
		int status;
		size_t least, most; /* requests about "bad", in 20 minutes */
	} cases[] = {
		{400, 1, 1},  {413, 1, 1},  {422, 1, 1},  {404, 4, 20},
		{429, 4, 20}, {500, 4, 20}, {503, 4, 20}, {0, 4, 20},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture *f = *state;

		refused_status = cases[i].status;
		f->client.answer = take_good;
		stand(f, nodes, COUNT(nodes), 20 * MINUTE);
		assert_int_equal(requests_about(f, "good"), 1);
		assert_in_range(requests_about(f, "bad"), cases[i].least, cases[i].most);
		assert_int_equal(tear_down(state), 0);
		assert_int_equal(set_up(state), 0);
	}
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_it_is_named_after_whom_it_is_about),
		CASE(test_what_another_has_told_is_left_to_it),
		CASE(test_what_is_about_this_node_is_refreshed),
		CASE(test_what_is_past_is_not_told),
		CASE(test_large_clusters_take_their_time),
		CASE(test_one_refused_does_not_hold_back_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
