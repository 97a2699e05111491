/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes a ruleset as one nf_tables batch. No I/O. Internal to netlink/.
 */
#ifndef NETLINK_MASQUERADE_ENCODE_H
#define NETLINK_MASQUERADE_ENCODE_H

#include "masquerade_rules.h"
#include "nft_batch.h"

/*
 * Fills *batch with what replaces the table by the ruleset, or deletes it where the ruleset has no
 * chains (the kernel says -ENOENT if there is none). 0 or -ENOMEM.
 */
int masquerade_encode(struct nft_batch *batch, const struct masquerade_ruleset *ruleset);

#endif
