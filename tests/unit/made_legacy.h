/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries of an iptables-legacy table as the kernel would hand them out, for the readers of such
 * bytes.
 */
#ifndef UNIT_MADE_LEGACY_H
#define UNIT_MADE_LEGACY_H

#include <stddef.h>
#include <stdint.h>

#include "hostgw/prefix.h"

#define MADE_LEGACY_MAX 8192

struct made_legacy {
	uint8_t family;
	_Alignas(8) unsigned char bytes[MADE_LEGACY_MAX];
	size_t used;
};

struct made_legacy_rule {
	const char *source;  /* a prefix; NULL: any */
	const char *comment; /* NULL: none */
	const char *match;   /* a further match of that name; NULL: none */
	const char *target;  /* an extension's name; NULL: the verdict counts */
	int verdict;         /* an offset, or -NF_ACCEPT - 1 and the like */
	uint8_t flags, protocol;
	char interface; /* the only letter of the name of the one it comes in by; 0: any */
};

/* Appends it; the offset that it begins at. */
uint32_t made_legacy_add(struct made_legacy *table, const struct made_legacy_rule *rule);
/* The beginning of a user's chain; "ERROR" is the end of the table. Where its rules begin. */
uint32_t made_legacy_begin(struct made_legacy *table, const char *chain);

#endif
