/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host_check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "cni_file.h"
#include "default_route.h"
#include "forwarding.h"
#include "sysctl.h"

static int switch_on(const struct host *host, enum ip_family_index family, struct error *err)
{
	char advertised[DEFAULT_ROUTES_MAX][IFNAMSIZ];
	size_t count = 0;

	if (forwarding_check_writable(SYSCTL_ROOT, family, err) < 0)
		return -err->code;
	if (family == IP_V6 &&
	    default_routes_list_advertised(host->rtnl, &host->links, advertised, &count, err) < 0)
		return -err->code;
	if (forwarding_switch_on(SYSCTL_ROOT, family, advertised, count, err) < 0)
		return -err->code;
	log_info(host->log, "%s forwarding was off: switched on",
	         family == IP_V4 ? "IPv4" : "IPv6");
	return 0;
}

static int keep_forwarding(const struct host *host, enum ip_family_index family, struct error *err)
{
	int result = forwarding_check(SYSCTL_ROOT, family, err);

	if (result == -EPERM && host->settings->options->enable_forwarding)
		result = switch_on(host, family, err);
	return result;
}

/* The choice is kept: a second uplink, or one more VPN, is no reason to send pods another way. */
static int check_default_route(struct host *host, struct error *err)
{
	const struct link *link;

	if (iface_is_named(host->settings->options))
		return 0;
	if (host->default_route_stale) {
		if (iface_find_default(&host->settings->conf, host->rtnl, &host->default_link,
		                       err) < 0)
			return -err->code;
		host->default_route_stale = false;
	}
	link = link_find(&host->links, host->default_link);
	if (!link || link->index == host->uplink.index)
		return 0;
	return error_set(err, EXDEV,
	                 "the default route leads through %s now; %s, chosen when it led there, "
	                 "stays the interface to the other nodes: restart to choose anew, or name "
	                 "one with --iface",
	                 link->name, host->uplink.name);
}

/* Who wants no rules in FORWARD keeps the packet filters himself. */
static void look_for_obstacles(struct host *host,
                               void (*complain)(void *ctx, const struct error *err), void *ctx)
{
	static const struct prefix nobody[IP_FAMILIES];
	bool wanted = host->settings->options->iptables_forward_rules;

	obstacles_check(&host->obstacles, wanted ? host->settings->conf.network : nobody, complain,
	                ctx);
}

void host_check(struct host *host, const struct plan *plan,
                void (*complain)(void *ctx, const struct error *err), void *ctx)
{
	struct error err;

	for (int i = 0; i < IP_FAMILIES; i++) {
		enum ip_family_index family = (enum ip_family_index)i;

		if (host->settings->conf.network[i].addr.family == 0)
			continue;
		if (keep_forwarding(host, family, &err) < 0)
			complain(ctx, &err);
		host->neighbours[i] = neighbours_look(SYSCTL_ROOT, plan, family);
		if (neighbours_check(&host->neighbours[i], family, &err) < 0)
			complain(ctx, &err);
	}
	if (check_default_route(host, &err) < 0)
		complain(ctx, &err);
	look_for_obstacles(host, complain, ctx);
	if (host->settings->options->cni_conf_file[0])
		cni_file_find_rivals(host->settings->options->cni_conf_file, complain, ctx);
}

static void tell(const struct findings *findings,
                 void (*complain)(void *ctx, const struct error *err), void *ctx)
{
	struct error err;

	for (size_t i = 0; i < findings->count; i++) {
		if (findings->items[i].severity > FINDING_WARNING)
			continue;
		finding_describe(&findings->items[i], EINVAL, &err);
		complain(ctx, &err);
	}
}

void host_check_at_start(const struct host *host,
                         void (*complain)(void *ctx, const struct error *err), void *ctx)
{
	struct check_facts *facts = calloc(1, sizeof(*facts));
	struct findings findings = {0};
	struct error err;

	if (!facts)
		return; /* what needs memory and matters will say so */
	facts->root = "";
	facts->by_daemon = true;
	facts->options = host->settings->options;
	facts->conf = &host->settings->conf;
	facts->links = &host->links;
	facts->uplink = &host->uplink;
	/* Without them less is looked at. */
	iface_find_default(facts->conf, host->rtnl, &facts->default_link, &err);
	default_routes_list_advertised(host->rtnl, facts->links, facts->advertised,
	                               &facts->advertised_count, &err);
	check_run(facts, &findings);
	tell(&findings, complain, ctx);
	findings_free(&findings);
	free(facts);
}

void host_check_bridge(const struct host *host,
                       void (*complain)(void *ctx, const struct error *err), void *ctx)
{
	const struct check_facts facts = {
		.root = "",
		.options = host->settings->options,
		.links = &host->links,
	};
	struct findings findings = {0};

	check_bridge(&facts, &findings);
	tell(&findings, complain, ctx);
	findings_free(&findings);
}
