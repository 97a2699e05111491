/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hostgw/link.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "dump.h"
#include "link_codec.h"

#define REQUEST_MAX 64

/* Makes room for one element more in an array that doubles as it grows. */
static void *grow(void *array, size_t count, size_t size)
{
	if (count != 0 && (count & (count - 1)) != 0)
		return array;
	return reallocarray(array, count == 0 ? 1 : count * 2, size);
}

static int take_link(void *ctx, const struct nlmsghdr *message)
{
	struct link_snapshot *snapshot = ctx;
	struct link *links;
	struct link link;
	int result;

	if (message->nlmsg_type != RTM_NEWLINK)
		return 0;
	result = link_decode(message, &link);
	if (result <= 0)
		return result;
	links = grow(snapshot->links, snapshot->link_count, sizeof(*links));
	if (!links)
		return -ENOMEM;
	snapshot->links = links;
	links[snapshot->link_count++] = link;
	return 0;
}

static void restart_links(void *ctx)
{
	struct link_snapshot *snapshot = ctx;

	snapshot->link_count = 0;
}

static int take_address(void *ctx, const struct nlmsghdr *message)
{
	struct link_snapshot *snapshot = ctx;
	struct link_address *addresses;
	struct link_address address;
	int result;

	if (message->nlmsg_type != RTM_NEWADDR)
		return 0;
	result = link_address_decode(message, &address);
	if (result <= 0)
		return result;
	addresses = grow(snapshot->addresses, snapshot->address_count, sizeof(*addresses));
	if (!addresses)
		return -ENOMEM;
	snapshot->addresses = addresses;
	addresses[snapshot->address_count++] = address;
	return 0;
}

static void restart_addresses(void *ctx)
{
	struct link_snapshot *snapshot = ctx;

	snapshot->address_count = 0;
}

static int read_links(struct rtnl *rtnl, struct link_snapshot *snapshot, struct error *err)
{
	static const struct nl_dump_ops ops = {take_link, restart_links};
	alignas(struct nlmsghdr) unsigned char buffer[REQUEST_MAX];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);

	request->nlmsg_type = RTM_GETLINK;
	mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg));
	/* Statistics are most of the message and of no use here. */
	mnl_attr_put_u32(request, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	if (nl_dump(&rtnl->dumps, request, &ops, snapshot, err) < 0)
		return error_wrap(err, "reading the interfaces");
	return 0;
}

static int read_addresses(struct rtnl *rtnl, struct link_snapshot *snapshot, struct error *err)
{
	static const struct nl_dump_ops ops = {take_address, restart_addresses};
	alignas(struct nlmsghdr) unsigned char buffer[REQUEST_MAX];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);

	request->nlmsg_type = RTM_GETADDR;
	mnl_nlmsg_put_extra_header(request, sizeof(struct ifaddrmsg));
	if (nl_dump(&rtnl->dumps, request, &ops, snapshot, err) < 0)
		return error_wrap(err, "reading the addresses");
	return 0;
}

int link_snapshot_read(struct rtnl *rtnl, struct link_snapshot *out, struct error *err)
{
	int result;

	memset(out, 0, sizeof(*out));
	result = read_links(rtnl, out, err);
	if (result == 0)
		result = read_addresses(rtnl, out, err);
	if (result < 0)
		link_snapshot_free(out);
	return result;
}

void link_snapshot_free(struct link_snapshot *snapshot)
{
	free(snapshot->links);
	free(snapshot->addresses);
	memset(snapshot, 0, sizeof(*snapshot));
}

const struct link *link_find(const struct link_snapshot *snapshot, int index)
{
	for (size_t i = 0; i < snapshot->link_count; i++) {
		if (snapshot->links[i].index == index)
			return &snapshot->links[i];
	}
	return NULL;
}

const struct link *link_find_name(const struct link_snapshot *snapshot, const char *name)
{
	for (size_t i = 0; i < snapshot->link_count; i++) {
		if (strcmp(snapshot->links[i].name, name) == 0)
			return &snapshot->links[i];
	}
	return NULL;
}

const struct link_address *link_find_address(const struct link_snapshot *snapshot,
                                             const struct ip_addr *addr)
{
	for (size_t i = 0; i < snapshot->address_count; i++) {
		if (ip_equal(&snapshot->addresses[i].prefix.addr, addr))
			return &snapshot->addresses[i];
	}
	return NULL;
}
