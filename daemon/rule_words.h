/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the log says of the nftables rules. */
#ifndef DAEMON_RULE_WORDS_H
#define DAEMON_RULE_WORDS_H

#include "hostgw/masquerade.h"
#include "hostgw/nft_monitor.h"
#include "log.h"

void rule_words_install(const struct log *log, const struct masquerade_report *report,
                        bool forward_changed);
/* `by`: whose transaction came last; zeros: not known. */
void rule_words_repair(const struct log *log, const struct masquerade_report *report,
                       bool forward_changed, const struct nft_committer *by);
/* `in_table`: it is about table inet hostgw, else about FORWARD. */
void rule_words_fight(const struct log *log, bool in_table, const struct nft_committer *by);

#endif
