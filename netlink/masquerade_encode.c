/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "masquerade_encode.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "masquerade_expr.h"

/* 76 bytes each: far below NFT_MESSAGE_MAX. */
#define INTERVALS_A_MESSAGE 128

/* For the kernel's refusal of a nat chain or of masquerade. */
#define NEEDS_NAT "masquerading needs Linux 5.2 or newer with nft_chain_nat and nft_masq"

/* nft's own number, which it keeps in the kernel for its listing. */
enum { NFT_BYTEORDER_BIG_ENDIAN = 2 };

/* A table, made without any flags, or deleted. */
static int put_table(struct nft_batch *batch, uint16_t type)
{
	struct nftnl_table *table = nftnl_table_alloc();
	struct nlmsghdr *message = nft_batch_begin(batch, type, NFPROTO_INET, 0,
	                                           "table inet " MASQUERADE_TABLE);
	int result = -ENOMEM;

	if (table && message &&
	    nftnl_table_set_str(table, NFTNL_TABLE_NAME, MASQUERADE_TABLE) == 0) {
		nftnl_table_set_u32(table, NFTNL_TABLE_FLAGS, 0);
		nftnl_table_nlmsg_build_payload(message, table);
		nft_batch_finish(batch, message);
		result = 0;
	}
	if (table)
		nftnl_table_free(table);
	return result;
}

/* A request that says no more than the name of a chain or set: to delete or to empty it. */
static int put_name(struct nft_batch *batch, uint16_t type, uint16_t table_attribute,
                    uint16_t name_attribute, const char *kind, const char *name)
{
	struct nlmsghdr *message = nft_batch_begin(batch, type, NFPROTO_INET, 0, "%s %s", kind,
	                                           name);

	if (!message)
		return -ENOMEM;
	mnl_attr_put_strz(message, table_attribute, MASQUERADE_TABLE);
	mnl_attr_put_strz(message, name_attribute, name);
	nft_batch_finish(batch, message);
	return 0;
}

static int empty_chain(struct nft_batch *batch, const char *name)
{
	return put_name(batch, NFT_MSG_DELRULE, NFTA_RULE_TABLE, NFTA_RULE_CHAIN,
	                "all rules of chain", name);
}

static int delete_chain(struct nft_batch *batch, const char *name)
{
	return put_name(batch, NFT_MSG_DELCHAIN, NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME, "chain", name);
}

static int empty_set(struct nft_batch *batch, const char *name)
{
	return put_name(batch, NFT_MSG_DELSETELEM, NFTA_SET_ELEM_LIST_TABLE, NFTA_SET_ELEM_LIST_SET,
	                "all elements of set", name);
}

static int delete_set(struct nft_batch *batch, const char *name)
{
	return put_name(batch, NFT_MSG_DELSET, NFTA_SET_TABLE, NFTA_SET_NAME, "set", name);
}

/* Makes it, or sets the policy of one that is there. */
static int put_chain(struct nft_batch *batch, enum masquerade_chain which)
{
	const struct masquerade_chain_spec *spec = masquerade_chain_spec(which);
	struct nftnl_chain *chain = nftnl_chain_alloc();
	struct nlmsghdr *message = nft_batch_begin(batch, NFT_MSG_NEWCHAIN, NFPROTO_INET,
	                                           NLM_F_CREATE, "chain %s", spec->name);
	int result = -ENOMEM;

	if (which == MASQUERADE_POSTROUTING)
		nft_batch_needs(batch, NEEDS_NAT);
	if (chain && message &&
	    nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, MASQUERADE_TABLE) == 0 &&
	    nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, spec->name) == 0 &&
	    nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, spec->type) == 0) {
		nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, spec->hook);
		nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, spec->priority);
		nftnl_chain_set_u32(chain, NFTNL_CHAIN_POLICY, NF_ACCEPT);
		nftnl_chain_nlmsg_build_payload(message, chain);
		nft_batch_finish(batch, message);
		result = 0;
	}
	if (chain)
		nftnl_chain_free(chain);
	return result;
}

/* As nft does for its own sets: what it reads back here tells it how to print the keys. */
static bool set_byte_order(struct nftnl_set *set)
{
	struct nftnl_udata_buf *data = nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN);
	bool done;

	if (!data)
		return false;
	done = nftnl_udata_put_u32(data, NFTNL_UDATA_SET_KEYBYTEORDER, NFT_BYTEORDER_BIG_ENDIAN) &&
	       nftnl_set_set_data(set, NFTNL_SET_USERDATA, nftnl_udata_buf_data(data),
	                          nftnl_udata_buf_len(data)) == 0;
	nftnl_udata_buf_free(data);
	return done;
}

/* A set as messages name it. NULL: no memory. */
static struct nftnl_set *new_set(enum ip_family_index family, enum masquerade_set which)
{
	struct nftnl_set *set = nftnl_set_alloc();

