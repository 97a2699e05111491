/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a round makes of nodes is kept with the time, told once, and put into later plans. */
#include <string.h>

#include "daemon/node_states.h"
#include "plan_fixture.h"

struct told {
	enum claim_state verdict; /* on every claim that is routed */
	unsigned changes;
	enum claim_state former, latter; /* of the last change */
};

static enum claim_state judge(void *ctx, const struct claim *claim)
{
	assert_int_equal(claim->state, CLAIM_ROUTED);
	return ((struct told *)ctx)->verdict;
}

static void on_change(void *ctx, const struct claim *claim, enum claim_state former)
{
	struct told *told = ctx;

	told->changes++;
	told->former = former;
	told->latter = claim->state;
}

static void note(struct node_states *states, struct plan_fixture *f, int64_t now, struct told *told)
{
	plan_fixture_make(f);
	told->changes = 0;
	assert_int_equal(node_states_note(states, &f->plan, now, judge, on_change, told), 0);
}

static struct node_states *make_states(void)
{
	struct node_states *states;
	struct error err;

	assert_int_equal(node_states_new(&states, &err), 0);
	return states;
}

static void test_a_change_is_told_once_and_dated(void **state)
{
	struct plan_fixture *f = *state;
	struct node_states *states = make_states();
	struct told told = {.verdict = CLAIM_REFUSED};

	plan_fixture_add(f, OWN, 1, "10.1.0.0/24", "192.168.2.44");
	plan_fixture_add(f, "peer", 1, "10.1.4.0/24", "192.168.2.45");
	note(states, f, 100, &told);
	assert_int_equal(told.changes, 2);
	assert_int_equal(told.former, CLAIM_STATES);
	assert_int_equal(node_states_count(states, CLAIM_REFUSED), 1);
	assert_int_equal(node_states_count(states, CLAIM_OWN), 1);

	note(states, f, 200, &told);
	assert_int_equal(told.changes, 0);
	assert_int_equal(plan_fixture_claim(f, "peer")->since, 100);

	told.verdict = CLAIM_ROUTED;
	note(states, f, 300, &told);
	assert_int_equal(told.changes, 1);
	assert_int_equal(told.former, CLAIM_REFUSED);
	assert_int_equal(told.latter, CLAIM_ROUTED);
	assert_int_equal(node_states_count(states, CLAIM_REFUSED), 0);
	assert_int_equal(plan_fixture_claim(f, "peer")->since, 300);
	assert_int_equal(plan_fixture_claim(f, OWN)->since, 100);
	node_states_free(states);
}

/* A node that names the same pod CIDR twice is in conflict with itself, and not anew each round. */
static void test_twins_of_one_node(void **state)
{
	struct plan_fixture *f = *state;
	struct node_states *states = make_states();
	struct told told = {.verdict = CLAIM_ROUTED};
	const struct node_record record = {.name = "peer",
	                                   .pod_cidrs = {"10.1.4.0/24", "10.1.4.0/24"},
	                                   .pod_cidr_count = 2,
	                                   .addresses = {"192.168.2.45"},
	                                   .address_count = 1};

	plan_fixture_upsert(f, &record);
	note(states, f, 100, &told);
	assert_int_equal(told.changes, 2);
	note(states, f, 200, &told);
	assert_int_equal(told.changes, 0);
	node_states_free(states);
}

static void test_recalled_into_a_later_plan(void **state)
{
	struct plan_fixture *f = *state;
	struct node_states *states = make_states();
	struct told told = {.verdict = CLAIM_FOREIGN_ROUTE};

	plan_fixture_add(f, "moved", 1, "10.1.7.0/24", "192.168.9.9"); /* off-link */
	plan_fixture_add(f, "peer", 1, "10.1.4.0/24", "192.168.2.45");
	note(states, f, 100, &told);
	plan_fixture_add(f, "moved", 1, "10.1.7.0/24", "192.168.2.49");
	plan_fixture_add(f, "new", 1, "10.1.5.0/24", "192.168.2.46");
	plan_fixture_make(f);
	node_states_recall(states, &f->plan);
	assert_int_equal(plan_fixture_claim(f, "peer")->state, CLAIM_FOREIGN_ROUTE);
	assert_int_equal(plan_fixture_claim(f, "peer")->since, 100);
	assert_int_equal(plan_fixture_claim(f, "new")->state, CLAIM_PENDING);
	assert_int_equal(plan_fixture_claim(f, "new")->since, 0);
	assert_int_equal(plan_fixture_claim(f, "moved")->state, CLAIM_PENDING);
	node_states_free(states);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAN_CASE(test_a_change_is_told_once_and_dated),
		PLAN_CASE(test_twins_of_one_node),
		PLAN_CASE(test_recalled_into_a_later_plan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
