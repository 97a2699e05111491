/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs that configure the host's network, and think that routes of others are theirs. */
#include <stdlib.h>

#include "check.h"
#include "networkd_conf.h"

#define DROP_IN "/etc/systemd/networkd.conf.d/hostgwd.conf"
#define REMEDY                                                                                  \
	"write the lines \"[Network]\" and \"ManageForeignRoutes=no\" (systemd 256 and later: " \
	"\"ManageForeignNextHops=no\" too) to " DROP_IN " and restart systemd-networkd"

/* networkd's own record of the link: "ADMIN_STATE=unmanaged". */
static bool networkd_leaves_alone(const struct check_facts *facts)
{
	char path[64], *text;
	bool found;

	snprintf(path, sizeof(path), "/run/systemd/netif/links/%d", facts->uplink->index);
	text = check_read(facts, path);
	found = text && strstr(text, "ADMIN_STATE=unmanaged");
	free(text);
	return found;
}

void check_networkd(const struct check_facts *facts, struct findings *findings)
{
	struct networkd_conf conf;

	if (!check_exists(facts, "/run/systemd/netif/state") &&
	    !check_exists(facts,
	                  "/etc/systemd/system/multi-user.target.wants/systemd-networkd.service"))
		return;
	networkd_conf_read(facts->root, &conf);
	if (!conf.manages_routes)
		findings_add(findings, FINDING_OK, "networkd.conf", "",
		             "systemd-networkd runs, with ManageForeignRoutes=no");
	else if (facts->uplink && networkd_leaves_alone(facts))
		findings_add(findings, FINDING_NOTE, facts->uplink->name, REMEDY,
		             "systemd-networkd runs; it does not manage this interface, so its "
		             "routes stay");
	else
		findings_add(findings, FINDING_WARNING, "networkd.conf", REMEDY,
		             "systemd-networkd runs without ManageForeignRoutes=no: it removes "
		             "routes of others, ours too, whenever it restarts or the link comes "
		             "up");
	if (!conf.manages_routes && conf.manages_nexthops)
		findings_add(findings, FINDING_NOTE, "networkd.conf", REMEDY,
		             "systemd-networkd runs without ManageForeignNextHops=no, which it "
		             "knows from systemd 256 on: with many nodes routes lead through "
		             "nexthop objects, which it removes");
}

/* "[device]" with "managed=1", or, in older ones, a file at all. */
static bool is_managed(const struct check_facts *facts, int index)
{
	char path[64], *text;
	bool managed;

	snprintf(path, sizeof(path), "/run/NetworkManager/devices/%d", index);
	text = check_read(facts, path);
	managed = text && !strstr(text, "managed=0") && !strstr(text, "managed=false");
	free(text);
	return managed;
}

void check_network_manager(const struct check_facts *facts, struct findings *findings)
{
	const struct link *bridge;

	if (!facts->uplink || !check_exists(facts, "/run/NetworkManager"))
		return;
	if (is_managed(facts, facts->uplink->index))
		findings_add(findings, FINDING_NOTE, facts->uplink->name, "",
		             "NetworkManager manages this interface: when its connection is taken "
		             "down, the routes go along, and are put back when it is up");
	bridge = link_find_name(facts->links, "cni0");
	if (bridge && is_managed(facts, bridge->index))
		findings_add(findings, FINDING_WARNING, bridge->name,
		             "write the lines \"[keyfile]\" and "
		             "\"unmanaged-devices=interface-name:cni0;interface-name:veth*\" to "
		             "/etc/NetworkManager/conf.d/hostgwd.conf and reload NetworkManager",
		             "NetworkManager manages the pods' bridge, and may take its address "
		             "away");
}
