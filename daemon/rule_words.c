/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rule_words.h"

#define WHO_MAX  64
#define WHAT_MAX 512

/* "process "nft" (pid 123)". */
static const char *name_committer(const struct nft_committer *by, char text[static WHO_MAX])
{
	if (by->pid == 0)
		return "somebody";
	snprintf(text, WHO_MAX, "process \"%s\" (pid %u)", by->name, by->pid);
	return text;
}

/* "its rules differed, the contents of a set differed". */
static const char *list_findings(const struct masquerade_report *report, char text[static WHAT_MAX])
{
	size_t used = 0;

	text[0] = '\0';
	for (enum masquerade_finding i = 0; i < MASQUERADE_FINDINGS; i++) {
		if (!report->found[i] || used >= WHAT_MAX)
			continue;
		used += (size_t)snprintf(text + used, WHAT_MAX - used, "%s%s", used > 0 ? ", " : "",
		                         masquerade_finding_text(i));
	}
	return text;
}

void rule_words_install(const struct log *log, const struct masquerade_report *report,
                        bool forward_changed)
{
	char what[WHAT_MAX];

	if (report->changed && report->found[MASQUERADE_TABLE_UNWANTED])
		log_info(log, "Removed nftables table inet %s", MASQUERADE_TABLE);
	else if (report->changed)
		log_info(log, "Installed nftables table inet %s (%s)", MASQUERADE_TABLE,
		         list_findings(report, what));
	if (forward_changed)
		log_info(log, "Pod traffic: changed our rules in FORWARD of iptables-nft");
}

void rule_words_repair(const struct log *log, const struct masquerade_report *report,
                       bool forward_changed, const struct nft_committer *by)
{
	char who[WHO_MAX], what[WHAT_MAX];

	if (report->changed)
		log_warning(
			log,
			"nftables table inet %s was changed by %s and is put right: %s; a program "
			"that loads rules is to flush its own tables alone, not the whole ruleset",
			MASQUERADE_TABLE, name_committer(by, who), list_findings(report, what));
	if (forward_changed)
		log_warning(
			log,
			"FORWARD of iptables-nft was changed by %s: our rules in it are "
			"put right; a program that loads rules is to leave those of others there "
			"(iptables-restore --noflush)",
			name_committer(by, who));
}

void rule_words_fight(const struct log *log, bool in_table, const struct nft_committer *by)
{
	char who[WHO_MAX];

	log_warning(
		log,
		"Another program fights over the nftables rules: %s keeps changing %s; ours are "
		"put back each time. Stop it: at such moments flows of pods leave with the "
		"pods' addresses",
		name_committer(by, who),
		in_table ? "table inet " MASQUERADE_TABLE : "FORWARD of iptables-nft");
}
