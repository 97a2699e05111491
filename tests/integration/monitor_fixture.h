/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A monitor in the sandbox that writes down what it tells, and two rtnl: the daemon's own and one
 * that stands for another program.
 */
#ifndef INTEGRATION_MONITOR_FIXTURE_H
#define INTEGRATION_MONITOR_FIXTURE_H

#include "hostgw/monitor.h"

#define HEARD_MAX 64

/* The networks that are watched; neither ends with a byte. */
#define WATCHED_IPV4 "10.0.0.0/9"
#define WATCHED_IPV6 "fd00::/20"

struct heard_route {
	struct route route;
	enum route_event event;
};

struct heard_nexthop {
	struct nexthop nexthop;
	bool deleted;
};

struct monitor_fixture {
	uv_loop_t loop;
	uv_timer_t deadline;
	bool late;
	struct rtnl *own;
	struct rtnl *other; /* stands for another program */
	struct rtnl_monitor *monitor;
	int link; /* hgt0 */
	/* Counts of all, and the first ones. */
	struct heard_route routes[HEARD_MAX];
	size_t route_count;
	struct heard_nexthop nexthops[HEARD_MAX];
	size_t nexthop_count;
	unsigned links_changed, losses, overruns;
	bool link_named;       /* hgt0 was among those that changed */
	struct prefix address; /* that was told of last; family 0: the link itself was */
	bool stop_at_first;
};

/* For cmocka. */
int monitor_fixture_set_up(void **state);
int monitor_fixture_tear_down(void **state);

/* Takes in all there is to hear, without the loop. */
void monitor_fixture_hear(struct monitor_fixture *fixture);
/* The same, to forget it. */
void monitor_fixture_forget(struct monitor_fixture *fixture);
/* Runs the loop until `done` says so. */
void monitor_fixture_run_until(struct monitor_fixture *fixture,
                               bool (*done)(const struct monitor_fixture *), const char *what);

/* The first such event heard; NULL: none. */
const struct heard_route *monitor_fixture_find(const struct monitor_fixture *fixture,
                                               const char *dst, enum route_event event);

/* Changes that must succeed. */
void monitor_fixture_change(struct rtnl *rtnl, enum route_verb verb, struct route route);
void monitor_fixture_change_nexthop(struct rtnl *rtnl, enum nexthop_verb verb,
                                    struct nexthop nexthop);

#endif
