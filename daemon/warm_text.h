/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of a warm state file: lines of words, the last one a checksum of all
 * before it. Pure.
 *
 *	hostgwd warm state 1
 *	identity 93c1...           whose state it is
 *	written 1708439484         seconds since 1970
 *	version 4711               resourceVersion up to which the rest is complete
 *	own available              this host's Node, "-" without the condition; left out if unknown
 *	annotation public-ip 192.168.2.44
 *	node kubworker1 1708439000 - 10.1.0.0/24 192.168.2.44 -
 *	checksum 8d2f...
 *
 * In a word blanks, control characters and "%" are written %XX; "%" alone is the empty word.
 */
#ifndef DAEMON_WARM_TEXT_H
#define DAEMON_WARM_TEXT_H

#include "node_table.h"
#include "own_node.h"

/* What is written. */
struct warm_facts {
	uint64_t identity;
	int64_t written;
	const char *resource_version;
	const struct node_table *nodes;
	const struct own_node *own;
};

/* What was read; owned. */
struct warm_memory {
	int64_t written;
	char *resource_version;
	struct node_table *nodes;
	struct own_node own;
};

/* *text is the caller's to free. */
int warm_text_print(const struct warm_facts *facts, char **text, struct error *err);

/* A hash of what a printed text says of nodes: without its time and its version. */
uint64_t warm_text_content(const char *text);

/*
 * `text` is NUL-terminated and is taken apart. -EINVAL: damaged, or of another version of this
 * program; -EXDEV: of another identity; `err` says which, *out holds nothing then.
 */
int warm_text_parse(char *text, size_t length, uint64_t identity, struct warm_memory *out,
                    struct error *err);
void warm_memory_free(struct warm_memory *memory);

#endif
