/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "filter_rule.h"

#include <errno.h>
#include <stdlib.h>

enum filter_verdict filter_target_verdict(const char *name)
{
	/* iptables-extensions(8): those after which the next rule is asked. */
	static const char *const going_on[] = {
		"AUDIT", "CHECKSUM", "CLASSIFY",    "CONNMARK", "CONNSECMARK", "CT",
		"DSCP",  "ECN",      "HL",          "HMARK",    "IDLETIMER",   "LED",
		"LOG",   "MARK",     "NFLOG",       "NOTRACK",  "RATEEST",     "SECMARK",
		"SET",   "TCPMSS",   "TCPOPTSTRIP", "TEE",      "TOS",         "TRACE",
		"TTL",   "ULOG",
	};

	if (strcmp(name, "REJECT") == 0)
		return FILTER_DROP;
	for (size_t i = 0; i < sizeof(going_on) / sizeof(*going_on); i++)
		if (strcmp(name, going_on[i]) == 0)
			return FILTER_GOES_ON;
	return FILTER_OTHER;
}

int filter_chain_append(struct filter_chain *chain, const struct filter_rule *rule)
{
	if (chain->count == chain->room) {
		size_t room = chain->room ? chain->room * 2 : 8;
		struct filter_rule *rules = reallocarray(chain->rules, room, sizeof(*rules));

		if (!rules)
			return -ENOMEM;
		chain->rules = rules;
		chain->room = room;
	}
	chain->rules[chain->count] = *rule;
	if (rule->target) {
		chain->rules[chain->count].target = strdup(rule->target);
		if (!chain->rules[chain->count].target)
			return -ENOMEM;
	}
	chain->count++;
	return 0;
}

void filter_chain_clear(struct filter_chain *chain)
{
	for (size_t i = 0; i < chain->count; i++)
		free((void *)chain->rules[i].target);
	chain->count = 0;
}

void filter_chain_release(struct filter_chain *chain)
{
	filter_chain_clear(chain);
	free(chain->rules);
	*chain = (struct filter_chain){0};
}
