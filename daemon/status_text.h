/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The status for people: a table of all nodes, or all about one. It is the daemon that prints it,
 * which has the facts at hand: through JSON, a table of thousands takes several times as long.
 */
#ifndef DAEMON_STATUS_TEXT_H
#define DAEMON_STATUS_TEXT_H

#include "status_facts.h"

struct status_style {
	unsigned width; /* of a line; 0: as long as it takes */
	bool colour;
};

/* malloc(3)'s; NULL: no memory. What came from a Node's author is made visible in it. */
char *status_text_render(const struct status_facts *facts, const struct status_verdict *verdict,
                         const struct status_style *style, size_t *length);

/* On the asking side, as whoever answers there need not be the daemon: what would steer a terminal,
 * but for the colours above, becomes question marks. */
void status_text_make_harmless(char *text, size_t length);

#endif
