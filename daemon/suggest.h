/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What somebody who misspelt a word may have meant: the known word that takes the fewest
 * letters added, left out, changed or swapped with their neighbour.
 */
#ifndef DAEMON_SUGGEST_H
#define DAEMON_SUGGEST_H

#include <stddef.h>

struct suggestion {
	const char *word; /* borrowed; `length` bytes of it count */
	size_t length;
	const char *best; /* NULL: none is near enough */
	size_t distance;  /* of `best` */
};

/* Takes `candidate` (borrowed) if it is near to the word and nearer than the best so far; begin
 * with the two first fields set. */
void suggest_consider(struct suggestion *suggestion, const char *candidate);

#endif
