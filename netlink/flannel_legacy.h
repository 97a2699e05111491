/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What flannel left in a table of iptables-legacy, in words. Pure. Internal to netlink/.
 */
#ifndef NETLINK_FLANNEL_LEGACY_H
#define NETLINK_FLANNEL_LEGACY_H

#include "flannel_plan.h"
#include "legacy_table.h"

/* False: nothing is left there; else *out has one sentence with the commands. */
bool flannel_legacy_explain(const struct legacy_table *table, uint8_t family,
                            const struct flannel_place *place, struct error *out);

#endif
