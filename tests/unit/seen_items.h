/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs JSON through an item stream, in pieces, and writes down all that it tells, a line
 * each; and what cJSON, which reads the same text as a whole, makes of it.
 */
#ifndef TESTS_UNIT_SEEN_ITEMS_H
#define TESTS_UNIT_SEEN_ITEMS_H

#include <cjson/cJSON.h>

#include "k8s/item_stream.h"
#include "seen_events.h"

/* The last line is "whole", or "failed" with the cause. */
void seen_items_run(struct text *seen, const struct item_stream_options *options, const char *text,
                    size_t length, struct pieces pieces);

/* A copy of `value` with the members alone that the projection names, NULL: all; what an item
 * stream must keep if cJSON wrote the text. */
cJSON *seen_items_reduce(const cJSON *value, const struct projection *members);

#endif
