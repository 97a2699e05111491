/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The interface to the other nodes, and what is forwarded through it. */
#include "check.h"

#define IPV6_MTU_MIN 1280 /* RFC 8200, section 5 */

static void check_family(const struct check_facts *facts, enum ip_family_index family,
                         struct findings *findings)
{
	const struct uplink *uplink = facts->uplink;
	const char *name = family == IP_V4 ? "IPv4" : "IPv6";
	char text[IP_TEXT_MAX];

	if (uplink->address[family].family == 0)
		findings_add(findings, FINDING_ERROR, uplink->name,
		             "give it one, choose another with --iface, or switch the family off "
		             "in net-conf.json",
		             "it has no global %s address, which is switched on", name);
	else
		findings_add(findings, FINDING_OK, uplink->name, "",
		             "the interface to the other nodes, address %s, MTU %u",
		             ip_format(&uplink->address[family], text), uplink->mtu);
}

static void check_link(const struct check_facts *facts, struct findings *findings)
{
	const struct uplink *uplink = facts->uplink;
	const struct link *link = link_find(facts->links, uplink->index);

	if (link && !link->up)
		findings_add(findings, FINDING_ERROR, uplink->name, "ip link set it up",
		             "the interface is down");
	else if (link && !link->running)
		findings_add(findings, FINDING_ERROR, uplink->name, "see its cable, or its peer",
		             "the interface has no carrier");
	if (facts->conf->network[IP_V6].addr.family != 0 && uplink->mtu < IPV6_MTU_MIN)
		findings_add(findings, FINDING_ERROR, uplink->name, "raise it to 1280 at least",
		             "its MTU is %u, below what IPv6 needs", uplink->mtu);
}

void check_interface(const struct check_facts *facts, struct findings *findings)
{
	if (facts->uplink_error.code != 0) {
		findings_add_error(findings, FINDING_ERROR, "", &facts->uplink_error);
		return;
	}
	if (!facts->uplink || !facts->conf)
		return;
	check_link(facts, findings);
	for (int i = 0; i < IP_FAMILIES; i++)
		if (facts->conf->network[i].addr.family != 0)
			check_family(facts, (enum ip_family_index)i, findings);
}

void check_forward_rules(const struct check_facts *facts, struct findings *findings)
{
	for (size_t i = 0; i < facts->obstacle_count; i++)
		findings_add_error(findings, FINDING_ERROR, "", &facts->obstacles[i]);
	if (facts->obstacles_error.code != 0)
		findings_add_error(findings, FINDING_NOTE, "", &facts->obstacles_error);
	else if (facts->obstacles_known && facts->obstacle_count == 0)
		findings_add(findings, FINDING_OK, "", "",
		             "no firewall drops what pods send to each other");
}
