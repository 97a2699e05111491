/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line and the environment, by the table of flags (option_table.h). Flannel's flags are
 * read from FLANNELD_<NAME> too, hostgwd's own from HOSTGW_<NAME>; a flag wins.
 */
#ifndef DAEMON_OPTIONS_H
#define DAEMON_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hostgw/error.h"
#include "nexthop_plan.h"

/* The exit code for a mistake in usage or configuration. */
#define EXIT_MISTAKE 2

#define OPTION_LIST_MAX 32

struct option_list {
	const char *items[OPTION_LIST_MAX];
	size_t count;
};

/* How a command prints what it shows; the daemon prints nothing. */
enum output_format { OUTPUT_UNSET, OUTPUT_TEXT, OUTPUT_IP, OUTPUT_JSON };

/* Texts are borrowed from argv and the environment; "" is "not given". */
struct options {
	/* where nodes come from */
	bool kube_subnet_mgr;
	const char *kube_api_url;
	const char *kubeconfig_file;
	const char *kube_annotation_prefix;
	const char *nodes_file;
	const char *node_name;
	bool annotate;
	bool set_node_network_unavailable;
	bool events;
	const char *etcd_flag; /* one of flannel's etcd mode that was given; NULL: none was */
	/* the interface */
	struct option_list iface;
	struct option_list iface_regex;
	const char *iface_can_reach;
	const char *public_ip;
	const char *public_ipv6;
	/* routes and rules */
	uint32_t route_protocol;
	uint32_t route_table;
	uint32_t route_metric;
	enum nexthop_mode nexthop_objects;
	bool ip_blackhole_route;
	bool ip_masq;
	bool ip_masq_fully_random_disable;
	bool iptables_forward_rules;
	struct option_list nonmasquerade_cidr;
	bool enable_forwarding;
	/* files */
	const char *net_config_path;
	const char *subnet_file;
	const char *state_dir;
	const char *cni_conf_file;
	const char *cni_conf_template;
	/* watching it */
	const char *healthz_ip;
	uint32_t healthz_port;
	const char *status_socket;
	uint32_t verbosity;
	const char *log_format;
	const char *vmodule;
	enum output_format output;
	bool dry_run; /* of cleanup */
	bool flannel; /* of cleanup */
	const char *node; /* of hostgwd status */
	bool version;
	bool help;
};

/* Called with a sentence for flags that are accepted but have no effect here. */
typedef void (*option_note_fn)(void *ctx, const char *text);

/*
 * Fills *out from the defaults, then the environment (`lookup`, like getenv(3)), then the
 * arguments after argv[0]. -EINVAL: unknown flag, wrong or missing value, an argument that is no
 * flag; `err` names it and what is expected.
 */
int options_parse(int argc, char *const argv[], const char *(*lookup)(const char *name),
                  struct options *out, option_note_fn note, void *ctx, struct error *err);

#endif
