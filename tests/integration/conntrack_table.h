/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A test's own hand on the connection tracking table of its namespace. Whatever the kernel refuses
 * fails the test.
 */
#ifndef INTEGRATION_CONNTRACK_TABLE_H
#define INTEGRATION_CONNTRACK_TABLE_H

#include <stddef.h>

#include "netlink/conntrack_codec.h"
#include "netlink/socket.h"
#include "tests/unit/made_flow.h"

/* Enters `count` flows; `make` fills in each of them (zeroed before). */
void table_enter(struct nl_socket *nl, void (*make)(const void *ctx, size_t i, struct made_flow *),
                 const void *ctx, size_t count);

size_t table_count(struct nl_socket *nl);
void table_empty(struct nl_socket *nl);

/* The only entry. */
struct conntrack_entry table_read_one(struct nl_socket *nl);
/* What the kernel says to its deletion: 0 or negative errno. */
int table_delete(struct nl_socket *nl, const struct conntrack_entry *entry);

#endif
