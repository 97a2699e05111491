/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "settings.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void warn(void *ctx, const char *text)
{
	log_warning((const struct log *)ctx, "%s", text);
}

static int check_source(const struct options *options, struct error *err)
{
	if (options->kube_subnet_mgr && options->nodes_file[0])
		return error_set(err, EINVAL,
		                 "--kube-subnet-mgr and --nodes-file are two sources of nodes; "
		                 "give one of them");
	if (!options->kube_subnet_mgr && !options->nodes_file[0])
		return error_set(err, EINVAL,
		                 "no source of nodes: give --kube-subnet-mgr (the Kubernetes API) "
		                 "or --nodes-file FILE; flannel's etcd mode is not supported");
	return 0;
}

static int check_numbers(const struct options *options, struct error *err)
{
	/* Below 4 are the kernel's own and `ip route`'s; rtnetlink(7). */
	if (options->route_protocol < 5)
		return error_set(err, EINVAL,
		                 "--route-protocol %u is the kernel's own or another program's "
		                 "mark; take one from 5 to 255, such as the default 72",
		                 options->route_protocol);
	if (options->route_table == 0 || options->route_table == 255)
		return error_set(err, EINVAL,
		                 "--route-table %u: take main (254) or a table of your own",
		                 options->route_table);
	return 0;
}

/* The list that Kubernetes' flags of this kind take is divided by commas as well. */
static int read_nonmasquerade(const struct options *options, struct settings *out,
                              struct error *err)
{
	for (size_t i = 0; i < options->nonmasquerade_cidr.count; i++) {
		char text[1024], *rest = text, *item;

		snprintf(text, sizeof(text), "%s", options->nonmasquerade_cidr.items[i]);
		while ((item = strsep(&rest, ","))) {
			if (out->nonmasquerade_count == OPTION_LIST_MAX)
				return error_set(err, E2BIG,
				                 "--nonmasquerade-cidr: more than %d CIDRs",
				                 OPTION_LIST_MAX);
			if (!prefix_parse(item, &out->nonmasquerade[out->nonmasquerade_count++]))
				return error_set(err, EINVAL,
				                 "--nonmasquerade-cidr %s: \"%s\" is not a CIDR "
				                 "such as 192.168.0.0/16",
				                 options->nonmasquerade_cidr.items[i], item);
		}
	}
	return 0;
}

static int choose_node_name(const struct options *options, struct settings *out, struct error *err)
{
	const char *from_environment = getenv("NODE_NAME");
	const char *given = options->node_name[0] ? options->node_name : from_environment;
	size_t size = sizeof(out->node_name);

	if (given && given[0]) {
		if ((size_t)snprintf(out->node_name, size, "%s", given) >= size)
			return error_set(err, EINVAL, "node name %s: longer than %d characters",
			                 given, NODE_NAME_MAX);
		return 0;
	}
	if (gethostname(out->node_name, size) < 0)
		return error_set(err, errno, "the host name: %s; give --node-name",
		                 strerror(errno));
	out->node_name[size - 1] = '\0';
	/* kubelet registers the host name in lower case. */
	for (char *at = out->node_name; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	return 0;
}

static int find_kube_config(const struct options *options, struct settings *out, struct error *err)
{
	const char *from_environment = getenv("KUBECONFIG");
	const char *file = options->kubeconfig_file;
	const char *server = options->kube_api_url;

	if (!options->kube_subnet_mgr)
		return 0;
	if (!file[0] && from_environment)
		file = from_environment;
	if (file[0])
		return kube_config_read(file, server[0] ? server : NULL, &out->kube, err);
	if (server[0])
		return kube_config_bare(server, &out->kube, err);
	return kube_config_in_cluster(NULL, &out->kube, err);
}

int settings_load(const struct options *options, const struct log *log, struct settings *out,
                  struct error *err)
{
	int result;

	memset(out, 0, sizeof(*out));
	out->options = options;
	result = check_source(options, err);
	if (result == 0)
		result = check_numbers(options, err);
	if (result == 0)
		result = read_nonmasquerade(options, out, err);
	if (result == 0)
		result = choose_node_name(options, out, err);
	if (result == 0)
		result = net_conf_read(options->net_config_path, &out->conf, warn, (void *)log,
		                       err);
	if (result == 0)
		result = find_kube_config(options, out, err);
	return result;
}

void settings_free(struct settings *settings)
{
	kube_config_free(settings->kube);
	settings->kube = NULL;
}
