/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes a plan for a chain FORWARD down. No I/O. Internal to netlink/.
 */
#ifndef NETLINK_FORWARD_ENCODE_H
#define NETLINK_FORWARD_ENCODE_H

#include "forward_plan.h"
#include "nft_batch.h"

/* The names that iptables-nft gives. */
#define FORWARD_TABLE "filter"
#define FORWARD_CHAIN "FORWARD"

/*
 * Adds the plan for the chain of `network`'s family (of AF_INET or AF_INET6 if it is unset) to the
 * batch: a prefix of more than a whole number of bytes, or less, is compared under a mask, as
 * iptables-nft does it, never looked up in a set, which iptables-save 1.8.9 leaves out.
 */
void forward_encode(struct nft_batch *batch, uint8_t family, const struct prefix *network,
                    const struct forward_plan *plan);

#endif
