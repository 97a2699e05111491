/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cni_file.h"
#include "file.h"
#include "host_address.h"
#include "instance.h"
#include "subnet_file.h"

/* Reads what is there; needs no rights. */
static int survey(struct host *host, struct error *err)
{
	const struct settings *settings = host->settings;
	const struct options *options = settings->options;
	struct reconciler_config routes = {
		.protocol = (uint8_t)options->route_protocol,
		.nexthop_mode = options->nexthop_objects,
	};
	int result = rtnl_open(&host->rtnl, err);

	routes.rtnl = host->rtnl;
	memcpy(routes.networks, settings->conf.network, sizeof(routes.networks));
	if (result == 0)
		result = reconciler_new(&routes, &host->reconciler, err);
	if (result == 0)
		result = link_snapshot_read(host->rtnl, &host->links, err);
	if (result == 0)
		result = iface_choose(options, &settings->conf, host->rtnl, &host->links, host->log,
		                      &host->uplink, err);
	host->chosen = host->uplink;
	if (result == 0)
		result = iface_public_ip(options, &host->links, &host->uplink, host->log,
		                         host->public_ip, err);
	return result;
}

int host_open(struct host *host, const struct settings *settings, const struct log *log,
              struct error *err)
{
	int result;

	*host = (struct host){.settings = settings, .log = log, .claim = -1};
	result = instance_check_rights(err);
	if (result == 0)
		result = instance_claim(settings->options->route_protocol, &host->claim, err);
	if (result == 0)
		result = rules_open(log, &host->rules, err);
	return result < 0 ? result : survey(host, err);
}

int host_open_readonly(struct host *host, const struct settings *settings, const struct log *log,
                       struct error *err)
{
	*host = (struct host){.settings = settings, .log = log, .claim = -1};
	return survey(host, err);
}

void host_close(struct host *host)
{
	reconciler_free(host->reconciler);
	link_snapshot_free(&host->links);
	rules_close(host->rules);
	obstacles_free(&host->obstacles);
	rtnl_close(host->rtnl);
	if (host->claim >= 0)
		close(host->claim);
	memset(host, 0, sizeof(*host));
}

/* ---- facts ---- */

/* Replacing an interface, as tools that configure networks do, takes less than this. */
#define STAND_IN_AFTER_MS 5000

/* The chosen interface is gone: may the default route's stand in for it by now? */
static bool may_stand_in(struct host *host)
{
	uint64_t now = uv_hrtime() / 1000000;

	if (host->gone_since == 0)
		host->gone_since = now;
	return !iface_is_named(host->settings->options) &&
	       now - host->gone_since >= STAND_IN_AFTER_MS;
}

static void take_uplink(struct host *host, const struct uplink *uplink)
{
	if (uplink->index != host->uplink.index || strcmp(uplink->name, host->uplink.name) != 0)
		log_warning(host->log,
		            "The interface to the other nodes is %s (index %d) now; it was %s "
		            "(index %d); name one with --iface to keep it whatever the default "
		            "route does",
		            uplink->name, uplink->index, host->uplink.name, host->uplink.index);
	host->uplink = *uplink;
}

static int find_uplink(struct host *host, struct error *err)
{
	const struct settings *settings = host->settings;
	struct uplink stand_in;
	struct error none;
	int result = iface_refresh(&host->links, settings->options->route_table, &host->chosen,
	                           err);

	if (result == 0) {
		host->gone_since = 0;
		take_uplink(host, &host->chosen);
	} else if (result == -ENODEV && may_stand_in(host) &&
	           iface_follow_default_route(&settings->conf, host->rtnl, &host->links, &stand_in,
	                                      &none) == 0) {
		take_uplink(host, &stand_in);
		result = 0;
	}
	return result;
}

static int master_of(const struct link_snapshot *links, int index)
{
	const struct link *link = link_find(links, index);

	return link ? link->master : 0;
}

struct link_watch host_link_watch(const struct host *host)
{
	return (struct link_watch){
		.uplink = host->uplink.index,
		.uplink_gone = host->gone_since != 0,
		.default_link = host->default_link,
	};
}

/* Takes the place of the one that was. */
static void take_snapshot(struct host *host, const struct link_snapshot *fresh)
{
	const struct link_watch watch = host_link_watch(host);

	host->facts += !link_facts_equal(&host->links, fresh, &watch);
	link_snapshot_free(&host->links);
	host->links = *fresh;
}

int host_look(struct host *host, struct error *err)
{
	const struct uplink before = host->uplink;
	struct link_snapshot fresh = {0};
	int master, result;

	rtnl_monitor_drain(host->monitor);
	if (!host->links_stale)
		return 0;
	result = link_snapshot_read(host->rtnl, &fresh, err);
	if (result < 0)
		return result;
	master = master_of(&host->links, before.index);
	take_snapshot(host, &fresh);
	host_choose_by_address(host);
	result = find_uplink(host, err);
	if (result < 0)
		return result;
	host->facts += !uplink_equal(&before, &host->uplink);
	/* Replaced under its name, or put under another master: the routes went with that. */
	if (host->uplink.index != before.index || master_of(&host->links, before.index) != master)
		reconcile_distrust(host->reconciler, true);
	host_update_public_ip(host);
	host->links_stale = false;
	return 0;
}

bool host_has_address(const struct host *host, enum ip_family_index family, struct error *err)
{
	if (host->settings->conf.network[family].addr.family == 0 ||
	    host->uplink.address[family].family != 0)
		return true;
	error_set(err, ENODEV,
	          "interface %s has no global %s address; its routes are left alone until it has; "
	          "give it one, or switch the family off in net-conf.json",
	          host->uplink.name, family == IP_V4 ? "IPv4" : "IPv6");
	return false;
}

