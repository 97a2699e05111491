/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one list of flags. The parser, the help, the man page and the shells' completion read it and
 * nothing else, so that a flag added here is in all of them.
 */
#ifndef DAEMON_OPTION_TABLE_H
#define DAEMON_OPTION_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_kind {
	OPTION_BOOL,
	OPTION_NUMBER,
	OPTION_TEXT,
	OPTION_CHOICE,  /* one of few words; the field is the enum that counts them, from 1 on where
	                   there is no initial one: 0 is "not given" */
	OPTION_LIST,    /* each use adds one */
	OPTION_IGNORED, /* flannel's; takes a value, gets one note */
	OPTION_ETCD,    /* the same, of flannel's etcd mode: an error where no source is given */
};

struct option_spec {
	const char *group; /* heading of the help; NULL: as the one before */
	const char *name;
	const char *alias; /* underscore spelling that flannel's users know; or NULL */
	enum option_kind kind;
	bool own;         /* environment variable is HOSTGW_, not FLANNELD_ */
	uint32_t maximum; /* of a number */
	size_t offset;    /* in struct options; its type is the kind's */
	const char *initial;
	const char *value; /* what the help calls the value (FILE and DIR are completed as such); of
	                      a choice: its words, in order, with | between */
	const char *help;  /* one line, whatever its length */
};

#define OPTION_SPECS_MAX 64

extern const struct option_spec option_table[];
extern const size_t option_count;

/* NULL: there is none; `name` is `length` bytes long. */
const struct option_spec *option_find(const char *name, size_t length);

#define OPTION_VARIABLE_MAX 80

/* The environment variable that sets it; returns `name`. */
const char *option_variable(const struct option_spec *spec, char name[static OPTION_VARIABLE_MAX]);

/* True where not giving it means something that is worth telling: not "", not false. */
bool option_has_default(const struct option_spec *spec);

#endif
