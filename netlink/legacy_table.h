/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * iptables-legacy's tables, which live beside nf_tables: read, never written. Internal to
 * netlink/.
 */
#ifndef NETLINK_LEGACY_TABLE_H
#define NETLINK_LEGACY_TABLE_H

#include "filter_judge.h"

#define LEGACY_HOOKS 5 /* NF_INET_NUMHOOKS */

struct legacy_chain {
	char name[FILTER_NAME_MAX]; /* "FORWARD", or as its user called it */
	uint32_t start;             /* where its first rule is among the entries */
	/* That of a built-in chain ends with one more rule, which is its policy. */
	struct filter_chain rules;
};

struct legacy_table {
	struct legacy_chain *chains; /* owned, with their rules */
	size_t count;
};

/* The file in which the kernel lists a family's tables in use: asking it for another one would make
 * that. */
const char *legacy_table_names(uint8_t family);

/* Is `table` ("filter", "nat") among the lines of the file? 1, 0, or a negative errno; a file
 * that is not there is one without tables. */
int legacy_table_is_used(const char *names, const char *table, struct error *err);

/* Reads one that is in use. legacy_table_release is due after a failure too. */
int legacy_table_read(uint8_t family, const char *table, struct legacy_table *out,
                      struct error *err);

/*
 * The same from the kernel's bytes (struct ipt_entry, ip6t_entry): `hooks` holds the offset of each
 * built-in chain's first rule, UINT32_MAX where the table has none. 0, -EBADMSG or -ENOMEM.
 */
int legacy_table_parse(uint8_t family, const void *entries, size_t size,
                       const uint32_t hooks[LEGACY_HOOKS], struct legacy_table *out);

void legacy_table_release(struct legacy_table *table);

/* NULL: there is none of that name. */
const struct legacy_chain *legacy_table_find(const struct legacy_table *table, const char *chain);

/* For filter_judge: finds the chains that a rule of the table jumps to. */
struct filter_source legacy_table_source(const struct legacy_table *table);

#endif
