/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "option_table.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "options.h"

#define FIELD(member) offsetof(struct options, member)

const struct option_spec option_table[] = {
	{"Where nodes come from", "kube-subnet-mgr", NULL, OPTION_BOOL, false, 0,
         FIELD(kube_subnet_mgr), "false", NULL, "read Nodes from the Kubernetes API"},
	{NULL, "nodes-file", NULL, OPTION_TEXT, true, 0, FIELD(nodes_file), "", "FILE",
         "read nodes from FILE (JSON or YAML), followed when it changes"},
	{NULL, "kubeconfig-file", NULL, OPTION_TEXT, false, 0, FIELD(kubeconfig_file), "", "FILE",
         "how to reach the API; default: $KUBECONFIG, else in-cluster"},
	{NULL, "kube-api-url", NULL, OPTION_TEXT, false, 0, FIELD(kube_api_url), "", "URL",
         "the API server, in place of the kubeconfig's"},
	{NULL, "kube-annotation-prefix", NULL, OPTION_TEXT, false, 0, FIELD(kube_annotation_prefix),
         "flannel.alpha.coreos.com", "PREFIX", "prefix of the annotations on Nodes"},
	{NULL, "node-name", NULL, OPTION_TEXT, true, 0, FIELD(node_name), "", "NAME",
         "this host's Node; default: $NODE_NAME, else that of $POD_NAME, else the host name"},
	{NULL, "annotate", NULL, OPTION_BOOL, true, 0, FIELD(annotate), "true", NULL,
         "write annotations and condition of this host's Node"},
	{NULL, "set-node-network-unavailable", NULL, OPTION_BOOL, false, 0,
         FIELD(set_node_network_unavailable), "true", NULL,
         "set condition NetworkUnavailable=False when ready"},
	{NULL, "events", NULL, OPTION_BOOL, true, 0, FIELD(events), "true", NULL,
         "tell of skipped nodes and foreign routes by Kubernetes Events"},

	{"The interface to the other nodes", "iface", NULL, OPTION_LIST, false, 0, FIELD(iface), "",
         "NAME|IP",
         "interface by name or address; repeatable, the first that exists; "
         "default: the one of the default route"},
	{NULL, "iface-regex", NULL, OPTION_LIST, false, 0, FIELD(iface_regex), "", "REGEX",
         "interface whose name or address matches; repeatable, tried after --iface"},
	{NULL, "iface-can-reach", NULL, OPTION_TEXT, false, 0, FIELD(iface_can_reach), "", "IP",
         "interface that the kernel would use to reach IP"},
	{NULL, "public-ip", NULL, OPTION_TEXT, false, 0, FIELD(public_ip), "", "IP",
         "address that other nodes use as next hop; default: the interface's"},
	{NULL, "public-ipv6", NULL, OPTION_TEXT, false, 0, FIELD(public_ipv6), "", "IP",
         "the same for IPv6"},

	{"Routes and rules", "route-protocol", NULL, OPTION_NUMBER, true, 255,
         FIELD(route_protocol), "72", "N", "mark of our routes (rt_protos)"},
	{NULL, "route-table", NULL, OPTION_NUMBER, true, UINT32_MAX, FIELD(route_table), "254", "N",
         "routing table (254 is main)"},
	{NULL, "route-metric", NULL, OPTION_NUMBER, true, UINT32_MAX, FIELD(route_metric), "0", "N",
         "metric of our routes; 0: the kernel's default (IPv6: 1024)"},
	{NULL, "nexthop-objects", NULL, OPTION_CHOICE, true, 0, FIELD(nexthop_objects), "auto",
         "auto|always|never",
         "lead IPv4 routes through nexthop objects; auto: when there are many"},
	{NULL, "ip-blackhole-route", NULL, OPTION_BOOL, false, 0, FIELD(ip_blackhole_route),
         "false", NULL, "unused addresses of the own pod CIDR do not loop"},
	{NULL, "ip-masq", NULL, OPTION_BOOL, false, 0, FIELD(ip_masq), "false", NULL,
         "masquerade what pods send out of the cluster"},
	{NULL, "ip-masq-fully-random-disable", NULL, OPTION_BOOL, false, 0,
         FIELD(ip_masq_fully_random_disable), "false", NULL,
         "do not choose source ports at random"},
	{NULL, "nonmasquerade-cidr", NULL, OPTION_LIST, true, 0, FIELD(nonmasquerade_cidr), "",
         "CIDR", "destination that sees pod addresses; repeatable"},
	{NULL, "iptables-forward-rules", NULL, OPTION_BOOL, false, 0, FIELD(iptables_forward_rules),
         "true", NULL, "accept pod traffic in forward"},
	{NULL, "enable-forwarding", NULL, OPTION_BOOL, true, 0, FIELD(enable_forwarding), "false",
         NULL, "switch on the kernel's forwarding where it is off"},

	{"Files", "net-config-path", NULL, OPTION_TEXT, false, 0, FIELD(net_config_path),
         "/etc/kube-flannel/net-conf.json", "FILE", "the network's configuration"},
	{NULL, "subnet-file", NULL, OPTION_TEXT, false, 0, FIELD(subnet_file),
         "/run/flannel/subnet.env", "FILE", "written for CNI plugins and scripts"},
	{NULL, "cni-conf-file", NULL, OPTION_TEXT, true, 0, FIELD(cni_conf_file), "", "FILE",
         "write the CNI configuration for the plugins bridge, host-local and portmap to FILE; "
         "flannel's is /etc/cni/net.d/10-flannel.conflist"},
	{NULL, "cni-conf-template", NULL, OPTION_TEXT, true, 0, FIELD(cni_conf_template), "",
         "FILE",
         "write it from FILE, with __POD_CIDR__, __POD_CIDR_V6__, __MTU__, __IP_MASQ__, "
         "__RANGES__ and __ROUTES__ filled in"},
	{NULL, "state-dir", NULL, OPTION_TEXT, true, 0, FIELD(state_dir), "/run/hostgw", "DIR",
         "keeps what a restart begins with (Kubernetes only); empty: nothing is kept"},

	{"Watching it", "healthz-ip", NULL, OPTION_TEXT, false, 0, FIELD(healthz_ip), "0.0.0.0",
         "IP", "address of /healthz, /readyz and /metrics"},
	{NULL, "healthz-port", NULL, OPTION_NUMBER, false, 65535, FIELD(healthz_port), "0", "PORT",
         "port of /healthz, /readyz and /metrics; 0: off"},
	{NULL, "status-socket", NULL, OPTION_TEXT, true, 0, FIELD(status_socket),
         "/run/hostgw/hostgwd.sock", "FILE",
         "where hostgwd status asks the daemon; empty: nowhere"},
	{NULL, "log-format", NULL, OPTION_TEXT, true, 0, FIELD(log_format), "klog", "FORMAT",
         "klog, json or journal"},
	{NULL, "v", NULL, OPTION_NUMBER, false, 100, FIELD(verbosity), "0", "LEVEL",
         "more log lines; 1: each change of a large batch, 2: each round, 3: each node told of"},
	{NULL, "vmodule", NULL, OPTION_TEXT, false, 0, FIELD(vmodule), "", "LIST",
         "more lines of single source files: pattern=LEVEL,..., as rounds=2"},
	{NULL, "output", "o", OPTION_CHOICE, true, 0, FIELD(output), "", "text|ip|json",
         "-o: how plan, check and status print; ip: of plan, for ip -batch; default: text"},
	{NULL, "dry-run", NULL, OPTION_BOOL, true, 0, FIELD(dry_run), "false", NULL,
         "hostgwd cleanup prints what would go, and removes nothing"},
	{NULL, "flannel", NULL, OPTION_BOOL, true, 0, FIELD(flannel), "false", NULL,
         "hostgwd cleanup removes what flannel left, too"},
	{NULL, "node", NULL, OPTION_TEXT, true, 0, FIELD(node), "", "NAME",
         "hostgwd status: all about one node"},
	{NULL, "version", NULL, OPTION_BOOL, false, 0, FIELD(version), "false", NULL,
         "print the version and exit"},
	{NULL, "help", "h", OPTION_BOOL, false, 0, FIELD(help), "false", NULL,
         "print this and exit"},

	{"Accepted for flannel's sake, without effect", "iptables-resync", NULL, OPTION_IGNORED,
         false, 0, 0, "", "SECONDS", "rules are not polled"},
	{NULL, "subnet-lease-renew-margin", NULL, OPTION_ETCD, false, 0, 0, "", "MINUTES",
         "of flannel's etcd mode"},
	{NULL, "log_backtrace_at", "log-backtrace-at", OPTION_IGNORED, false, 0, 0, "", "PLACE",
         "there are no backtraces"},
	{NULL, "etcd-endpoints", NULL, OPTION_ETCD, false, 0, 0, "", "LIST",
         "of flannel's etcd mode"},
	{NULL, "etcd-prefix", NULL, OPTION_ETCD, false, 0, 0, "", "PREFIX",
         "of flannel's etcd mode"},
	{NULL, "etcd-keyfile", NULL, OPTION_ETCD, false, 0, 0, "", "FILE",
         "of flannel's etcd mode"},
	{NULL, "etcd-certfile", NULL, OPTION_ETCD, false, 0, 0, "", "FILE",
         "of flannel's etcd mode"},
	{NULL, "etcd-cafile", NULL, OPTION_ETCD, false, 0, 0, "", "FILE", "of flannel's etcd mode"},
	{NULL, "etcd-username", NULL, OPTION_ETCD, false, 0, 0, "", "NAME",
         "of flannel's etcd mode"},
	{NULL, "etcd-password", NULL, OPTION_ETCD, false, 0, 0, "", "PASSWORD",
         "of flannel's etcd mode"},
};

const size_t option_count = sizeof(option_table) / sizeof(option_table[0]);

_Static_assert(sizeof(option_table) / sizeof(option_table[0]) <= OPTION_SPECS_MAX,
               "OPTION_SPECS_MAX is too small");

static bool is_name(const char *known, const char *name, size_t length)
{
	return known && strlen(known) == length && memcmp(known, name, length) == 0;
}

const struct option_spec *option_find(const char *name, size_t length)
{
	for (size_t i = 0; i < option_count; i++)
		if (is_name(option_table[i].name, name, length) ||
		    is_name(option_table[i].alias, name, length))
			return &option_table[i];
	return NULL;
}

const char *option_variable(const struct option_spec *spec, char name[static OPTION_VARIABLE_MAX])
{
	snprintf(name, OPTION_VARIABLE_MAX, "%s%s", spec->own ? "HOSTGW_" : "FLANNELD_",
	         spec->name);
	for (char *at = name; *at; at++)
		*at = *at == '-' ? '_' : (char)toupper((unsigned char)*at);
	return name;
}

bool option_has_default(const struct option_spec *spec)
{
	return spec->initial[0] && strcmp(spec->initial, "false") != 0;
}
