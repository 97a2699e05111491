/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images of what the kernel dumps. */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#include "attributes.h"
#include "masquerade_image.h"
#include "nft_rule_text.h"

/* nf_tables' numbers are in network order. */
static bool read_u32(const struct nlattr *attribute, uint32_t *out)
{
	if (!nl_attribute_u32(attribute, out))
		return false;
	if (attribute)
		*out = ntohl(*out);
	return true;
}

static bool is_ours(const struct nlattr *table_name)
{
	const char *name = nl_attribute_text(table_name);

	return name && strcmp(name, MASQUERADE_TABLE) == 0;
}

static struct image_chain *find_chain(struct masquerade_image *image, const char *name)
{
	for (enum masquerade_chain chain = 0; chain < MASQUERADE_CHAINS; chain++)
		if (strcmp(masquerade_chain_spec(chain)->name, name) == 0)
			return &image->chains[chain];
	return NULL;
}

static struct image_set *find_set(struct masquerade_image *image, const char *name,
                                  enum ip_family_index *family)
{
	for (*family = 0; *family < IP_FAMILIES; (*family)++)
		for (enum masquerade_set set = 0; set < MASQUERADE_SETS; set++)
			if (strcmp(masquerade_set_name(*family, set), name) == 0)
				return &image->sets[*family][set];
	return NULL;
}

static int take_table(struct masquerade_image *image, const struct nlmsghdr *message)
{
	const struct nlattr *table[NFTA_TABLE_MAX + 1];

	if (!nl_message_attributes(message, sizeof(struct nfgenmsg), table, NFTA_TABLE_MAX))
		return -EBADMSG;
	if (!is_ours(table[NFTA_TABLE_NAME]))
		return 0;
	image->there = true;
	image->flags = 0;
	return read_u32(table[NFTA_TABLE_FLAGS], &image->flags) ? 0 : -EBADMSG;
}

static bool read_hook(const struct nlattr *attribute, struct image_chain *chain)
{
	const struct nlattr *table[NFTA_HOOK_MAX + 1];
	uint32_t priority = 0;

	if (!nl_nested_attributes(attribute, table, NFTA_HOOK_MAX) ||
	    !read_u32(table[NFTA_HOOK_HOOKNUM], &chain->hook) ||
	    !read_u32(table[NFTA_HOOK_PRIORITY], &priority))
		return false;
	chain->priority = (int32_t)priority;
	return true;
}

static int take_chain(struct masquerade_image *image, const struct nlmsghdr *message)
{
	const struct nlattr *table[NFTA_CHAIN_MAX + 1];
	struct image_chain *chain;
	const char *name, *type;

	if (!nl_message_attributes(message, sizeof(struct nfgenmsg), table, NFTA_CHAIN_MAX))
		return -EBADMSG;
	if (!is_ours(table[NFTA_CHAIN_TABLE]))
		return 0;
	name = nl_attribute_text(table[NFTA_CHAIN_NAME]);
	type = nl_attribute_text(table[NFTA_CHAIN_TYPE]);
	if (!name)
		return -EBADMSG;
	chain = find_chain(image, name);
	if (!chain)
		return image_add_extra(image, name, false);
	chain->there = true;
	snprintf(chain->type, sizeof(chain->type), "%s", type ? type : "");
	return read_hook(table[NFTA_CHAIN_HOOK], chain) &&
	                       read_u32(table[NFTA_CHAIN_POLICY], &chain->policy)
	               ? 0
	               : -EBADMSG;
}

static int take_rule(struct masquerade_image *image, const struct nlmsghdr *message)
{
	const struct nlattr *table[NFTA_RULE_MAX + 1];
	char text[NFT_RULE_TEXT_MAX];
	struct image_chain *chain;
	const char *name;

	if (!nl_message_attributes(message, sizeof(struct nfgenmsg), table, NFTA_RULE_MAX))
		return -EBADMSG;
	name = nl_attribute_text(table[NFTA_RULE_CHAIN]);
	if (!is_ours(table[NFTA_RULE_TABLE]) || !name)
		return 0;
	chain = find_chain(image, name);
	if (!chain)
		return 0; /* it goes with its chain */
	/* One that cannot be read is none of ours: "" differs from all of them. */
	return image_add_rule(chain, nft_rule_print(message, text) ? text : "");
}

