/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration, the nodes, and what the API server allows. */
#include <errno.h>

#include "check.h"

void check_configuration(const struct check_facts *facts, struct findings *findings)
{
	const char *path = facts->options->net_config_path;
	char v4[PREFIX_TEXT_MAX], v6[PREFIX_TEXT_MAX];

	if (facts->settings.code != 0)
		findings_add_error(findings, FINDING_ERROR, "", &facts->settings);
	for (size_t i = 0; i < facts->conf_warning_count; i++)
		findings_add_error(findings, FINDING_WARNING, "", &facts->conf_warnings[i]);
	if (!facts->conf)
		return;
	prefix_format(&facts->conf->network[IP_V4], v4);
	prefix_format(&facts->conf->network[IP_V6], v6);
	findings_add(findings, FINDING_OK, path, "", "network %s, IPv6 network %s", v4, v6);
}

static void check_own_node(const struct check_facts *facts, struct findings *findings)
{
	if (!facts->own_node_known)
		return;
	if (!facts->own_node_there)
		findings_add(findings, FINDING_ERROR, facts->source,
		             "set --node-name or NODE_NAME to this host's", "there is no node %s",
		             facts->node_name);
	else if (!facts->own_cidr_there)
		findings_add(findings, FINDING_ERROR, facts->source,
		             "see the controller manager's --allocate-node-cidrs",
		             "node %s, this host, has no pod CIDR", facts->node_name);
	else
		findings_add(findings, FINDING_OK, facts->source, "",
		             "node %s, this host, has a pod CIDR", facts->node_name);
}

void check_nodes(const struct check_facts *facts, struct findings *findings)
{
	if (!facts->source_given) {
		findings_add(findings, FINDING_NOTE, "",
		             "give hostgwd check the flags that the daemon has",
		             "no flag says where nodes come from, so that was not looked at");
		return;
	}
	if (facts->source_error.code != 0)
		findings_add_error(findings, FINDING_ERROR, "", &facts->source_error);
	else if (facts->source && facts->node_count > 0)
		findings_add(findings, FINDING_OK, facts->source, "", "%zu nodes can be read",
		             facts->node_count);
	check_own_node(facts, findings);
}

static void check_permission(const struct check_permission *permission, struct findings *findings)
{
	char remedy[256];

	switch (permission->state) {
	case PERMISSION_UNKNOWN:
		findings_add(findings, FINDING_NOTE, "", "",
		             "whether %s %s is allowed could not be asked", permission->verb,
		             permission->resource);
		break;
	case PERMISSION_GRANTED:
		findings_add(findings, FINDING_OK, "", "", "%s %s is allowed", permission->verb,
		             permission->resource);
		break;
	case PERMISSION_DENIED:
		snprintf(remedy, sizeof(remedy),
		         "give its ClusterRole the rule resources: [%s], verbs: [%s] "
		         "(deploy/rbac.yaml)%s%s",
		         permission->resource, permission->verb,
		         permission->without ? ", or start with " : "",
		         permission->without ? permission->without : "");
		findings_add(findings, permission->without ? FINDING_WARNING : FINDING_ERROR, "",
		             remedy, "%s %s is forbidden, which %s needs", permission->verb,
		             permission->resource, permission->reason);
		break;
	}
}

void check_permissions(const struct check_facts *facts, struct findings *findings)
{
	for (size_t i = 0; i < facts->permission_count; i++)
		check_permission(&facts->permissions[i], findings);
}
