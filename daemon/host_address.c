/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host_address.h"

#include <string.h>

bool host_ask_address(struct host *host, const struct own_node *own)
{
	bool changed = false;

	for (int i = 0; i < IP_FAMILIES; i++) {
		struct ip_addr asked = own_node_asked_ip(own, (enum ip_family_index)i);

		changed = changed || !ip_equal(&asked, &host->asked_ip[i]);
		host->asked_ip[i] = asked;
	}
	host->links_stale = host->links_stale || changed;
	return changed;
}

/* False: the address is nowhere here, or where no other node can be reached. */
static bool take_holder(struct host *host, const struct ip_addr *addr)
{
	const struct settings *settings = host->settings;
	const struct link_address *address = link_find_address(&host->links, addr);
	char text[IP_TEXT_MAX];
	struct uplink holder;
	struct error none;

	if (!address || iface_by_address(settings->options, &settings->conf, &host->links, addr,
	                                 &holder, &none) < 0)
		return false;
	if (holder.index != host->chosen.index)
		log_info(host->log,
		         "Using interface with name %s and address %s, as the own Node's "
		         "annotation asks",
		         holder.name, ip_format(addr, text));
	host->chosen = host->uplink = holder;
	host->gone_since = 0;
	return true;
}

void host_choose_by_address(struct host *host)
{
	const struct options *options = host->settings->options;

	if (options->iface.count > 0 || options->iface_regex.count > 0 ||
	    options->iface_can_reach[0])
		return;
	for (int i = 0; i < IP_FAMILIES; i++)
		if (host->asked_ip[i].family != 0 && take_holder(host, &host->asked_ip[i]))
			return;
}

static bool is_on_uplink(const struct host *host, const struct ip_addr *addr)
{
	const struct link_address *address = link_find_address(&host->links, addr);

	return address && address->index == host->uplink.index;
}

/* Once for each such address. */
static void refuse(struct host *host, enum ip_family_index family)
{
	const struct ip_addr *asked = &host->asked_ip[family];
	char text[IP_TEXT_MAX];

	if (ip_equal(asked, &host->refused_ip[family]))
		return;
	host->refused_ip[family] = *asked;
	log_warning(host->log,
	            "The own Node's annotation node-public-ip%s, %s, is no address of interface "
	            "%s, as host-gw needs, and is ignored; correct it or take it away, or use "
	            "public-ip%s-overwrite",
	            family == IP_V4 ? "" : "v6", ip_format(asked, text), host->uplink.name,
	            family == IP_V4 ? "" : "v6");
}

void host_update_public_ip(struct host *host)
{
	const struct options *options = host->settings->options;
	const char *const given[IP_FAMILIES] = {options->public_ip, options->public_ipv6};

	for (int i = 0; i < IP_FAMILIES; i++) {
		const struct ip_addr *asked = &host->asked_ip[i];

		if (asked->family != 0 && is_on_uplink(host, asked)) {
			host->public_ip[i] = *asked;
			host->refused_ip[i] = (struct ip_addr){0};
			continue;
		}
		if (asked->family != 0)
			refuse(host, (enum ip_family_index)i);
		/* Whether the flag is an address was seen to at the start. */
		if (!given[i][0] || !ip_parse(given[i], &host->public_ip[i]))
			host->public_ip[i] = host->uplink.address[i];
	}
}
