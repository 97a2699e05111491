/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "filter_decode.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "filter_attribute.h"
#include "filter_expr.h"

/* libnftnl's NFTNL_UDATA_RULE_COMMENT: what nft and hostgwd keep beside the rule. */
#define USERDATA_COMMENT 0

static bool is_message(const struct nlmsghdr *message, uint16_t type)
{
	return message->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | type);
}

/* The attributes behind nfgenmsg, whose family goes into *place. */
static bool read_header(const struct nlmsghdr *message, struct filter_place *place,
                        const struct nlattr **table, uint16_t max)
{
	const struct nfgenmsg *header = mnl_nlmsg_get_payload(message);

	if (!nl_message_attributes(message, sizeof(*header), table, max))
		return false;
	place->family = header->nfgen_family;
	return true;
}

/* A row of type (1 byte), length (1 byte) and value each. */
static void read_userdata(const struct nlattr *attribute, char comment[FILTER_COMMENT_MAX])
{
	const uint8_t *bytes = attribute ? mnl_attr_get_payload(attribute) : NULL;
	size_t left = attribute ? mnl_attr_get_payload_len(attribute) : 0;

	while (left >= 2 && bytes[1] <= left - 2) {
		size_t length = bytes[1];

		if (bytes[0] == USERDATA_COMMENT && memchr(bytes + 2, '\0', length))
			snprintf(comment, FILTER_COMMENT_MAX, "%s", (const char *)bytes + 2);
		bytes += 2 + length;
		left -= 2 + length;
	}
}

int filter_rule_decode(const struct nlmsghdr *message, struct filter_place *place,
                       struct filter_rule *out)
{
	const struct nlattr *table[NFTA_RULE_MAX + 1];

	if (!is_message(message, NFT_MSG_NEWRULE))
		return 0;
	*out = (struct filter_rule){0};
	if (!read_header(message, place, table, NFTA_RULE_MAX) ||
	    !filter_attribute_name(table[NFTA_RULE_TABLE], place->table) ||
	    !filter_attribute_name(table[NFTA_RULE_CHAIN], place->chain) ||
	    !table[NFTA_RULE_HANDLE] ||
	    mnl_attr_get_payload_len(table[NFTA_RULE_HANDLE]) != sizeof(out->handle))
		return -EBADMSG;
	out->handle = be64toh(mnl_attr_get_u64(table[NFTA_RULE_HANDLE]));
	filter_expressions_read(table[NFTA_RULE_EXPRESSIONS], place->family, out);
	read_userdata(table[NFTA_RULE_USERDATA], out->comment);
	return 1;
}

static bool read_hook(const struct nlattr *attribute, bool *forward)
{
	const struct nlattr *table[NFTA_HOOK_MAX + 1];
	uint32_t hook;

	if (!attribute)
		return true;
	if (!nl_nested_attributes(attribute, table, NFTA_HOOK_MAX) ||
	    !filter_attribute_u32(table[NFTA_HOOK_HOOKNUM], &hook))
		return false;
	*forward = hook == NF_INET_FORWARD;
	return true;
}

int filter_chain_decode(const struct nlmsghdr *message, struct filter_chain_info *out)
{
	const struct nlattr *table[NFTA_CHAIN_MAX + 1];
	uint32_t policy = NF_ACCEPT;

	if (!is_message(message, NFT_MSG_NEWCHAIN))
		return 0;
	*out = (struct filter_chain_info){0};
	if (!read_header(message, &out->place, table, NFTA_CHAIN_MAX) ||
	    !filter_attribute_name(table[NFTA_CHAIN_TABLE], out->place.table) ||
	    !filter_attribute_name(table[NFTA_CHAIN_NAME], out->place.chain) ||
	    (table[NFTA_CHAIN_POLICY] &&
	     !filter_attribute_u32(table[NFTA_CHAIN_POLICY], &policy)) ||
	    (table[NFTA_CHAIN_USE] && !filter_attribute_u32(table[NFTA_CHAIN_USE], &out->use)) ||
	    !read_hook(table[NFTA_CHAIN_HOOK], &out->forward))
		return -EBADMSG;
	out->dropping = policy == NF_DROP;
	return 1;
}

int filter_table_decode(const struct nlmsghdr *message, bool *dormant)
{
	const struct nlattr *table[NFTA_TABLE_MAX + 1];
	struct filter_place place;
	uint32_t flags = 0;

	if (!is_message(message, NFT_MSG_NEWTABLE))
		return 0;
	if (!read_header(message, &place, table, NFTA_TABLE_MAX) ||
	    (table[NFTA_TABLE_FLAGS] && !filter_attribute_u32(table[NFTA_TABLE_FLAGS], &flags)))
		return -EBADMSG;
	*dormant = flags & NFT_TABLE_F_DORMANT;
	return 1;
}
