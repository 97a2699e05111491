/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long to wait before the next try: from 0.8 s doubling to 30 s, with jitter,
 * so that the nodes of a cluster do not come all at once.
 */
#ifndef HOSTGW_K8S_BACKOFF_H
#define HOSTGW_K8S_BACKOFF_H

struct backoff {
	unsigned next_ms; /* 0: the first wait comes next */
};

/* Milliseconds to wait now; the next wait is twice as long. */
unsigned backoff_next(struct backoff *backoff);

void backoff_reset(struct backoff *backoff);

/* A random number, both ends included. */
unsigned backoff_random(unsigned low, unsigned high);

#endif
