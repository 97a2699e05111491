/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cleanup_command.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "cleanup_node.h"
#include "cleanup_routes.h"
#include "file.h"
#include "hostgw/flannel_rules.h"
#include "hostgw/forward_rules.h"
#include "hostgw/link.h"
#include "hostgw/masquerade.h"
#include "instance.h"
#include "route_text.h"
#include "settings.h"
#include "warm_state.h"

struct cleanup {
	const struct options *options;
	const struct log *log;
	struct settings settings; /* see settings_load_for_cleanup */
	struct net_conf conf;     /* with --flannel */
	struct rtnl *rtnl;
	struct nft *nft;
	struct link_snapshot links;
	int claim;
	size_t removed, failed;
};

/* ---- words ---- */

/* Something goes, or would go. */
__attribute__((format(printf, 2, 3))) static void tell(struct cleanup *cleanup, const char *format,
                                                       ...)
{
	va_list args;

	fputs(cleanup->options->dry_run ? "would remove " : "removed ", stdout);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	cleanup->removed++;
}

static void note_failure(struct cleanup *cleanup, const struct error *err)
{
	log_error(cleanup->log, "%s", err->text);
	cleanup->failed++;
}

static void note_refusal(struct cleanup *cleanup, const char *what, int result, const char *detail)
{
	struct error err;

	error_set(&err, -result, "%s: %s", what, detail ? detail : strerror(-result));
	note_failure(cleanup, &err);
}

/* ---- routes and nexthop objects ---- */

static const char *describe(const struct route *route, char *text, size_t size)
{
	char dst[PREFIX_TEXT_MAX];

	/* Its gateway is the object's. */
	if (route->nexthop_id == 0 && (route->via.family != 0 || route->type == RTN_BLACKHOLE))
		return route_describe(route, text, size);
	snprintf(text, size, "%s nhid %u", prefix_format(&route->dst, dst), route->nexthop_id);
	return text;
}

static int send_routes(struct cleanup *cleanup, const struct cleanup_finds *gone, struct error *err)
{
	struct route_change *changes = calloc(gone->route_count + 1, sizeof(*changes));
	int result = 0;

	if (!changes)
		return error_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < gone->route_count; i++) {
		changes[i].verb = ROUTE_DELETE;
		changes[i].route = gone->routes[i];
	}
	if (!cleanup->options->dry_run && gone->route_count > 0)
		result = route_apply(cleanup->rtnl, changes, gone->route_count, err);
	for (size_t i = 0; i < gone->route_count && result == 0; i++) {
		char text[256];

		describe(&gone->routes[i], text, sizeof(text));
		if (changes[i].result == 0)
			tell(cleanup, "route %s", text);
		else if (changes[i].result != -ESRCH) /* it went by itself */
			note_refusal(cleanup, text, changes[i].result, changes[i].detail);
	}
	route_changes_release(changes, gone->route_count);
	free(changes);
	return result;
}

static int send_nexthops(struct cleanup *cleanup, const struct cleanup_finds *gone,
                         struct error *err)
{
	struct nexthop_change *changes = calloc(gone->nexthop_count + 1, sizeof(*changes));
	int result = 0;

	if (!changes)
		return error_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < gone->nexthop_count; i++) {
		changes[i].verb = NEXTHOP_DELETE;
		changes[i].nexthop = gone->nexthops[i];
	}
	if (!cleanup->options->dry_run && gone->nexthop_count > 0)
		result = nexthop_apply(cleanup->rtnl, changes, gone->nexthop_count, err);
	for (size_t i = 0; i < gone->nexthop_count && result == 0; i++) {
		char text[64];

		snprintf(text, sizeof(text), "nexthop object %u", gone->nexthops[i].id);
		if (changes[i].result == 0)
			tell(cleanup, "%s", text);
		else if (changes[i].result != -ENOENT)
			note_refusal(cleanup, text, changes[i].result, changes[i].detail);
	}
	nexthop_changes_release(changes, gone->nexthop_count);
	free(changes);
	return result;
}

static int remove_routes(struct cleanup *cleanup, struct error *err)
{
	struct cleanup_scope scope = {
		.protocol = (uint8_t)cleanup->options->route_protocol,
		.flannel = cleanup->options->flannel,
	};
	struct cleanup_finds all, gone, kept;
	int result = cleanup_read(cleanup->rtnl, &all, err);

	if (result < 0)
		return result;
	memcpy(scope.network, cleanup->conf.network, sizeof(scope.network));
	cleanup_choose(&all, &scope, &gone, &kept);
	if (gone.no_memory || kept.no_memory)
		result = error_set(err, ENOMEM, "out of memory");
	if (result == 0)
		result = send_routes(cleanup, &gone, err);
	if (result == 0)
		result = send_nexthops(cleanup, &gone, err);
	for (size_t i = 0; i < kept.nexthop_count; i++)
		log_warning(
			cleanup->log,
			"nexthop object %u stays: another program's route leads through it; remove "
			"that (ip route show nhid %u), and run this again",
			kept.nexthops[i].id, kept.nexthops[i].id);
	cleanup_finds_release(&all);
	cleanup_finds_release(&gone);
	cleanup_finds_release(&kept);
	return result;
}

/* ---- rules ---- */

