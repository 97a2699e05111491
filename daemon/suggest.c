/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "suggest.h"

#include <stdint.h>
#include <string.h>

/* Longer words are no misspelt flag. */
#define WORD_MAX 40

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment: Levenshtein's distance with swapped neighbours as one mistake. */
static size_t edit_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t rows[3][WORD_MAX + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b_length; j++)
		above[j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		size_t *spare = before;

		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			row[j] = least(above[j - 1] + (a[i - 1] != b[j - 1]),
			               least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], before[j - 2] + 1);
		}
		before = above;
		above = row;
		row = spare;
	}
	return above[b_length];
}

void suggest_consider(struct suggestion *suggestion, const char *candidate)
{
	size_t length = strlen(candidate), distance;

	if (length > WORD_MAX || suggestion->length > WORD_MAX)
		return;
	distance = edit_distance(suggestion->word, suggestion->length, candidate, length);
	/* With more than a third of the letters wrong it is another word. */
	if (distance > length / 3 || (suggestion->best && distance >= suggestion->distance))
		return;
	suggestion->best = candidate;
	suggestion->distance = distance;
}
