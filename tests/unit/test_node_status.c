/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Patches of the own Node: sent when something differs, one at a time, again when one failed. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "check.h"
#include "daemon/node_status.h"

/* An API server in place of k8s/node_patch.c: keeps the patch that is under way. */
struct kube_client {
	kube_answer_fn done; /* NULL: none is under way */
	void *done_ctx;
	struct kube_node_patch patch;
	size_t sent;
};

int kube_node_patch_send(struct kube_client *client, const char *node_name,
                         const char *annotation_prefix, const struct kube_node_patch *patch,
                         kube_answer_fn done, void *ctx, struct error *err)
{
	(void)err;
	assert_string_equal(node_name, "kubworker1");
	assert_string_equal(annotation_prefix, "prefix");
	assert_null(client->done);
	client->done = done;
	client->done_ctx = ctx;
	client->patch = *patch;
	client->sent++;
	return 0;
}

struct fixture {
	uv_loop_t loop;
	struct log log;
	struct kube_client client;
	struct own_node own;
	struct node_status *status;
	struct ip_addr public_ip[IP_FAMILIES];
};

static int set_up(void **state)
{
	static struct fixture f;
	struct error err;

	memset(&f, 0, sizeof(f));
	uv_loop_init(&f.loop);
	f.own.known = true;
	f.public_ip[IP_V4] = make_ip("192.168.2.44");
	const struct node_status_config config = {
		.loop = &f.loop,
		.client = &f.client,
		.log = &f.log,
		.node_name = "kubworker1",
		.annotation_prefix = "prefix",
		.set_condition = true,
	};
	*state = &f;
	return node_status_new(&config, &f.status, &err);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	node_status_close(f->status);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	own_node_forget(&f->own);
	return uv_loop_close(&f->loop);
}

static void set(struct fixture *f, bool ready)
{
	node_status_set(f->status, &f->own, f->public_ip, ready);
}

static void answer(struct fixture *f, int result)
{
	kube_answer_fn done = f->client.done;
	const struct kube_answer said = {
		.result = result,
		.err = {.code = -result, .text = "the API server said no"},
	};

	assert_non_null(done);
	f->client.done = NULL;
	done(f->client.done_ctx, &said);
}

static void run_timers(struct fixture *f)
{
	uv_run(&f->loop, UV_RUN_DEFAULT); /* until none is left */
}

static void test_annotations_then_condition(void **state)
{
	struct fixture *f = *state;

	set(f, false);
	assert_string_equal(f->client.patch.annotations[NODE_ANNOTATION_PUBLIC_IP], "192.168.2.44");
	assert_false(f->client.patch.network_available);
	set(f, true); /* while the first is under way */
	assert_int_equal(f->client.sent, 1);
	answer(f, 0);
	assert_int_equal(f->client.sent, 2);
	assert_true(f->client.patch.network_available);
	assert_null(f->client.patch.annotations[NODE_ANNOTATION_PUBLIC_IP]);
	answer(f, 0);
	set(f, true);
	assert_int_equal(f->client.sent, 2);
}

static void test_failure_is_tried_again_with_backoff(void **state)
{
	struct fixture *f = *state;

	set(f, false);
	answer(f, -EIO);
	set(f, false); /* events meanwhile do not shorten the wait */
	assert_int_equal(f->client.sent, 1);
	run_timers(f);
	assert_int_equal(f->client.sent, 2);
	answer(f, 0);
}

/* What one API server refuses to all nodes, they try again each in its own time. */
static void test_nodes_do_not_come_back_together(void **state)
{
	struct fixture *f = *state;
	int least = INT_MAX, most = 0;

	for (size_t i = 0; i < 50; i++) {
		int wait;

		set(f, false);
		answer(f, -EIO);
		uv_run(&f->loop, UV_RUN_NOWAIT);
		wait = uv_backend_timeout(&f->loop);
		least = wait < least ? wait : least;
		most = wait > most ? wait : most;
		assert_int_equal(tear_down(state), 0);
		assert_int_equal(set_up(state), 0);
	}
	assert_true(least > 0);
	assert_true(most - least > 100);
}

/* The Node was gone when the retry was due: nothing to send then, but when it is back. */
static void test_node_deleted_during_backoff(void **state)
{
	struct fixture *f = *state;

	set(f, false);
	answer(f, -EIO);
	own_node_forget(&f->own);
	run_timers(f);
	assert_int_equal(f->client.sent, 1);
	f->own.known = true;
	set(f, false);
	assert_int_equal(f->client.sent, 2);
	answer(f, 0);
}

/* The failed patch had been applied after all; what vanishes later is patched again. */
static void test_failed_patch_was_applied(void **state)
{
	struct fixture *f = *state;

	set(f, false);
	assert_int_equal(own_node_patched(&f->own, &f->client.patch), 0);
	answer(f, -EIO);
	run_timers(f);
	assert_int_equal(f->client.sent, 1);
	own_node_forget(&f->own);
	f->own.known = true;
	set(f, false);
	assert_int_equal(f->client.sent, 2);
	answer(f, 0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_annotations_then_condition),
		CASE(test_failure_is_tried_again_with_backoff),
		CASE(test_nodes_do_not_come_back_together),
		CASE(test_node_deleted_during_backoff),
		CASE(test_failed_patch_was_applied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
