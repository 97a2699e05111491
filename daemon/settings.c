/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "settings.h"

#include <ctype.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cni_file.h"
#include "file.h"

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
	if (options->kube_subnet_mgr || options->nodes_file[0])
		return 0;
	if (options->etcd_flag)
		return error_set(
			err, EINVAL,
			"--%s: flannel's etcd mode is not supported: give --kube-subnet-mgr "
			"in its place where there is a Kubernetes API, or --nodes-file FILE "
			"with the hosts and their CIDRs",
			options->etcd_flag);
	return error_set(err, EINVAL,
	                 "no source of nodes: give --kube-subnet-mgr (the Kubernetes API) or "
	                 "--nodes-file FILE; flannel's etcd mode is not supported");
}

/* Marks of the kernel and of other programs (linux/rtnetlink.h): what carries them is not ours to
 * delete. */
static bool is_taken_protocol(uint32_t protocol)
{
	static const uint8_t taken[] = {
		RTPROT_GATED,      RTPROT_RA,    RTPROT_MRT,   RTPROT_ZEBRA, RTPROT_BIRD,
		RTPROT_DNROUTED,   RTPROT_XORP,  RTPROT_NTK,   RTPROT_DHCP,  RTPROT_MROUTED,
		RTPROT_KEEPALIVED, RTPROT_BABEL, RTPROT_OPENR, RTPROT_BGP,   RTPROT_ISIS,
		RTPROT_OSPF,       RTPROT_RIP,   RTPROT_EIGRP,
	};

	return protocol <= RTPROT_STATIC || memchr(taken, (int)protocol, sizeof(taken));
}

static int check_numbers(const struct options *options, struct error *err)
{
	if (is_taken_protocol(options->route_protocol))
		return error_set(err, EINVAL,
		                 "--route-protocol %u is the mark of the kernel or of another "
		                 "program, whose routes would be taken for ours; leave the "
		                 "default 72, or take one that linux/rtnetlink.h does not name",
		                 options->route_protocol);
	if (options->route_table == 0 || options->route_table == RT_TABLE_LOCAL)
		return error_set(err, EINVAL,
		                 "--route-table %u: take main (254) or a table of your own",
		                 options->route_table);
	return 0;
}

static int check_prefix(const struct options *options, struct error *err)
{
	if (!options->kube_annotation_prefix[0])
		return error_set(err, EINVAL,
		                 "--kube-annotation-prefix is empty; flannel's is "
		                 "flannel.alpha.coreos.com");
	return 0;
}

static int check_subnet_file(const struct options *options, struct error *err)
{
	if (file_check_target(options->subnet_file, err) < 0)
		return error_wrap(err, "--subnet-file");
	return 0;
}

static int add_nonmasquerade(const char *text, struct settings *out, struct error *err)
{
	if (out->nonmasquerade_count == OPTION_LIST_MAX)
		return error_set(err, E2BIG, "--nonmasquerade-cidr: more than %d CIDRs",
		                 OPTION_LIST_MAX);
	if (!prefix_parse(text, &out->nonmasquerade[out->nonmasquerade_count++]))
		return error_set(err, EINVAL,
		                 "--nonmasquerade-cidr: \"%s\" is not a CIDR such as "
		                 "192.168.0.0/16",
		                 text);
	return 0;
}

/* The list that Kubernetes' flags of this kind take is divided by commas as well. */
static int read_nonmasquerade(const struct options *options, struct settings *out,
                              struct error *err)
{
	int result = 0;

	for (size_t i = 0; i < options->nonmasquerade_cidr.count && result == 0; i++) {
		char *list = strdup(options->nonmasquerade_cidr.items[i]), *rest = list, *item;

		if (!list)
			return error_set(err, ENOMEM, "out of memory");
		while (result == 0 && (item = strsep(&rest, ",")))
			result = add_nonmasquerade(item, out, err);
		free(list);
	}
	return result;
}

/* How flannel's manifest tells a Pod who it is. */
static bool choose_pod(const struct options *options, struct settings *out)
{
	const char *name_space = getenv("POD_NAMESPACE");
	const char *name = getenv("POD_NAME");

	if (!options->kube_subnet_mgr || !name_space || !*name_space || !name || !*name)
		return false;
	out->pod_namespace = name_space;
	out->pod_name = name;
	return true;
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
	if (choose_pod(options, out))
		return 0;
	if (gethostname(out->node_name, size) < 0)
		return error_set(err, errno, "the host name: %s; give --node-name",
		                 strerror(errno));
	out->node_name[size - 1] = '\0';
	/* kubelet registers the host name in lower case. */
	for (char *at = out->node_name; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	return 0;
}

/* kubectl merges several files; a daemon's configuration is one. */
static int check_one_file(const char *files, struct error *err)
{
	if (access(files, F_OK) == 0 || !strchr(files, ':'))
		return 0;
	return error_set(err, EINVAL,
	                 "KUBECONFIG names several files (%s), which are not merged here: give "
	                 "the one that counts with --kubeconfig-file",
	                 files);
}

static int find_kube_config(const struct options *options, struct settings *out, struct error *err)
{
	const char *from_environment = getenv("KUBECONFIG");
	const char *file = options->kubeconfig_file;
	const char *server = options->kube_api_url;

	if (!options->kube_subnet_mgr)
		return 0;
	if (!file[0] && from_environment) {
		file = from_environment;
		if (check_one_file(file, err) < 0)
			return -err->code;
	}
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
		result = check_prefix(options, err);
	if (result == 0)
		result = check_subnet_file(options, err);
	if (result == 0)
		result = read_nonmasquerade(options, out, err);
	if (result == 0)
		result = choose_node_name(options, out, err);
	if (result == 0)
		result = net_conf_read(options->net_config_path, &out->conf, warn, (void *)log,
		                       err);
	if (result == 0)
		result = cni_file_check(options, out->conf.network, err);
	if (result == 0)
		result = find_kube_config(options, out, err);
	return result;
}

int settings_load_for_cleanup(const struct options *options, struct settings *out,
                              struct error *err)
{
	int result = check_numbers(options, err);

	*out = (struct settings){.options = options};
	if (result == 0)
		result = check_prefix(options, err);
	if (result == 0)
		result = choose_node_name(options, out, err);
	if (result == 0)
		result = find_kube_config(options, out, err);
	return result;
}

void settings_free(struct settings *settings)
{
	kube_config_free(settings->kube);
	settings->kube = NULL;
}
