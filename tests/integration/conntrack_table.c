/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conntrack_table.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "netlink/batch.h"
#include "netlink/dump.h"

struct entering {
	void (*make)(const void *ctx, size_t i, struct made_flow *);
	const void *ctx;
};

static int encode_flow(void *ctx, size_t index, void *buffer, size_t room)
{
	const struct entering *entering = ctx;
	alignas(struct nlmsghdr) unsigned char bytes[MADE_FLOW_MAX];
	struct made_flow flow = {0};
	const struct nlmsghdr *message;

	entering->make(entering->ctx, index, &flow);
	message = made_flow_ask(&flow, bytes);
	if (message->nlmsg_len > room)
		return -ENOSPC;
	memcpy(buffer, message, message->nlmsg_len);
	return (int)message->nlmsg_len;
}

static void expect_entered(void *ctx, size_t index, const struct nl_answer *answer)
{
	(void)ctx;
	if (answer->result != 0)
		fail_msg("flow %zu cannot be entered: %s", index, strerror(-answer->result));
}

void table_enter(struct nl_socket *nl, void (*make)(const void *ctx, size_t i, struct made_flow *),
                 const void *ctx, size_t count)
{
	static const struct nl_batch_ops ops = {encode_flow, expect_entered};
	struct entering entering = {make, ctx};
	struct error err;

	if (nl_batch_run(nl, count, &ops, &entering, &err) != 0)
		fail_msg("%s", err.text);
}

/* ---- the whole table ---- */

struct found {
	size_t count;
	struct conntrack_entry last;
};

static int find_entry(void *ctx, const struct nlmsghdr *message)
{
	struct found *found = ctx;

	found->count++;
	return conntrack_decode(message, &found->last) == 1 ? 0 : -EBADMSG;
}

static void forget_entries(void *ctx)
{
	((struct found *)ctx)->count = 0;
}

static const struct nl_dump_ops find_ops = {find_entry, forget_entries};

/* A request about all entries: for a delete, those are meant if it names none. */
static struct nlmsghdr *put_request(unsigned char *buffer, uint16_t kind)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

	message->nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | kind);
	mnl_nlmsg_put_extra_header(message, sizeof(struct nfgenmsg));
	return message;
}

static struct found find(struct nl_socket *nl)
{
	alignas(struct nlmsghdr) unsigned char request[MADE_FLOW_MAX];
	struct found found = {0};
	struct error err;

	if (nl_dump(nl, put_request(request, IPCTNL_MSG_CT_GET), &find_ops, &found, &err) != 0)
		fail_msg("%s", err.text);
	return found;
}

size_t table_count(struct nl_socket *nl)
{
	return find(nl).count;
}

void table_empty(struct nl_socket *nl)
{
	alignas(struct nlmsghdr) unsigned char request[MADE_FLOW_MAX];
	struct found found = {0};
	struct error err;

	if (nl_query(nl, put_request(request, IPCTNL_MSG_CT_DELETE), &find_ops, &found, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(table_count(nl), 0);
}

struct conntrack_entry table_read_one(struct nl_socket *nl)
{
	struct found found = find(nl);

	assert_int_equal(found.count, 1);
	return found.last;
}

/* ---- one entry ---- */

struct deletion {
	const struct conntrack_entry *entry;
	int result;
};

static int encode_deletion(void *ctx, size_t index, void *buffer, size_t room)
{
	const struct deletion *deletion = ctx;

	(void)index;
	return conntrack_encode_delete(deletion->entry, buffer, room);
}

static void keep_result(void *ctx, size_t index, const struct nl_answer *answer)
{
	(void)index;
	((struct deletion *)ctx)->result = answer->result;
}

int table_delete(struct nl_socket *nl, const struct conntrack_entry *entry)
{
	static const struct nl_batch_ops ops = {encode_deletion, keep_result};
	struct deletion deletion = {.entry = entry};
	struct error err;

	if (nl_batch_run(nl, 1, &ops, &deletion, &err) != 0)
		fail_msg("%s", err.text);
	return deletion.result;
}
