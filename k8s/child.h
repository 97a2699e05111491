/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs another program on the loop: without a shell, without capabilities, with nothing on its
 * standard input, and with limits to its time and its output.
 */
#ifndef HOSTGW_K8S_CHILD_H
#define HOSTGW_K8S_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "hostgw/error.h"

struct child;

struct child_result {
	bool timed_out;
	bool too_long; /* it wrote more than it may */
	int signal;    /* that ended it; 0: none */
	int code;      /* its exit code */
	const char *
		output; /* what it wrote to standard output, NUL behind it; borrowed, wiped later */
	size_t length;
	const char *last_line; /* of its standard error, printable; "": none; borrowed */
};

struct child_call {
	const char *program;      /* an absolute path */
	char *const *arguments;   /* behind the program's own name; NULL-terminated */
	char *const *environment; /* the whole of it, as environ(7); NULL-terminated */
	unsigned timeout_ms;      /* it and its own children are killed then */
	size_t output_max;        /* of standard output */
	void *ctx;
	void (*done)(void *ctx, const struct child_result *result); /* once, later */
};

/* The texts of `call` are needed during this function only. *out is valid until `done` or
 * child_cancel. */
int child_start(uv_loop_t *loop, const struct child_call *call, struct child **out,
                struct error *err);

/* Kills it; `done` does not come. Its handles close on later turns of the loop. NULL is fine. */
void child_cancel(struct child *child);

#endif
