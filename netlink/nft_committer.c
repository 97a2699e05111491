/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nft_committer.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <string.h>

#include "attributes.h"

/* A process names itself as it likes (prctl(2), PR_SET_NAME), and the name goes into the log. */
static bool is_printable(const char *name)
{
	for (; *name; name++)
		if (!isprint((unsigned char)*name))
			return false;
	return true;
}

void nft_committer_read(const struct nlmsghdr *message, struct nft_committer *out)
{
	const struct nlattr *table[NFTA_GEN_MAX + 1];
	const char *name;

	memset(out, 0, sizeof(*out));
	if (!nl_message_attributes(message, sizeof(struct nfgenmsg), table, NFTA_GEN_MAX))
		return;
	if (nl_attribute_u32(table[NFTA_GEN_PROC_PID], &out->pid))
		out->pid = ntohl(out->pid);
	name = nl_attribute_text(table[NFTA_GEN_PROC_NAME]);
	if (name && is_printable(name))
		snprintf(out->name, sizeof(out->name), "%s", name);
}
