/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A network namespace without a name for one test program: it goes with the
 * process, whatever happens. Tests run one after another in it.
 */
#ifndef INTEGRATION_SANDBOX_H
#define INTEGRATION_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hostgw/nexthop.h"
#include "hostgw/route.h"

/* Enters a fresh namespace with lo up. False: not root, or the kernel refuses; said on stderr. The
 * program then fails: a test that was not run must not look like one that passed. */
bool sandbox_enter(void);

/* Adds hgt0 (192.168.2.44/24, fd00:2::44/64) and its peer hgt1, both up. Index of hgt0. */
int sandbox_add_link(void);

/* Runs a shell command; the test fails unless it succeeds. */
__attribute__((format(printf, 1, 2))) void sandbox_run(const char *format, ...);

/* Its output, NUL-terminated; fails like sandbox_run, also if the output does not fit. */
void sandbox_capture(const char *command, char *output, size_t size);

/* cmocka's before and after a test of rules: *state is its struct nft; no rule stays. */
int sandbox_set_up_nft(void **state);
int sandbox_tear_down_nft(void **state);

/* Values from text; a mistake in the text fails the test. NULL gives none. */
struct ip_addr sandbox_ip(const char *text);
struct prefix sandbox_prefix(const char *text);

/* A unicast route of protocol hostgw in table main with the family's usual metric. */
struct route sandbox_route(const char *dst, const char *via, int oif);

/* 10.(64 + i / 256).(i % 256).0/24: as many destinations as a test needs. */
struct route sandbox_numbered_route(size_t number, const char *via, int oif);

/* A nexthop object of protocol hostgw. */
struct nexthop sandbox_nexthop(uint32_t id, const char *via, int oif);

#endif
