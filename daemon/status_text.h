/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon answered, for people: a table of all nodes, or all about one. Pure but for the
 * stream. Everything in the answer may come from a Node's author: it is made visible.
 */
#ifndef DAEMON_STATUS_TEXT_H
#define DAEMON_STATUS_TEXT_H

#include <stdbool.h>
#include <stdio.h>

#include "hostgw/error.h"

struct status_style {
	unsigned width; /* of a line; 0: as long as it takes */
	bool colour;
};

/* `json` is the answer (status_json.h). *well: nothing is wrong. -EPROTO: it is no such answer;
 * nothing was printed. */
int status_text_print(const char *json, size_t length, const struct status_style *style, FILE *to,
                      bool *well, struct error *err);
/* All about the nodes in it, which are one. */
int status_text_explain(const char *json, size_t length, const struct status_style *style, FILE *to,
                        bool *well, struct error *err);
/* Only whether nothing is wrong. */
int status_text_judge(const char *json, size_t length, bool *well, struct error *err);

#endif