static void remove_rules(struct cleanup *cleanup)
{
	const struct masquerade_rules none = {0};
	const struct forward_rules no_network = {0};
	struct masquerade_report report;
	struct error err;
	bool changed;

	if (masquerade_apply(cleanup->nft, &none, &report, &err) < 0)
		note_failure(cleanup, &err);
	else if (report.changed)
		tell(cleanup, "nftables table inet %s", MASQUERADE_TABLE);
	if (forward_rules_apply(cleanup->nft, &no_network, &changed, &err) < 0)
		note_failure(cleanup, &err);
	else if (changed)
		tell(cleanup, "our rules in iptables' chain FORWARD");
	if (!cleanup->options->flannel)
		return;
	if (flannel_rules_remove(cleanup->nft, &changed, &err) < 0)
		note_failure(cleanup, &err);
	else if (changed)
		tell(cleanup,
		     "flannel's nftables tables, its iptables chains and what leads there");
}

/* It may be that flannel's other backends still run; ours has no such link. */
static void note_flannel_link(struct cleanup *cleanup)
{
	struct error err;

	if (link_snapshot_read(cleanup->rtnl, &cleanup->links, &err) < 0)
		note_failure(cleanup, &err);
	else if (link_find_name(&cleanup->links, "flannel.1"))
		log_warning(cleanup->log, "interface flannel.1, of flannel's vxlan, stays: if no "
		                          "flannel runs here any more: ip link delete flannel.1");
}

/* ---- files ---- */

/* The folder goes with its last file, as the daemon makes it with the first. */
static void remove_folder(const char *path)
{
	char copy[PATH_MAX];

	if (snprintf(copy, sizeof(copy), "%s", path) < (int)sizeof(copy))
		rmdir(dirname(copy));
}

static void remove_file(struct cleanup *cleanup, const char *path, bool and_folder)
{
	struct error err;

	if (!path[0])
		return;
	if (cleanup->options->dry_run) {
		if (access(path, F_OK) == 0)
			tell(cleanup, "file %s", path);
		return;
	}
	file_remove_leftovers(path);
	if (unlink(path) == 0) {
		tell(cleanup, "file %s", path);
	} else if (errno != ENOENT && errno != ENOTDIR) {
		error_set(&err, errno, "cannot remove %s: %s", path, strerror(errno));
		note_failure(cleanup, &err);
	}
	if (and_folder)
		remove_folder(path);
}

static void remove_files(struct cleanup *cleanup)
{
	const char *state_dir = cleanup->options->state_dir;
	char warm_state[PATH_MAX];

	remove_file(cleanup, cleanup->options->subnet_file, true);
	if (cleanup->options->status_socket[0]) /* a daemon that ended in order took it along */
		remove_file(cleanup, cleanup->options->status_socket, true);
	if (state_dir[0] && snprintf(warm_state, sizeof(warm_state), "%s/" WARM_STATE_FILE,
	                             state_dir) < (int)sizeof(warm_state))
		remove_file(cleanup, warm_state, true);
}

/* ---- the Node ---- */

static void forget_annotations(struct cleanup *cleanup)
{
	struct settings *settings = &cleanup->settings;
	struct error err;

	if (!settings->kube)
		return;
	if (cleanup_node_forget(settings, cleanup->options->dry_run, &err) < 0)
		note_failure(cleanup, &err);
	else
		tell(cleanup, "our annotations of node %s", settings->node_name);
}

/* ---- life ---- */

static void warn(void *ctx, const char *text)
{
	log_warning((const struct log *)ctx, "%s", text);
}

/* Mistakes first, then whether nobody is at work here. Returns the exit code. */
static int get_ready(struct cleanup *cleanup, struct error *err)
{
	const struct options *options = cleanup->options;
	int result = settings_load_for_cleanup(options, &cleanup->settings, err);

	if (result == 0 && options->flannel)
		result = net_conf_read(options->net_config_path, &cleanup->conf, warn,
		                       (void *)cleanup->log, err);
	if (result < 0)
		return EXIT_MISTAKE;
	result = instance_check_rights(err);
	if (result == 0 && !options->dry_run)
		result = instance_claim(options->route_protocol, &cleanup->claim, err);
	if (result == 0)
		result = rtnl_open(&cleanup->rtnl, err);
	if (result == 0)
		result = options->dry_run ? nft_open_dry(&cleanup->nft, err)
		                          : nft_open(&cleanup->nft, err);
	return result < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* First what lets pods start here and tells other nodes of this one. */
static void remove_all(struct cleanup *cleanup)
{
	struct error err;

	remove_file(cleanup, cleanup->options->cni_conf_file, false);
	forget_annotations(cleanup);
	if (remove_routes(cleanup, &err) < 0)
		note_failure(cleanup, &err);
	remove_rules(cleanup);
	if (cleanup->options->flannel)
		note_flannel_link(cleanup);
	remove_files(cleanup);
}

static void print_summary(const struct cleanup *cleanup)
{
	if (cleanup->removed == 0 && cleanup->failed == 0)
		puts("nothing to remove");
	else if (cleanup->options->dry_run)
		printf("%zu to remove; nothing was changed\n", cleanup->removed);
	else
		printf("%zu removed, %zu failed%s\n", cleanup->removed, cleanup->failed,
		       cleanup->failed > 0 ? "; mend what the errors name, and run it again" : "");
}

int cleanup_command_run(const struct options *options, const struct log *log)
{
	struct cleanup cleanup = {.options = options, .log = log, .claim = -1};
	struct error err;
	int code = get_ready(&cleanup, &err);

	if (code != EXIT_SUCCESS) {
		log_error(log, "%s", err.text);
	} else {
		remove_all(&cleanup);
		print_summary(&cleanup);
		code = cleanup.failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	}
	link_snapshot_free(&cleanup.links);
	nft_close(cleanup.nft);
	rtnl_close(cleanup.rtnl);
	settings_free(&cleanup.settings);
	if (cleanup.claim >= 0)
		close(cleanup.claim);
	return code;
}