	if (!set)
		return NULL;
	if (nftnl_set_set_str(set, NFTNL_SET_TABLE, MASQUERADE_TABLE) < 0 ||
	    nftnl_set_set_str(set, NFTNL_SET_NAME, masquerade_set_name(family, which)) < 0) {
		nftnl_set_free(set);
		return NULL;
	}
	nftnl_set_set_u32(set, NFTNL_SET_FAMILY, NFPROTO_INET);
	nftnl_set_set_u32(set, NFTNL_SET_ID, masquerade_set_id(family, which));
	return set;
}

static int put_set(struct nft_batch *batch, enum ip_family_index family, enum masquerade_set which)
{
	struct nftnl_set *set = new_set(family, which);
	struct nlmsghdr *message = nft_batch_begin(batch, NFT_MSG_NEWSET, NFPROTO_INET,
	                                           NLM_F_CREATE, "set %s",
	                                           masquerade_set_name(family, which));
	int result = -ENOMEM;

	if (set && message && set_byte_order(set)) {
		nftnl_set_set_u32(set, NFTNL_SET_FLAGS, NFT_SET_INTERVAL);
		nftnl_set_set_u32(set, NFTNL_SET_KEY_TYPE, image_key_type(family));
		nftnl_set_set_u32(set, NFTNL_SET_KEY_LEN, ip_bits(ip_family(family)) / 8U);
		nftnl_set_nlmsg_build_payload(message, set);
		nft_batch_finish(batch, message);
		result = 0;
	}
	if (set)
		nftnl_set_free(set);
	return result;
}

/* Adds one end of an interval to the set. */
static bool add_bound(struct nftnl_set *set, const struct ip_addr *addr, uint32_t flags)
{
	struct nftnl_set_elem *element = nftnl_set_elem_alloc();

	if (!element)
		return false;
	if (nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY, addr->bytes,
	                       ip_bits(addr->family) / 8U) < 0) {
		nftnl_set_elem_free(element);
		return false;
	}
	if (flags != 0)
		nftnl_set_elem_set_u32(element, NFTNL_SET_ELEM_FLAGS, flags);
	nftnl_set_elem_add(set, element);
	return true;
}

/* An interval is its first address and, as an end, the first one behind it. */
static bool add_interval(struct nftnl_set *set, const struct masquerade_interval *interval)
{
	return add_bound(set, &interval->first, 0) &&
	       (interval->open || add_bound(set, &interval->after, NFT_SET_ELEM_INTERVAL_END));
}

static int put_elements(struct nft_batch *batch, enum ip_family_index family,
                        enum masquerade_set which, const struct masquerade_interval *intervals,
                        size_t count)
{
	struct nftnl_set *set = new_set(family, which);
	struct nlmsghdr *message = nft_batch_begin(batch, NFT_MSG_NEWSETELEM, NFPROTO_INET,
	                                           NLM_F_CREATE, "elements of set %s",
	                                           masquerade_set_name(family, which));
	bool whole = set && message;

	for (size_t i = 0; whole && i < count; i++)
		whole = add_interval(set, &intervals[i]);
	if (whole) {
		nftnl_set_elems_nlmsg_build_payload(message, set);
		nft_batch_finish(batch, message);
	}
	if (set)
		nftnl_set_free(set);
	return whole ? 0 : -ENOMEM;
}

static int fill_set(struct nft_batch *batch, enum ip_family_index family, enum masquerade_set which,
                    const struct masquerade_intervals *intervals)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < intervals->count; i += INTERVALS_A_MESSAGE) {
		size_t left = intervals->count - i;

		result = put_elements(batch, family, which, &intervals->items[i],
		                      left < INTERVALS_A_MESSAGE ? left : INTERVALS_A_MESSAGE);
	}
	return result;
}

static int put_rule(struct nft_batch *batch, const struct masquerade_entry *entry,
                    bool fully_random)
{
	struct nftnl_rule *rule = masquerade_rule_new(entry, fully_random);
	struct nlmsghdr *message = nft_batch_begin(batch, NFT_MSG_NEWRULE, NFPROTO_INET,
	                                           NLM_F_CREATE | NLM_F_APPEND,
	                                           "rule \"%s\" of chain %s", entry->rule->comment,
	                                           masquerade_chain_spec(entry->rule->chain)->name);
	int result = -ENOMEM;

	if (entry->rule->verdict == MASQUERADE_MASQUERADE)
		nft_batch_needs(batch, NEEDS_NAT);
	if (rule && message) {
		nftnl_rule_nlmsg_build_payload(message, rule);
		nft_batch_finish(batch, message);
		result = 0;
	}
	if (rule)
		nftnl_rule_free(rule);
	return result;
}

static int fill_chain(struct nft_batch *batch, enum masquerade_chain which,
                      const struct masquerade_ruleset *ruleset)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < ruleset->entry_count; i++)
		if (ruleset->entries[i].rule->chain == which)
			result = put_rule(batch, &ruleset->entries[i], ruleset->fully_random);
	return result;
}

/* ---- the table made anew ---- */

