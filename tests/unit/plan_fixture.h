/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host that plans are made for in tests: that of the walk-through, with ens192
 * (192.168.2.44/24, fd00::44/64) to the other nodes and cni0 with the first address of the own pod
 * CIDR, in the networks 10.1.0.0/16 and fd00:1::/32. It knows no nodes yet.
 */
#ifndef TESTS_UNIT_PLAN_FIXTURE_H
#define TESTS_UNIT_PLAN_FIXTURE_H

#include "check.h"
#include "daemon/plan.h"

#define OWN "kubworker1"

struct plan_fixture {
	const void *row; /* what the test was registered with */
	struct node_table *nodes;
	struct link links[3];
	struct link_address addresses[4];
	struct link_snapshot snapshot;
	struct uplink uplink;
	struct net_conf conf;
	struct plan_input input;
	struct plan plan;
};

/* For cmocka: *state becomes the fixture, made anew. */
int plan_fixture_set_up(void **state);
int plan_fixture_tear_down(void **state);

#define PLAN_CASE(test) \
	cmocka_unit_test_setup_teardown(test, plan_fixture_set_up, plan_fixture_tear_down)

struct link_address plan_fixture_address(int index, const char *address, uint8_t length);

/* Enters or changes a node; NULL: it has no pod CIDR, no address. */
void plan_fixture_add(struct plan_fixture *f, const char *name, int64_t created, const char *cidr,
                      const char *address);
void plan_fixture_upsert(struct plan_fixture *f, const struct node_record *record);

/* Makes f->plan of what is known now. */
void plan_fixture_make(struct plan_fixture *f);

/* The first claim of a node; the test fails if there is none. */
const struct claim *plan_fixture_claim(const struct plan_fixture *f, const char *name);

#endif
