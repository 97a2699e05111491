/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A text that grows up to a limit, always NUL-terminated once something was
 * appended. Plain data; zero-initialised is empty.
 */
#ifndef HOSTGW_K8S_TEXT_H
#define HOSTGW_K8S_TEXT_H

#include <stddef.h>

struct text {
	char *bytes; /* owned; NULL while nothing was appended */
	size_t length;
	size_t capacity;
};

/* 0, -EMSGSIZE if the text would become longer than `max`, or -ENOMEM; then it is unchanged. */
int text_append(struct text *text, const char *bytes, size_t length, size_t max);

/* Keeps the first `length` bytes of it, which are there. */
void text_cut(struct text *text, size_t length);

/* Control characters become blanks: a line of a log must stay one line, whoever wrote it. */
void text_flatten(char *line);

/* What the text held may have been a secret: it is overwritten first. */
void text_free(struct text *text);

#endif
