/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What others change on the host: the monitor's news, and whom they concern. */
#include <string.h>

#include "default_route.h"
#include "host.h"

static void on_route_changed(void *ctx, const struct route *route, enum route_event event)
{
	struct host *host = ctx;
	bool concerns = reconcile_note_route(host->reconciler, route, event);

	if (default_route_is(route))
		host->default_route_stale = concerns = true;
	if (concerns)
		host->changed(host->changed_ctx);
}

static void on_nexthop_changed(void *ctx, const struct nexthop *nexthop, bool deleted)
{
	struct host *host = ctx;

	(void)deleted;
	if (reconcile_note_nexthop(host->reconciler, nexthop))
		host->changed(host->changed_ctx);
}

/* Only our interface's news can have cost us routes, and any other's a route that is in our way.
 * What concerns nobody is read along with the next round. */
static void on_link_changed(void *ctx, int index, bool lost, const struct link_address *address)
{
	struct host *host = ctx;
	const struct link_watch watch = host_link_watch(host);
	bool concerns = link_facts_concern(&watch, index, address);

	host->links_stale = true;
	if (index == host->uplink.index && lost)
		reconcile_distrust(host->reconciler, true);
	else if (index == host->uplink.index)
		reconcile_forgive(host->reconciler);
	else if (lost && !(address && link_facts_is_local(&watch, address)))
		concerns = reconcile_note_other_link(host->reconciler, index) || concerns;
	if (concerns)
		host->changed(host->changed_ctx);
}

static void on_overrun(void *ctx)
{
	struct host *host = ctx;

	host->overruns++;
	host->links_stale = true;
	host->default_route_stale = true;
	reconcile_distrust(host->reconciler, true);
	host->changed(host->changed_ctx);
}

static int start_monitor(struct host *host, uv_loop_t *loop, struct rtnl_monitor **out,
                         struct error *err)
{
	struct rtnl_monitor_config config = {
		.loop = loop,
		.own = host->rtnl,
		.events =
			{
				.ctx = host,
				.route_changed = on_route_changed,
				.nexthop_changed = on_nexthop_changed,
				.link_changed = on_link_changed,
				.overrun = on_overrun,
			},
	};

	memcpy(config.networks, host->settings->conf.network, sizeof(config.networks));
	return rtnl_monitor_start(&config, out, err);
}

static void on_rules_failed(void *ctx)
{
	struct host *host = ctx;

	host->changed(host->changed_ctx);
}

static void on_rules_changed(void *ctx)
{
	struct host *host = ctx;

	obstacles_note_change(&host->obstacles);
}

int host_watch(struct host *host, uv_loop_t *loop, void (*changed)(void *ctx), void *ctx,
               struct error *err)
{
	const struct rules_watch_config rules = {
		.loop = loop,
		.links = &host->links,
		.failed = on_rules_failed,
		.changed = on_rules_changed,
		.ctx = host,
	};
	int result;

	host->changed = changed;
	host->changed_ctx = ctx;
	obstacles_watch(&host->obstacles, loop, changed, ctx);
	result = start_monitor(host, loop, &host->monitor, err);
	if (result == 0)
		result = rules_watch(host->rules, &rules, err);
	/* What was read before is older than the first event. */
	host_distrust(host);
	return result;
}

int host_follow_networks(struct host *host, uv_loop_t *loop, struct error *err)
{
	struct rtnl_monitor *fresh;
	int result = start_monitor(host, loop, &fresh, err);

	if (result < 0)
		return result;
	rtnl_monitor_stop(host->monitor);
	host->monitor = fresh;
	reconcile_follow_networks(host->reconciler, host->settings->conf.network);
	host->facts++;
	host_distrust(host);
	return 0;
}

void host_unwatch(struct host *host)
{
	rtnl_monitor_stop(host->monitor);
	host->monitor = NULL;
	rules_unwatch(host->rules);
	obstacles_unwatch(&host->obstacles);
}
