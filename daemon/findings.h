/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `hostgwd check` found: how bad it is, where, what, and what to do about it.
 */
#ifndef DAEMON_FINDINGS_H
#define DAEMON_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "hostgw/error.h"

enum finding_severity {
	FINDING_ERROR,   /* pods will not reach each other */
	FINDING_WARNING, /* ... some of them, or not always */
	FINDING_NOTE,    /* good to know */
	FINDING_OK,
	FINDING_SEVERITIES
};

struct finding {
	enum finding_severity severity;
	const char *check; /* a word, a constant */
	char where[256];   /* a file, a setting, an interface; "": all of the host */
	char what[ERROR_TEXT_MAX];
	char remedy[ERROR_TEXT_MAX]; /* "": there is nothing to do */
};

/* Zeros are an empty list. */
struct findings {
	const char *check; /* whose findings are added now */
	struct finding *items;
	size_t count, room;
	bool failed; /* no memory: some are missing */
};

void findings_free(struct findings *findings);

/* `remedy` is copied; "" for what needs none. */
__attribute__((format(printf, 5, 6))) void findings_add(struct findings *findings,
                                                        enum finding_severity severity,
                                                        const char *where, const char *remedy,
                                                        const char *what, ...);
/* An error as the daemon would log it, its remedy in the field for it. */
void findings_add_error(struct findings *findings, enum finding_severity severity,
                        const char *where, const struct error *err);

size_t findings_count(const struct findings *findings, enum finding_severity severity);
/* "error", "warning", "note", "ok". */
const char *finding_severity_word(enum finding_severity severity);
/* "where: what; remedy" into `err`, as a log line has it; `code` is its errno. */
void finding_describe(const struct finding *finding, int code, struct error *err);

/* The worst first, otherwise in the order in which they were added. */
void findings_sort(struct findings *findings);
/* One line a finding, then one with the counts. */
void findings_print_text(const struct findings *findings, FILE *to);
/* One object: the array findings, and summary. -ENOMEM: nothing was printed. */
int findings_print_json(const struct findings *findings, FILE *to, struct error *err);

#endif
