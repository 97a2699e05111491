/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "made_legacy.h"

#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COMMENT_SIZE 256 /* struct xt_comment_info */

static void *append(struct made_legacy *table, size_t size)
{
	unsigned char *bytes = table->bytes + table->used;

	assert_true(table->used + size <= sizeof(table->bytes));
	memset(bytes, 0, size);
	table->used += size;
	return bytes;
}

static void add_match(struct made_legacy *table, const char *name, const char *data)
{
	size_t size = sizeof(struct xt_entry_match) + COMMENT_SIZE;
	struct xt_entry_match *match = append(table, size);

	match->u.match_size = (uint16_t)size;
	snprintf(match->u.user.name, sizeof(match->u.user.name), "%s", name);
	snprintf((char *)match->data, COMMENT_SIZE, "%s", data);
}

static void add_target(struct made_legacy *table, const char *name, const void *data, size_t size)
{
	size_t whole = sizeof(struct xt_entry_target) + XT_ALIGN(size);
	struct xt_entry_target *target = append(table, whole);

	target->u.target_size = (uint16_t)whole;
	snprintf(target->u.user.name, sizeof(target->u.user.name), "%s", name);
	memcpy(target->data, data, size);
}

static void set_source(const char *text, void *address, void *mask)
{
	struct prefix prefix, all;

	if (!text)
		return;
	assert_true(prefix_parse(text, &prefix));
	all = prefix;
	memset(all.addr.bytes, 0xff, sizeof(all.addr.bytes));
	all = prefix_masked(&all);
	memcpy(address, prefix.addr.bytes, ip_bits(prefix.addr.family) / 8U);
	memcpy(mask, all.addr.bytes, ip_bits(prefix.addr.family) / 8U);
}

static size_t head_size(const struct made_legacy *table)
{
	return table->family == AF_INET ? sizeof(struct ipt_entry) : sizeof(struct ip6t_entry);
}

static void add_head(struct made_legacy *table, const struct made_legacy_rule *rule)
{
	void *head = append(table, head_size(table));
	struct ipt_entry *four = head;
	struct ip6t_entry *six = head;

	if (table->family == AF_INET) {
		set_source(rule->source, &four->ip.src, &four->ip.smsk);
		four->ip.flags = rule->flags;
		four->ip.proto = rule->protocol;
		four->ip.iniface[0] = rule->interface;
		four->ip.iniface_mask[0] = rule->interface ? 0xff : 0;
	} else {
		set_source(rule->source, &six->ipv6.src, &six->ipv6.smsk);
		six->ipv6.flags = rule->flags;
		six->ipv6.proto = rule->protocol;
		six->ipv6.iniface[0] = rule->interface;
		six->ipv6.iniface_mask[0] = rule->interface ? 0xff : 0;
	}
}

/* Where the target begins and the entry ends. */
static void set_offsets(struct made_legacy *table, uint32_t start, size_t target)
{
	void *head = table->bytes + start;
	struct ipt_entry *four = head;
	struct ip6t_entry *six = head;
	uint16_t begin = (uint16_t)(target - start), end = (uint16_t)(table->used - start);

	if (table->family == AF_INET) {
		four->target_offset = begin;
		four->next_offset = end;
	} else {
		six->target_offset = begin;
		six->next_offset = end;
	}
}

uint32_t made_legacy_add(struct made_legacy *table, const struct made_legacy_rule *rule)
{
	uint32_t start = (uint32_t)table->used;
	size_t target;

	add_head(table, rule);
	if (rule->comment)
		add_match(table, "comment", rule->comment);
	if (rule->match)
		add_match(table, rule->match, "");
	target = table->used;
	if (rule->target)
		add_target(table, rule->target, "", 0);
	else
		add_target(table, XT_STANDARD_TARGET, &rule->verdict, sizeof(rule->verdict));
	set_offsets(table, start, target);
	return start;
}

uint32_t made_legacy_begin(struct made_legacy *table, const char *chain)
{
	const struct made_legacy_rule none = {.verdict = 0};
	uint32_t start = (uint32_t)table->used;
	char name[XT_FUNCTION_MAXNAMELEN] = {0};
	size_t target;

	snprintf(name, sizeof(name), "%s", chain);
	add_head(table, &none);
	target = table->used;
	add_target(table, XT_ERROR_TARGET, name, sizeof(name));
	set_offsets(table, start, target);
	return (uint32_t)table->used;
}
