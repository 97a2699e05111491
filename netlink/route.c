/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hostgw/route.h"

#include <errno.h>
#include <stdlib.h>

#include "batch.h"
#include "dump.h"
#include "route_codec.h"

struct route_reading {
	uint32_t table; /* 0: all */
	route_visit_fn visit;
	void (*restart)(void *ctx);
	void *ctx;
};

static int visit_message(void *ctx, const struct nlmsghdr *message)
{
	const struct route_reading *reading = ctx;
	struct route route;
	int result;

	if (message->nlmsg_type != RTM_NEWROUTE)
		return 0;
	result = route_decode(message, &route);
	if (result < 0)
		return result;
	if (result > 0 && (reading->table == 0 || reading->table == route.table))
		reading->visit(reading->ctx, &route);
	return 0;
}

static void restart_reading(void *ctx)
{
	const struct route_reading *reading = ctx;

	reading->restart(reading->ctx);
}

int route_dump(struct rtnl *rtnl, uint8_t family, uint32_t table, route_visit_fn visit,
               void (*restart)(void *ctx), void *ctx, struct error *err)
{
	static const struct nl_dump_ops ops = {visit_message, restart_reading};
	struct route_reading reading = {table, visit, restart, ctx};
	alignas(struct nlmsghdr) unsigned char request[ROUTE_REQUEST_MAX];
	int result;

	route_encode_dump(family, table, request);
	result = nl_dump(&rtnl->dumps, (struct nlmsghdr *)request, &ops, &reading, err);
	/* A table is made with its first route; IPv4 and IPv6 say so of one that was never made. */
	if (result == -ENOENT && table != 0)
		return 0;
	if (result < 0)
		return error_wrap(err, "reading the %s routes of table %u",
		                  family == AF_INET6 ? "IPv6" : "IPv4", table);
	return 0;
}

static int encode_change(void *ctx, size_t index, void *buffer, size_t room)
{
	const struct route_change *changes = ctx;

	return route_encode(changes[index].verb, &changes[index].route, buffer, room);
}

static void answer_change(void *ctx, size_t index, const struct nl_answer *answer)
{
	struct route_change *change = (struct route_change *)ctx + index;

	nl_answer_keep(answer, &change->result, &change->detail);
}

int route_apply(struct rtnl *rtnl, struct route_change *changes, size_t count, struct error *err)
{
	static const struct nl_batch_ops ops = {encode_change, answer_change};

	for (size_t i = 0; i < count; i++) {
		changes[i].result = -EINPROGRESS;
		changes[i].detail = NULL;
	}
	if (nl_batch_run(&rtnl->requests, count, &ops, changes, err) < 0)
		return error_wrap(err, "changing routes");
	return 0;
}

void route_changes_release(struct route_change *changes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(changes[i].detail);
		changes[i].detail = NULL;
	}
}

static int take_lookup(void *ctx, const struct nlmsghdr *message)
{
	int *oif = ctx;
	int result;

	if (message->nlmsg_type != RTM_NEWROUTE)
		return 0;
	result = route_decode_oif(message);
	if (result < 0)
		return result;
	*oif = result;
	return 0;
}

int route_lookup(struct rtnl *rtnl, const struct ip_addr *addr, int *oif, struct error *err)
{
	static const struct nl_dump_ops ops = {.message = take_lookup};
	alignas(struct nlmsghdr) unsigned char request[ROUTE_REQUEST_MAX];
	char text[IP_TEXT_MAX];
	int found = 0;

	if (addr->family != AF_INET && addr->family != AF_INET6)
		return error_set(err, EINVAL, "looking up a route: there is no address");
	route_encode_lookup(addr, request);
	if (nl_query(&rtnl->dumps, (struct nlmsghdr *)request, &ops, &found, err) < 0)
		return error_wrap(err, "no route to %s", ip_format(addr, text));
	if (found == 0)
		return error_set(err, ENOENT, "no route to %s: the kernel named none",
		                 ip_format(addr, text));
	*oif = found;
	return 0;
}
