/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The entries of an iptables-legacy table: one after another, each with its matches and its
 * target. A chain of a user's begins behind an entry whose target is "ERROR" and holds its name;
 * one more of those is the end. Jumps are offsets.
 */
#include "legacy_table.h"

#include <errno.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <stdlib.h>
#include <string.h>

/* What both families' entries say, in one form. */
struct entry {
	uint32_t offset;
	size_t head;             /* its fixed part, behind which the matches begin */
	uint16_t target, next;   /* offsets from its beginning */
	bool goes;               /* a jump that does not come back */
	struct filter_rule rule; /* as far as the fixed part tells */
};

struct parsing {
	uint8_t family;
	const uint8_t *bytes;
	size_t size;
	const uint32_t *hooks;
	struct legacy_table *table;
};

static bool is_zero(const void *bytes, size_t size)
{
	const uint8_t *byte = bytes;

	for (size_t i = 0; i < size; i++)
		if (byte[i] != 0)
			return false;
	return true;
}

/* False: the mask keeps others than the first bits, which is no prefix. */
static bool read_prefix(uint8_t family, const void *address, const void *mask, struct prefix *out)
{
	const uint8_t *bits = mask;
	struct prefix prefix = {.addr.family = family};
	uint8_t all = ip_bits(family);

	while (prefix.length < all && bits[prefix.length / 8] & (0x80 >> prefix.length % 8))
		prefix.length++;
	for (unsigned i = prefix.length; i < all; i++)
		if (bits[i / 8] & (0x80 >> i % 8))
			return false;
	if (prefix.length == 0)
		return true;
	memcpy(prefix.addr.bytes, address, all / 8U);
	*out = prefix_masked(&prefix);
	return true;
}

static bool read_head4(const uint8_t *bytes, size_t left, struct entry *out)
{
	struct ipt_entry entry;

	if (left < sizeof(entry))
		return false;
	memcpy(&entry, bytes, sizeof(entry));
	out->head = sizeof(entry);
	out->target = entry.target_offset;
	out->next = entry.next_offset;
	out->goes = entry.ip.flags & IPT_F_GOTO;
	out->rule.picks = !read_prefix(AF_INET, &entry.ip.src, &entry.ip.smsk, &out->rule.source) ||
	                  !read_prefix(AF_INET, &entry.ip.dst, &entry.ip.dmsk,
	                               &out->rule.destination) ||
	                  !is_zero(entry.ip.iniface_mask, sizeof(entry.ip.iniface_mask)) ||
	                  !is_zero(entry.ip.outiface_mask, sizeof(entry.ip.outiface_mask)) ||
	                  entry.ip.proto != 0 || entry.ip.flags & IPT_F_FRAG ||
	                  entry.ip.invflags != 0;
	return true;
}

static bool read_head6(const uint8_t *bytes, size_t left, struct entry *out)
{
	struct ip6t_entry entry;

	if (left < sizeof(entry))
		return false;
	memcpy(&entry, bytes, sizeof(entry));
	out->head = sizeof(entry);
	out->target = entry.target_offset;
	out->next = entry.next_offset;
	out->goes = entry.ipv6.flags & IP6T_F_GOTO;
	out->rule.picks = !read_prefix(AF_INET6, &entry.ipv6.src, &entry.ipv6.smsk,
	                               &out->rule.source) ||
	                  !read_prefix(AF_INET6, &entry.ipv6.dst, &entry.ipv6.dmsk,
	                               &out->rule.destination) ||
	                  !is_zero(entry.ipv6.iniface_mask, sizeof(entry.ipv6.iniface_mask)) ||
	                  !is_zero(entry.ipv6.outiface_mask, sizeof(entry.ipv6.outiface_mask)) ||
	                  entry.ipv6.proto != 0 || entry.ipv6.flags & (IP6T_F_PROTO | IP6T_F_TOS) ||
	                  entry.ipv6.invflags != 0;
	return true;
}

/* The fixed part; -EBADMSG unless the entry lies within the table, with its target. */
static int read_head(const struct parsing *parsing, uint32_t offset, struct entry *out)
{
	const uint8_t *bytes = parsing->bytes + offset;
	size_t left = parsing->size - offset;

	*out = (struct entry){.offset = offset};
	if (!(parsing->family == AF_INET ? read_head4(bytes, left, out)
	                                 : read_head6(bytes, left, out)) ||
	    out->target < out->head || out->next < out->target || out->next > left ||
	    out->next - out->target < (int)sizeof(struct xt_entry_target))
		return -EBADMSG;
	return 0;
}

static struct xt_entry_target target_of(const struct parsing *parsing, const struct entry *entry)
{
	struct xt_entry_target target;

	memcpy(&target, parsing->bytes + entry->offset + entry->target, sizeof(target));
	target.u.user.name[sizeof(target.u.user.name) - 1] = '\0';
	return target;
}

/* What follows the target's fixed part; NULL unless it has that many bytes. */
static const uint8_t *target_data(const struct parsing *parsing, const struct entry *entry,
                                  size_t size)
{
	size_t begin = entry->target + sizeof(struct xt_entry_target);

	return entry->next - begin >= size ? parsing->bytes + entry->offset + begin : NULL;
}

/* ---- chains ---- */

static int add_chain(struct parsing *parsing, const char *name, size_t length, uint32_t start)
{
	struct legacy_table *table = parsing->table;
	struct legacy_chain *chains = reallocarray(table->chains, table->count + 1,
	                                           sizeof(*chains));

	if (!chains)
		return -ENOMEM;
	table->chains = chains;
	chains[table->count] = (struct legacy_chain){.start = start};
	memcpy(chains[table->count++].name, name, strnlen(name, length));
	return 0;
}