void host_distrust(struct host *host)
{
	host->links_stale = true;
	host->default_route_stale = true;
	rules_distrust(host->rules);
	obstacles_distrust(&host->obstacles);
	host->facts++;
	reconcile_distrust(host->reconciler, false);
}

int host_plan(const struct host *host, const struct node_table *nodes, struct plan *plan,
              struct error *err)
{
	const struct options *options = host->settings->options;
	const struct plan_input input = {
		.nodes = nodes,
		.own_name = host->settings->node_name,
		.conf = &host->settings->conf,
		.links = &host->links,
		.uplink = &host->uplink,
		.table = options->route_table,
		.metric = options->route_metric,
		.protocol = (uint8_t)options->route_protocol,
		.blackhole = options->ip_blackhole_route,
	};

	return plan_make(&input, plan, err);
}

/* A family that is switched on and has no pod CIDR yet. */
static bool misses_own_cidr(const struct host *host, const struct plan *plan)
{
	for (int i = 0; i < IP_FAMILIES; i++)
		if (host->settings->conf.network[i].addr.family != 0 &&
		    plan->own[i].addr.family == 0)
			return true;
	return false;
}

int host_check_own_node(const struct host *host, const struct node_table *nodes,
                        const struct plan *plan, struct error *err)
{
	const char *name = host->settings->node_name;

	if (!misses_own_cidr(host, plan))
		return 0;
	if (!node_table_find(nodes, name))
		return error_set(err, ENOENT,
		                 "Waiting: there is no node %s; set --node-name or NODE_NAME to "
		                 "this host's",
		                 name);
	return error_set(err, ENOENT,
	                 "Waiting: node %s has no pod CIDR inside the configured Network for each "
	                 "family; see the controller manager's --allocate-node-cidrs",
	                 name);
}

/* ---- what is kept here ---- */

static struct reconcile_goal make_goal(const struct host *host, const struct plan *plan,
                                       bool may_delete, uint64_t now)
{
	struct reconcile_goal goal = {
		.routes = plan->routes,
		.count = plan->route_count,
		.table = host->settings->options->route_table,
		.uplink = host->uplink.index,
		.may_delete = may_delete,
		.now = now,
	};

	memcpy(goal.own, plan->own, sizeof(goal.own));
	for (int i = 0; i < IP_FAMILIES; i++)
		goal.leave_alone[i] = host->settings->conf.network[i].addr.family != 0 &&
		                      host->uplink.address[i].family == 0;
	return goal;
}

int host_propose_routes(struct host *host, const struct plan *plan, bool may_delete,
                        struct proposal *out, struct error *err)
{
	const struct reconcile_goal goal = make_goal(host, plan, may_delete, 0);

	return reconcile_propose(host->reconciler, &goal, out, err);
}

int host_apply_routes(struct host *host, const struct plan *plan, bool may_delete, uint64_t now,
                      struct reconcile_report *report, struct error *err)
{
	const struct reconcile_goal goal = make_goal(host, plan, may_delete, now);
	int result = reconcile_run(host->reconciler, &goal, report, err);

	/* The interface's number is not the kernel's any more. */
	for (size_t i = 0; result == 0 && i < report->proposal.routes.change_count; i++)
		if (report->proposal.routes.changes[i].result == -ENODEV)
			host->links_stale = true;
	rtnl_monitor_drain(host->monitor);
	reconcile_settle(host->reconciler);
	return result;
}

static void desire_rules(const struct host *host, const struct prefix own[IP_FAMILIES],
                         struct rules_wanted *wanted)
{
	const struct settings *settings = host->settings;
	const struct options *options = settings->options;
	struct masquerade_rules *rules = &wanted->masquerade;

	memset(wanted, 0, sizeof(*wanted)); /* padding too: they are compared as bytes */
	rules->masquerade = options->ip_masq;
	rules->forward = options->iptables_forward_rules;
	rules->fully_random = !options->ip_masq_fully_random_disable;
	memcpy(rules->cluster, settings->conf.network, sizeof(rules->cluster));
	memcpy(rules->own, own, sizeof(rules->own));
	rules->nonmasquerade = settings->nonmasquerade;
	rules->nonmasquerade_count = settings->nonmasquerade_count;
	if (options->iptables_forward_rules)
		memcpy(wanted->forward.network, settings->conf.network,
		       sizeof(wanted->forward.network));
}

int host_apply_rules(struct host *host, const struct prefix own[IP_FAMILIES], uint64_t now,
                     struct error *err)
{
	struct rules_wanted wanted;

	desire_rules(host, own, &wanted);
	if (rules_apply(host->rules, &wanted, now, err) < 0)
		return error_wrap(err, "cannot install the nftables rules");
	return 0;
}

int host_write_subnet_file(const struct host *host, const struct prefix own[IP_FAMILIES],
                           bool *changed, struct error *err)
{
	const struct options *options = host->settings->options;
	struct subnet_file file = {.mtu = host->uplink.mtu, .ip_masq = options->ip_masq};
	char text[SUBNET_FILE_TEXT_MAX];

	memcpy(file.network, host->settings->conf.network, sizeof(file.network));
	memcpy(file.own, own, sizeof(file.own));
	return file_write(options->subnet_file, subnet_file_print(&file, text), changed, err);
}

int host_write_cni_file(const struct host *host, const struct prefix own[IP_FAMILIES],
                        bool *changed, struct error *err)
{
	const struct options *options = host->settings->options;
	struct cni_conf conf = {.mtu = host->uplink.mtu, .ip_masq = options->ip_masq};

	memcpy(conf.network, host->settings->conf.network, sizeof(conf.network));
	memcpy(conf.own, own, sizeof(conf.own));
	return cni_file_write(options, &conf, changed, err);
}
