/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long to wait before the API server is asked again: twice as long each time, with jitter, so
 * that the nodes of a cluster do not come all at once. Whoever asks keeps one of these for each
 * thing that it asks for. Implemented in k8s/backoff.c.
 */
#ifndef HOSTGW_BACKOFF_H
#define HOSTGW_BACKOFF_H

/* All zeros are a good beginning. */
struct backoff {
	unsigned first_ms, last_ms; /* the first wait and the longest; 0: 0.8 s and 30 s */
	unsigned next_ms;           /* 0: the first wait comes next */
};

/* Milliseconds to wait now, a fifth more or less; the next wait is twice as long. */
unsigned backoff_next(struct backoff *backoff);

/* The same, but not before the server wants to be asked: Retry-After in seconds, 0 for none. What
 * it told all nodes alike is spread as well. */
unsigned backoff_next_after(struct backoff *backoff, unsigned retry_after);

/* All went well: the next wait is the first one. */
void backoff_reset(struct backoff *backoff);

/* A random number, both ends included. */
unsigned backoff_random(unsigned low, unsigned high);

#endif
