/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is shut down when there are too many, or when somebody stays too long. */
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "daemon/http_clients.h"

#define PAIRS 5

struct pairs {
	struct http_clients clients;
	int ours[PAIRS], theirs[PAIRS];
};

static int set_up(void **state)
{
	static struct pairs pairs;

	pairs = (struct pairs){0};
	for (int i = 0; i < PAIRS; i++) {
		int both[2];

		if (socketpair(AF_UNIX, SOCK_STREAM, 0, both) < 0)
			return -1;
		pairs.ours[i] = both[0];
		pairs.theirs[i] = both[1];
	}
	*state = &pairs;
	return 0;
}

static int tear_down(void **state)
{
	const struct pairs *pairs = *state;

	for (int i = 0; i < PAIRS; i++) {
		close(pairs->ours[i]);
		close(pairs->theirs[i]);
	}
	return 0;
}

/* The other end hears of the end. */
static bool was_sent_away(const struct pairs *pairs, int i)
{
	char byte;

	return recv(pairs->theirs[i], &byte, 1, MSG_DONTWAIT) == 0;
}

static void test_the_oldest_makes_room(void **state)
{
	struct pairs *pairs = *state;

	for (int i = 0; i < 4; i++)
		http_clients_add(&pairs->clients, pairs->ours[i], (uint64_t)i, 3);
	assert_true(was_sent_away(pairs, 0));
	for (int i = 1; i < 4; i++)
		assert_false(was_sent_away(pairs, i));
	/* It has a place until the library lets it go, and is not sent away twice for that. */
	http_clients_add(&pairs->clients, pairs->ours[4], 4, 3);
	assert_true(was_sent_away(pairs, 1));
	assert_false(was_sent_away(pairs, 2));
	assert_int_equal(pairs->clients.count, 5);
	http_clients_remove(&pairs->clients, pairs->ours[0]);
	http_clients_remove(&pairs->clients, pairs->ours[1]);
	assert_int_equal(pairs->clients.count, 3);
}

static void test_who_left_makes_room(void **state)
{
	struct pairs *pairs = *state;

	for (int i = 0; i < 3; i++)
		http_clients_add(&pairs->clients, pairs->ours[i], 0, 3);
	http_clients_remove(&pairs->clients, pairs->ours[1]);
	http_clients_remove(&pairs->clients, 12345); /* not known: nothing happens */
	http_clients_add(&pairs->clients, pairs->ours[3], 0, 3);
	for (int i = 0; i < 4; i++)
		assert_false(was_sent_away(pairs, i));
}

static void test_nobody_stays_for_ever(void **state)
{
	struct pairs *pairs = *state;

	http_clients_add(&pairs->clients, pairs->ours[0], 100, 3);
	http_clients_add(&pairs->clients, pairs->ours[1], 600, 3);
	http_clients_expire(&pairs->clients, 1099, 1000);
	assert_false(was_sent_away(pairs, 0));
	http_clients_expire(&pairs->clients, 1100, 1000);
	assert_true(was_sent_away(pairs, 0));
	assert_false(was_sent_away(pairs, 1));
}

static void test_no_room_at_all(void **state)
{
	struct pairs *pairs = *state;

	pairs->clients.count = HTTP_CLIENTS_MAX;
	http_clients_add(&pairs->clients, pairs->ours[0], 0, 3);
	assert_true(was_sent_away(pairs, 0));
	assert_int_equal(pairs->clients.count, HTTP_CLIENTS_MAX);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_the_oldest_makes_room),
		CASE(test_who_left_makes_room),
		CASE(test_nobody_stays_for_ever),
		CASE(test_no_room_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
