/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes a repair as one nf_tables batch. No I/O. Internal to netlink/.
 */
#ifndef NETLINK_MASQUERADE_ENCODE_H
#define NETLINK_MASQUERADE_ENCODE_H

#include "masquerade_repair.h"
#include "nft_batch.h"

/*
 * Adds to *batch what the repair calls for, so that the table is as the ruleset says. `extras` are
 * the strangers in the table, which go. 0 or -ENOMEM.
 */
int masquerade_encode(struct nft_batch *batch, const struct masquerade_repair *repair,
                      const struct masquerade_ruleset *ruleset, const struct image_extra *extras,
                      size_t extra_count);

#endif
