/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A host that is well, for the checks to look at: facts, and a folder that plays its root. A test
 * spoils what it is about.
 */
#ifndef TESTS_UNIT_CHECK_WORLD_H
#define TESTS_UNIT_CHECK_WORLD_H

#include "daemon/check.h"

struct check_world {
	struct check_facts facts;
	struct options options;
	struct net_conf conf;
	struct link links[4];
	struct link_snapshot snapshot;
	struct uplink uplink;
	struct findings findings; /* of the last look */
	char root[64];
};

/* For cmocka: *state is the world. */
int check_world_set_up(void **state);
int check_world_tear_down(void **state);

#define WORLD_CASE(test) \
	cmocka_unit_test_setup_teardown(test, check_world_set_up, check_world_tear_down)

/* A file below the root; `path` begins with a slash. */
void check_world_put(struct check_world *world, const char *path, const char *text);
/* One more interface. */
void check_world_add_link(struct check_world *world, int index, const char *name);

typedef void (*check_fn)(const struct check_facts *facts, struct findings *findings);

/* Looks, and fails unless there is a finding of that severity with that text in its line, and none
 * that is worse. */
void check_world_expect(struct check_world *world, check_fn look, enum finding_severity severity,
                        const char *text);
/* ... unless nothing is found. */
void check_world_expect_nothing(struct check_world *world, check_fn look);

#endif
