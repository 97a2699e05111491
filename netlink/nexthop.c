/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hostgw/nexthop.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>

#include "batch.h"
#include "dump.h"
#include "nexthop_codec.h"

struct nexthop_reading {
	nexthop_visit_fn visit;
	void (*restart)(void *ctx);
	void *ctx;
};

static int visit_message(void *ctx, const struct nlmsghdr *message)
{
	const struct nexthop_reading *reading = ctx;
	struct nexthop nexthop;
	int result;

	if (message->nlmsg_type != RTM_NEWNEXTHOP)
		return 0;
	result = nexthop_decode(message, &nexthop);
	if (result < 0)
		return result;
	nexthop.member = nexthop_decode_member(message, 0);
	reading->visit(reading->ctx, &nexthop);
	for (size_t i = 1; (nexthop.member = nexthop_decode_member(message, i)) != 0; i++)
		reading->visit(reading->ctx, &nexthop);
	return 0;
}

static void restart_reading(void *ctx)
{
	const struct nexthop_reading *reading = ctx;

	reading->restart(reading->ctx);
}

int nexthop_dump(struct rtnl *rtnl, nexthop_visit_fn visit, void (*restart)(void *ctx), void *ctx,
                 struct error *err)
{
	static const struct nl_dump_ops ops = {visit_message, restart_reading};
	struct nexthop_reading reading = {visit, restart, ctx};
	alignas(struct nlmsghdr) unsigned char request[NEXTHOP_REQUEST_MAX];

	nexthop_encode_dump(request);
	if (nl_dump(&rtnl->dumps, (struct nlmsghdr *)request, &ops, &reading, err) < 0)
		return error_wrap(err, "reading the nexthop objects");
	return 0;
}

static int encode_change(void *ctx, size_t index, void *buffer, size_t room)
{
	const struct nexthop_change *changes = ctx;

	return nexthop_encode(changes[index].verb, &changes[index].nexthop, buffer, room);
}

static void answer_change(void *ctx, size_t index, const struct nl_answer *answer)
{
	struct nexthop_change *change = (struct nexthop_change *)ctx + index;

	nl_answer_keep(answer, &change->result, &change->detail);
}

int nexthop_apply(struct rtnl *rtnl, struct nexthop_change *changes, size_t count,
                  struct error *err)
{
	static const struct nl_batch_ops ops = {encode_change, answer_change};

	for (size_t i = 0; i < count; i++) {
		changes[i].result = -EINPROGRESS;
		changes[i].detail = NULL;
	}
	if (nl_batch_run(&rtnl->requests, count, &ops, changes, err) < 0)
		return error_wrap(err, "changing nexthop objects");
	return 0;
}

void nexthop_changes_release(struct nexthop_change *changes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(changes[i].detail);
		changes[i].detail = NULL;
	}
}
