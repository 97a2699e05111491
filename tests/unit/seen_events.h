/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs an answer's bytes through a node stream, in pieces, and writes down all that it
 * tells, a line each.
 */
#ifndef TESTS_UNIT_SEEN_EVENTS_H
#define TESTS_UNIT_SEEN_EVENTS_H

#include "k8s/node_stream.h"
#include "pieces.h"

#define JSON_TYPE     "application/json;stream=watch"
#define PROTOBUF_TYPE "application/vnd.kubernetes.protobuf;stream=watch"

/* The lines as a stream would cause them. */
void seen_record(struct text *seen, const struct node_record *record);
void seen_line(struct text *seen, const char *what, const char *text);

/* The last line is "whole", or "failed" with the cause. */
void seen_run(struct text *seen, enum node_stream_kind kind, const char *content_type,
              const struct node_keys *keys, const struct text *answer, struct pieces pieces,
              struct kube_watch_stats *stats);

#endif