static int begin_built_in(struct parsing *parsing, uint32_t offset)
{
	static const char *const names[LEGACY_HOOKS] = {
		[NF_INET_PRE_ROUTING] = "PREROUTING",   [NF_INET_LOCAL_IN] = "INPUT",
		[NF_INET_FORWARD] = "FORWARD",          [NF_INET_LOCAL_OUT] = "OUTPUT",
		[NF_INET_POST_ROUTING] = "POSTROUTING",
	};

	for (size_t i = 0; i < LEGACY_HOOKS; i++)
		if (parsing->hooks[i] == offset)
			return add_chain(parsing, names[i], strlen(names[i]), offset);
	return 0;
}

/* 1: the entry is the name of the chain that follows it. */
static int begin_named(struct parsing *parsing, const struct entry *entry)
{
	struct xt_entry_target target = target_of(parsing, entry);
	const uint8_t *name = target_data(parsing, entry, XT_FUNCTION_MAXNAMELEN);
	int result;

	if (strcmp(target.u.user.name, XT_ERROR_TARGET) != 0)
		return 0;
	if (!name)
		return -EBADMSG;
	result = add_chain(parsing, (const char *)name, XT_FUNCTION_MAXNAMELEN,
	                   entry->offset + entry->next);
	return result < 0 ? result : 1;
}

/* ---- rules ---- */

static int read_matches(const struct parsing *parsing, struct entry *entry)
{
	const uint8_t *bytes = parsing->bytes + entry->offset;
	size_t at = entry->head;

	while (at < entry->target) {
		struct xt_entry_match match;

		if (entry->target - at < sizeof(match))
			return -EBADMSG;
		memcpy(&match, bytes + at, sizeof(match));
		if (match.u.match_size < sizeof(match) || match.u.match_size > entry->target - at)
			return -EBADMSG;
		if (strncmp(match.u.user.name, "comment", sizeof(match.u.user.name)) == 0)
			snprintf(entry->rule.comment, sizeof(entry->rule.comment), "%.*s",
			         (int)(match.u.match_size - sizeof(match)),
			         (const char *)bytes + at + sizeof(match));
		else
			entry->rule.picks = true;
		at += match.u.match_size;
	}
	return 0;
}

/* Where a rule that jumps leads to. */
static void read_jump(const struct parsing *parsing, struct entry *entry, uint32_t where)
{
	struct filter_rule *rule = &entry->rule;

	if (where == entry->offset + entry->next)
		return; /* the next rule: it has no target */
	rule->verdict = FILTER_OTHER;
	for (size_t i = 0; i < parsing->table->count; i++) {
		if (parsing->table->chains[i].start != where)
			continue;
		rule->verdict = entry->goes ? FILTER_GOTO : FILTER_JUMP;
		rule->target = parsing->table->chains[i].name;
	}
}

static int read_verdict(const struct parsing *parsing, struct entry *entry)
{
	const uint8_t *data = target_data(parsing, entry, sizeof(int));
	struct xt_entry_target target = target_of(parsing, entry);
	int verdict;

	if (strcmp(target.u.user.name, XT_STANDARD_TARGET) != 0) {
		entry->rule.verdict = filter_target_verdict(target.u.user.name);
		return 0;
	}
	if (!data)
		return -EBADMSG;
	memcpy(&verdict, data, sizeof(verdict));
	if (verdict >= 0)
		read_jump(parsing, entry, (uint32_t)verdict);
	else if (verdict == -NF_ACCEPT - 1)
		entry->rule.verdict = FILTER_ACCEPT;
	else if (verdict == -NF_DROP - 1)
		entry->rule.verdict = FILTER_DROP;
	else
		entry->rule.verdict = verdict == XT_RETURN ? FILTER_RETURN : FILTER_OTHER;
	return 0;
}

/* ---- the table ---- */

static int find_chains(struct parsing *parsing)
{
	struct entry entry;
	int result = 0;

	for (uint32_t offset = 0; offset < parsing->size; offset += entry.next) {
		result = read_head(parsing, offset, &entry);
		if (result == 0)
			result = begin_built_in(parsing, offset);
		if (result == 0)
			result = begin_named(parsing, &entry);
		if (result < 0)
			return result;
	}
	return 0;
}

static int find_rules(struct parsing *parsing)
{
	struct legacy_chain *chain = parsing->table->chains;
	size_t left = parsing->table->count;
	struct entry entry;
	int result;

	for (uint32_t offset = 0; offset < parsing->size; offset += entry.next) {
		result = read_head(parsing, offset, &entry);
		if (result < 0)
			return result;
		while (left > 1 && chain[1].start <= offset) {
			chain++;
			left--;
		}
		if (strcmp(target_of(parsing, &entry).u.user.name, XT_ERROR_TARGET) == 0)
			continue;
		if (left == 0 || offset < chain->start)
			return -EBADMSG; /* a rule of no chain */
		result = read_matches(parsing, &entry);
		if (result == 0)
			result = read_verdict(parsing, &entry);
		if (result == 0)
			result = filter_chain_append(&chain->rules, &entry.rule);
		if (result < 0)
			return result;
	}
	return 0;
}

int legacy_table_parse(uint8_t family, const void *entries, size_t size,
                       const uint32_t hooks[LEGACY_HOOKS], struct legacy_table *out)
{
	struct parsing parsing = {family, entries, size, hooks, out};
	int result;

	*out = (struct legacy_table){0};
	if (size > INT32_MAX)
		return -EBADMSG;
	result = find_chains(&parsing);
	return result < 0 ? result : find_rules(&parsing);
}