static int take_set(struct masquerade_image *image, const struct nlmsghdr *message)
{
	const struct nlattr *table[NFTA_SET_MAX + 1], *limits[NFTA_SET_DESC_MAX + 1];
	enum ip_family_index family;
	struct image_set *set;
	uint32_t flags = 0;
	const char *name;

	if (!nl_message_attributes(message, sizeof(struct nfgenmsg), table, NFTA_SET_MAX))
		return -EBADMSG;
	if (!is_ours(table[NFTA_SET_TABLE]))
		return 0;
	name = nl_attribute_text(table[NFTA_SET_NAME]);
	if (!name || !read_u32(table[NFTA_SET_FLAGS], &flags) ||
	    !nl_nested_attributes(table[NFTA_SET_DESC], limits, NFTA_SET_DESC_MAX))
		return -EBADMSG;
	if (flags & NFT_SET_ANONYMOUS)
		return 0; /* a part of a rule, with which it goes */
	set = find_set(image, name, &family);
	if (!set)
		return image_add_extra(image, name, true);
	set->there = true;
	set->flags = flags;
	return read_u32(table[NFTA_SET_KEY_TYPE], &set->key_type) &&
	                       read_u32(table[NFTA_SET_KEY_LEN], &set->key_length) &&
	                       read_u32(limits[NFTA_SET_DESC_SIZE], &set->size)
	               ? 0
	               : -EBADMSG;
}

static int take_element(struct image_set *set, enum ip_family_index family,
                        const struct nlattr *attribute)
{
	const struct nlattr *table[NFTA_SET_ELEM_MAX + 1], *key[NFTA_DATA_MAX + 1];
	size_t length = ip_bits(ip_family(family)) / 8U;
	struct image_element element = {0};
	uint32_t flags = 0;

	if (!nl_nested_attributes(attribute, table, NFTA_SET_ELEM_MAX) ||
	    !nl_nested_attributes(table[NFTA_SET_ELEM_KEY], key, NFTA_DATA_MAX) ||
	    !read_u32(table[NFTA_SET_ELEM_FLAGS], &flags))
		return -EBADMSG;
	element.end = flags == NFT_SET_ELEM_INTERVAL_END;
	element.other = true;
	if (key[NFTA_DATA_VALUE] && mnl_attr_get_payload_len(key[NFTA_DATA_VALUE]) == length) {
		memcpy(element.key, mnl_attr_get_payload(key[NFTA_DATA_VALUE]), length);
		element.other = (flags != 0 && !element.end) || table[NFTA_SET_ELEM_DATA] ||
		                table[NFTA_SET_ELEM_KEY_END] || table[NFTA_SET_ELEM_TIMEOUT] ||
		                table[NFTA_SET_ELEM_USERDATA];
	}
	return image_add_element(set, &element);
}

static int take_elements(struct masquerade_image *image, const struct nlmsghdr *message)
{
	const struct nlattr *table[NFTA_SET_ELEM_LIST_MAX + 1], *attribute;
	enum ip_family_index family;
	struct image_set *set;
	const char *name;
	int result = 0, left;

	if (!nl_message_attributes(message, sizeof(struct nfgenmsg), table, NFTA_SET_ELEM_LIST_MAX))
		return -EBADMSG;
	name = nl_attribute_text(table[NFTA_SET_ELEM_LIST_SET]);
	set = name && is_ours(table[NFTA_SET_ELEM_LIST_TABLE]) ? find_set(image, name, &family)
	                                                       : NULL;
	if (!set || !table[NFTA_SET_ELEM_LIST_ELEMENTS])
		return 0;
	attribute = mnl_attr_get_payload(table[NFTA_SET_ELEM_LIST_ELEMENTS]);
	left = (int)mnl_attr_get_payload_len(table[NFTA_SET_ELEM_LIST_ELEMENTS]);
	while (result == 0 && mnl_attr_ok(attribute, left)) {
		result = take_element(set, family, attribute);
		left -= (int)MNL_ALIGN(mnl_attr_get_len(attribute));
		attribute = mnl_attr_next(attribute);
	}
	return result;
}

static void note_generation(struct masquerade_image *image, const struct nfgenmsg *header)
{
	image->torn |= image->started && image->generation != header->res_id;
	image->generation = header->res_id;
	image->started = true;
}

int masquerade_image_take(struct masquerade_image *image, const struct nlmsghdr *message)
{
	const struct nfgenmsg *header = mnl_nlmsg_get_payload(message);

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*header))
		return -EBADMSG;
	if (message->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES ||
	    header->nfgen_family != NFPROTO_INET)
		return 0;
	note_generation(image, header);
	switch (message->nlmsg_type & 0xff) {
	case NFT_MSG_NEWTABLE:
		return take_table(image, message);
	case NFT_MSG_NEWCHAIN:
		return take_chain(image, message);
	case NFT_MSG_NEWRULE:
		return take_rule(image, message);
	case NFT_MSG_NEWSET:
		return take_set(image, message);
	case NFT_MSG_NEWSETELEM:
		return take_elements(image, message);
	default:
		return 0;
	}
}
