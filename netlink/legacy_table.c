/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "legacy_table.h"

#include <assert.h>
#include <errno.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The table may grow between the question for its size and that for its contents. */
#define ATTEMPTS 5

/* Both families number the questions alike. */
static_assert(LEGACY_HOOKS == NF_INET_NUMHOOKS, "as many hooks as the kernel has");
static_assert((int)IPT_SO_GET_INFO == (int)IP6T_SO_GET_INFO &&
                      (int)IPT_SO_GET_ENTRIES == (int)IP6T_SO_GET_ENTRIES,
              "ip_tables and ip6_tables are asked alike");

static int ask(int fd, uint8_t family, int question, void *answer, size_t size)
{
	socklen_t length = (socklen_t)size;
	int level = family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;

	if (getsockopt(fd, level, question, answer, &length) != 0)
		return -errno;
	return length == size ? 0 : -EAGAIN;
}

/* -EAGAIN: it changed meanwhile. */
static int read_once(int fd, uint8_t family, const char *name, struct legacy_table *out)
{
	struct ipt_getinfo info = {0};
	struct ipt_get_entries *entries;
	size_t size;
	int result;

	snprintf(info.name, sizeof(info.name), "%s", name);
	result = ask(fd, family, IPT_SO_GET_INFO, &info, sizeof(info));
	if (result < 0)
		return result;
	size = sizeof(*entries) + info.size;
	entries = calloc(1, size);
	if (!entries)
		return -ENOMEM;
	memcpy(entries->name, info.name, sizeof(entries->name));
	entries->size = info.size;
	result = ask(fd, family, IPT_SO_GET_ENTRIES, entries, size);
	for (unsigned i = 0; i < LEGACY_HOOKS; i++)
		if (!(info.valid_hooks & (1U << i)))
			info.hook_entry[i] = UINT32_MAX;
	if (result == 0)
		result = legacy_table_parse(family, entries->entrytable, info.size, info.hook_entry,
		                            out);
	free(entries);
	return result;
}

int legacy_table_read(uint8_t family, const char *table, struct legacy_table *out,
                      struct error *err)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int result = -EAGAIN;

	*out = (struct legacy_table){0};
	if (fd < 0)
		return error_set(err, errno, "cannot open a socket: %s", strerror(errno));
	for (int attempt = 0; result == -EAGAIN && attempt < ATTEMPTS; attempt++)
		result = read_once(fd, family, table, out);
	close(fd);
	if (result < 0)
		return error_set(err, -result, "cannot read table %s of %s: %s", table,
		                 family == AF_INET ? "iptables-legacy" : "ip6tables-legacy",
		                 strerror(-result));
	return 0;
}

const char *legacy_table_names(uint8_t family)
{
	return family == AF_INET ? "/proc/self/net/ip_tables_names"
	                         : "/proc/self/net/ip6_tables_names";
}

int legacy_table_is_used(const char *names, const char *table, struct error *err)
{
	char line[XT_TABLE_MAXNAMELEN + 1];
	FILE *file = fopen(names, "re");
	int found = 0;

	if (!file && errno == ENOENT)
		return 0;
	if (!file)
		return error_set(err, errno, "cannot read %s: %s", names, strerror(errno));
	while (!found && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		found = strcmp(line, table) == 0;
	}
	fclose(file);
	return found;
}

void legacy_table_release(struct legacy_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		filter_chain_release(&table->chains[i].rules);
	free(table->chains);
	*table = (struct legacy_table){0};
}

const struct legacy_chain *legacy_table_find(const struct legacy_table *table, const char *chain)
{
	for (size_t i = 0; i < table->count; i++)
		if (strcmp(table->chains[i].name, chain) == 0)
			return &table->chains[i];
	return NULL;
}

static int read_chain(void *ctx, const char *name, struct filter_chain *out, struct error *err)
{
	const struct legacy_chain *chain = legacy_table_find(ctx, name);

	for (size_t i = 0; chain && i < chain->rules.count; i++)
		if (filter_chain_append(out, &chain->rules.rules[i]) < 0)
			return error_set(err, ENOMEM, "no memory for the rules of chain %s", name);
	return 0;
}

struct filter_source legacy_table_source(const struct legacy_table *table)
{
	return (struct filter_source){.read = read_chain, .ctx = (void *)table};
}
