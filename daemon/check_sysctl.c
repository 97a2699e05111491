/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings of the kernel. */
#include <linux/rtnetlink.h>

#include "check.h"
#include "forwarding.h"
#include "neighbours.h"
#include "sysctl.h"

#define PROC_SYS "/proc/sys"

static bool is_on(const struct check_facts *facts, enum ip_family_index family)
{
	return facts->conf && facts->conf->network[family].addr.family != 0;
}

static const char *family_name(enum ip_family_index family)
{
	return family == IP_V4 ? "IPv4" : "IPv6";
}

/* With --enable-forwarding the daemon will switch it on, where it may. */
static void check_family_forwarding(const struct check_facts *facts, enum ip_family_index family,
                                    struct findings *findings)
{
	char root[PATH_MAX];
	struct error err;
	int result;

	check_path(facts, PROC_SYS, root);
	result = forwarding_check(root, family, &err);
	if (result == 0) {
		findings_add(findings, FINDING_OK, "", "", "%s forwarding is on",
		             family_name(family));
		return;
	}
	if (facts->options->enable_forwarding && forwarding_check_writable(root, family, &err) == 0)
		findings_add(findings, FINDING_NOTE, "",
		             "start the daemon, which switches it on (--enable-forwarding)",
		             "%s forwarding is off", family_name(family));
	else
		findings_add_error(findings, FINDING_ERROR, "", &err);
}

void check_forwarding(const struct check_facts *facts, struct findings *findings)
{
	for (int i = 0; i < IP_FAMILIES; i++)
		if (is_on(facts, (enum ip_family_index)i))
			check_family_forwarding(facts, (enum ip_family_index)i, findings);
}

/* 0: the kernel reads no advertisements; another program does. */
static void check_accept_ra(const struct check_facts *facts, const char *root, const char *link,
                            struct findings *findings)
{
	char name[64], remedy[256];
	uint32_t value;

	snprintf(name, sizeof(name), "net/ipv6/conf/%s/accept_ra", link);
	if (sysctl_read(root, name, &value) < 0 || value != 1)
		return;
	if (facts->options->enable_forwarding && sysctl_check_write(root, name) == 0)
		return;
	snprintf(remedy, sizeof(remedy),
	         "write the line \"net.ipv6.conf.%s.accept_ra = 2\" to %s and run sysctl --system",
	         link, SYSCTL_FILE);
	findings_add(findings, FINDING_WARNING, link, remedy,
	             "accept_ra is 1, which counts as 0 while IPv6 is forwarded: its default route "
	             "by router advertisement goes");
}

void check_advertised(const struct check_facts *facts, struct findings *findings)
{
	size_t before = findings->count;
	char root[PATH_MAX];

	if (!is_on(facts, IP_V6) || facts->advertised_count == 0)
		return;
	check_path(facts, PROC_SYS, root);
	for (size_t i = 0; i < facts->advertised_count; i++)
		check_accept_ra(facts, root, facts->advertised[i], findings);
	if (findings->count == before)
		findings_add(findings, FINDING_OK, "", "",
		             "default routes by router advertisement stay while IPv6 is forwarded");
}

/* The larger of the interface's and all's counts (ip-sysctl.rst). */
static uint32_t reverse_path_filter(const char *root, const char *link)
{
	uint32_t all = 0, own = 0;
	char name[64];

	snprintf(name, sizeof(name), "net/ipv4/conf/%s/rp_filter", link);
	sysctl_read(root, name, &own);
	sysctl_read(root, "net/ipv4/conf/all/rp_filter", &all);
	return all > own ? all : own;
}

/* Strict: what comes in by an interface that the way back does not lead out of is dropped. Between
 * pods the way back is our route through the uplink, so strict is well, except where that route
 * is not found, or where nodes also send from addresses that are reached otherwise. */
void check_reverse_path(const struct check_facts *facts, struct findings *findings)
{
	const struct uplink *uplink = facts->uplink;
	char root[PATH_MAX], remedy[256];

	if (!uplink || !is_on(facts, IP_V4))
		return;
	check_path(facts, PROC_SYS, root);
	snprintf(remedy, sizeof(remedy),
	         "write the line \"net.ipv4.conf.%s.rp_filter = 2\" to %s and run sysctl --system",
	         uplink->name, SYSCTL_FILE);
	if (reverse_path_filter(root, uplink->name) != 1)
		findings_add(findings, FINDING_OK, uplink->name, "", "rp_filter is not strict");
	else if (facts->options->route_table != RT_TABLE_MAIN)
		findings_add(findings, FINDING_WARNING, uplink->name, remedy,
		             "rp_filter is strict (1): without a rule for what comes in, the way "
		             "back is not found in table %u, and packets of other nodes' pods are "
		             "dropped",
		             facts->options->route_table);
	else if (facts->default_link != 0 && facts->default_link != uplink->index)
		findings_add(findings, FINDING_WARNING, uplink->name, remedy,
		             "rp_filter is strict (1) and the default route leads through another "
		             "interface: what other nodes pass on with addresses of clients "
		             "outside (NodePort) is dropped");
	else
		findings_add(findings, FINDING_OK, uplink->name, "",
		             "rp_filter is strict, and the ways back lead through it");
}

void check_neighbours(const struct check_facts *facts, struct findings *findings)
{
	char root[PATH_MAX];

	if (facts->node_count < 2)
		return;
	check_path(facts, PROC_SYS, root);
	for (int i = 0; i < IP_FAMILIES; i++) {
		enum ip_family_index family = (enum ip_family_index)i;
		const struct neighbour_room room = {
			.next_hops = facts->node_count - 1,
			.limit = neighbours_limit(root, family),
		};
		struct error err;

		if (!is_on(facts, family))
			continue;
		if (neighbours_check(&room, family, &err) < 0)
			findings_add_error(findings, FINDING_WARNING, "", &err);
		else if (room.limit == 0)
			findings_add(findings, FINDING_NOTE, "", "look at it on the host itself",
			             "the %s neighbour table's limit cannot be seen from here",
			             family_name(family));
		else
			findings_add(findings, FINDING_OK, "", "",
			             "the %s neighbour table holds %u, there are %zu next hops",
			             family_name(family), room.limit, room.next_hops);
	}
}