/* Making, deleting and making it again empties the table, whether or not it was there. */
static int put_whole(struct nft_batch *batch, const struct masquerade_ruleset *ruleset)
{
	int result = put_table(batch, NFT_MSG_NEWTABLE);

	if (result == 0)
		result = put_table(batch, NFT_MSG_DELTABLE);
	if (result == 0)
		result = put_table(batch, NFT_MSG_NEWTABLE);
	for (enum ip_family_index family = 0; family < IP_FAMILIES; family++) {
		for (enum masquerade_set set = 0; result == 0 && set < MASQUERADE_SETS; set++) {
			const struct masquerade_intervals *intervals = &ruleset->sets[family][set];

			if (intervals->count == 0)
				continue;
			result = put_set(batch, family, set);
			if (result == 0)
				result = fill_set(batch, family, set, intervals);
		}
	}
	for (enum masquerade_chain chain = 0; result == 0 && chain < MASQUERADE_CHAINS; chain++) {
		if (ruleset->chains[chain])
			result = put_chain(batch, chain);
		if (result == 0 && ruleset->chains[chain])
			result = fill_chain(batch, chain, ruleset);
	}
	return result;
}

/* ---- the table mended ---- */

static bool goes(enum repair_step step)
{
	return step == REPAIR_REMOVE || step == REPAIR_REMAKE;
}

static bool is_made(enum repair_step step)
{
	return step == REPAIR_MAKE || step == REPAIR_REMAKE;
}

/* Rules first, as they hold on to chains and sets; maps before chains, which they may lead to. */
static int take_away(struct nft_batch *batch, const struct masquerade_repair *repair,
                     const struct image_extra *extras, size_t count)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < count; i++)
		if (!extras[i].is_set)
			result = empty_chain(batch, extras[i].name);
	for (enum masquerade_chain chain = 0; result == 0 && chain < MASQUERADE_CHAINS; chain++)
		if (goes(repair->chains[chain]) || repair->chains[chain] == REPAIR_REFILL)
			result = empty_chain(batch, masquerade_chain_spec(chain)->name);
	for (size_t i = 0; result == 0 && i < count; i++)
		if (extras[i].is_set)
			result = delete_set(batch, extras[i].name);
	for (size_t i = 0; result == 0 && i < count; i++)
		if (!extras[i].is_set)
			result = delete_chain(batch, extras[i].name);
	for (enum masquerade_chain chain = 0; result == 0 && chain < MASQUERADE_CHAINS; chain++)
		if (goes(repair->chains[chain]))
			result = delete_chain(batch, masquerade_chain_spec(chain)->name);
	return result;
}

static int mend_set(struct nft_batch *batch, enum ip_family_index family, enum masquerade_set set,
                    enum repair_step step, const struct masquerade_intervals *intervals)
{
	const char *name = masquerade_set_name(family, set);
	int result = 0;

	if (goes(step))
		result = delete_set(batch, name);
	else if (step == REPAIR_REFILL)
		result = empty_set(batch, name);
	if (result == 0 && is_made(step))
		result = put_set(batch, family, set);
	if (result == 0 && (is_made(step) || step == REPAIR_REFILL))
		result = fill_set(batch, family, set, intervals);
	return result;
}

static int mend_chain(struct nft_batch *batch, enum masquerade_chain chain,
                      const struct masquerade_repair *repair,
                      const struct masquerade_ruleset *ruleset)
{
	enum repair_step step = repair->chains[chain];
	int result = 0;

	if (is_made(step) || repair->set_policy[chain])
		result = put_chain(batch, chain);
	if (result == 0 && (is_made(step) || step == REPAIR_REFILL))
		result = fill_chain(batch, chain, ruleset);
	return result;
}

static int mend(struct nft_batch *batch, const struct masquerade_repair *repair,
                const struct masquerade_ruleset *ruleset, const struct image_extra *extras,
                size_t extra_count)
{
	int result = repair->reset_flags ? put_table(batch, NFT_MSG_NEWTABLE) : 0;

	if (result == 0)
		result = take_away(batch, repair, extras, extra_count);
	for (enum ip_family_index family = 0; family < IP_FAMILIES; family++)
		for (enum masquerade_set set = 0; result == 0 && set < MASQUERADE_SETS; set++)
			result = mend_set(batch, family, set, repair->sets[family][set],
			                  &ruleset->sets[family][set]);
	for (enum masquerade_chain chain = 0; result == 0 && chain < MASQUERADE_CHAINS; chain++)
		result = mend_chain(batch, chain, repair, ruleset);
	return result;
}

int masquerade_encode(struct nft_batch *batch, const struct masquerade_repair *repair,
                      const struct masquerade_ruleset *ruleset, const struct image_extra *extras,
                      size_t extra_count)
{
	if (repair->remove_table)
		return put_table(batch, NFT_MSG_DELTABLE);
	if (repair->whole)
		return put_whole(batch, ruleset);
	return mend(batch, repair, ruleset, extras, extra_count);
}
