/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check_gather.h"

#include <sys/timex.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <uv.h>

#include "check_api.h"
#include "hostgw/forward_obstacles.h"
#include "iface.h"
#include "instance.h"
#include "nodes_file.h"

/* ---- this process and its kernel ---- */

static void look_at_system(struct check_host *host)
{
	struct check_facts *facts = &host->facts;
	struct timex clock = {.modes = 0};
	struct utsname name;
	int claim;

	if (uname(&name) == 0)
		snprintf(host->kernel, sizeof(host->kernel), "%s", name.release);
	facts->kernel = host->kernel;
	facts->clock_unsynchronized = adjtimex(&clock) < 0 || clock.status & STA_UNSYNC;
	instance_check_rights(&facts->rights);
	/* Held for a moment: a daemon that starts just then is told of another one. */
	if (instance_claim(facts->options->route_protocol, &claim, &facts->claimed) == 0)
		close(claim);
}

/* ---- flags and files ---- */

static void keep_warning(void *ctx, const char *text)
{
	struct check_facts *facts = ctx;

	if (facts->conf_warning_count < CHECK_CONF_WARNINGS_MAX)
		error_set(&facts->conf_warnings[facts->conf_warning_count++], EINVAL, "%s", text);
}

static void look_at_settings(struct check_host *host, const struct log *log)
{
	struct check_facts *facts = &host->facts;
	const struct options *options = facts->options;
	struct error err;

	facts->source_given = options->kube_subnet_mgr || options->nodes_file[0];
	if (net_conf_read(options->net_config_path, &host->conf, keep_warning, facts, &err) == 0)
		facts->conf = &host->conf;
	else
		facts->settings = err;
	if (facts->source_given && facts->conf &&
	    settings_load(options, log, &host->settings, &err) < 0)
		facts->settings = err;
	snprintf(host->node_name, sizeof(host->node_name), "%s", host->settings.node_name);
	facts->node_name = host->node_name;
}

/* ---- the interface ---- */

static int read_network(struct check_host *host, const struct log *log, struct error *err)
{
	struct check_facts *facts = &host->facts;
	struct ip_addr public_ip[IP_FAMILIES] = {0};
	int result = rtnl_open(&host->rtnl, err);

	if (result == 0)
		result = link_snapshot_read(host->rtnl, &host->links, err);
	if (result < 0)
		return result;
	facts->links = &host->links;
	default_routes_list_advertised(host->rtnl, &host->links, facts->advertised,
	                               &facts->advertised_count, err);
	if (!facts->conf)
		return 0;
	iface_find_default(facts->conf, host->rtnl, &facts->default_link, err);
	result = iface_choose(facts->options, facts->conf, host->rtnl, &host->links, log,
	                      &host->uplink, err);
	if (result < 0)
		return result;
	facts->uplink = &host->uplink;
	return iface_public_ip(facts->options, &host->links, &host->uplink, log, public_ip, err);
}

/* ---- what is forwarded ---- */

static void add_obstacle(void *ctx, const struct error *err)
{
	struct check_facts *facts = ctx;

	if (facts->obstacle_count < CHECK_OBSTACLES_MAX)
		facts->obstacles[facts->obstacle_count++] = *err;
}

static void look_at_firewalls(struct check_host *host)
{
	struct check_facts *facts = &host->facts;
	struct error *err = &facts->obstacles_error;
	struct nft *nft;
	int result = nft_open(&nft, err);

	if (result == 0) {
		result = forward_obstacles_find(nft, host->conf.network, add_obstacle, facts, err);
		nft_close(nft);
	}
	facts->obstacles_known = result == 0;
}

/* ---- a nodes file ---- */

static void on_list(void *ctx)
{
	(void)ctx;
}

static void on_list_end(void *ctx, bool complete)
{
	(void)ctx;
	(void)complete;
}

static void on_node(void *ctx, const struct node_record *record)
{
	struct check_facts *facts = ctx;

	facts->node_count++;
	if (strcmp(record->name, facts->node_name) != 0)
		return;
	facts->own_node_there = true;
	facts->own_cidr_there = record->pod_cidr_count > 0;
}

static void look_at_nodes_file(struct check_host *host)
{
	const struct node_sink sink = {
		.ctx = &host->facts,
		.list_begin = on_list,
		.node_changed = on_node,
		.list_end = on_list_end,
	};
	const struct options *options = host->facts.options;
	struct check_facts *facts = &host->facts;
	struct nodes_file *file;
	uv_loop_t loop;
	int result = uv_loop_init(&loop);

	facts->source = options->nodes_file;
	if (result < 0) {
		error_set(&facts->source_error, -result,
		          "starting the event loop: %s; see ulimit -n", uv_strerror(result));
		return;
	}
	/* The first reading is over when it returns; what follows is not waited for. */
	if (nodes_file_start(&loop, options->nodes_file, options->kube_annotation_prefix, &sink,
	                     &file, &facts->source_error) == 0) {
		facts->own_node_known = true;
		nodes_file_close(file);
	}
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
}

void check_gather(struct check_host *host, const struct options *options, const struct log *log)
{
	struct check_facts *facts = &host->facts;
	struct error err;

	memset(host, 0, sizeof(*host));
	facts->root = "";
	facts->options = options;
	look_at_system(host);
	look_at_settings(host, log);
	if (read_network(host, log, &err) < 0)
		facts->uplink_error = err;
	if (facts->conf)
		look_at_firewalls(host);
	if (facts->settings.code == 0 && options->nodes_file[0])
		look_at_nodes_file(host);
	else if (host->settings.kube)
		check_api_ask(host);
}

void check_release(struct check_host *host)
{
	link_snapshot_free(&host->links);
	rtnl_close(host->rtnl);
	settings_free(&host->settings);
}
