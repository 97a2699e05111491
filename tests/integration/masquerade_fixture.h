/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of the nftables table share: rules, and the table as nft prints it. */
#ifndef INTEGRATION_MASQUERADE_FIXTURE_H
#define INTEGRATION_MASQUERADE_FIXTURE_H

#include "hostgw/masquerade.h"

#define LIST     "nft list table inet hostgw"
#define TEXT_MAX 32768

/* Both families, masquerade and forward. */
struct masquerade_rules fixture_rules(const struct prefix *nonmasquerade, size_t count);

/* Applies them; *report may be NULL. Fails the test if that fails. Tells whether the table was
 * changed. */
bool fixture_apply(struct nft *nft, const struct masquerade_rules *rules,
                   struct masquerade_report *report);

/* The table is listed as golden/NAME.nft has it, but for what counters count, and for the order of
 * sets and chains, which the kernel lists in the order in which they came. */
void fixture_assert_listed(const char *name);

#endif
