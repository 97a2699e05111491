/* SPDX-License-Identifier: GPL-2.0-or-later */
#define PCRE2_CODE_UNIT_WIDTH 8

#include "iface.h"

#include <errno.h>
#include <pcre2.h>
#include <string.h>

#include "default_route.h"

/* ---- addresses ---- */

static bool may_identify(const struct link_address *address, int index)
{
	return address->index == index && address->global && !address->secondary &&
	       !address->temporary;
}

static const struct link_address *first_address(const struct link_snapshot *links, int index,
                                                uint8_t family)
{
	for (size_t i = 0; i < links->address_count; i++)
		if (links->addresses[i].prefix.addr.family == family &&
		    may_identify(&links->addresses[i], index))
			return &links->addresses[i];
	return NULL;
}

static bool holds_address(const struct link_snapshot *links, int index, const struct ip_addr *addr)
{
	for (size_t i = 0; i < links->address_count; i++)
		if (links->addresses[i].index == index &&
		    ip_equal(&links->addresses[i].prefix.addr, addr))
			return true;
	return false;
}

/* The link's facts; `preferred` (may be NULL) is the address that it was named by. */
static struct uplink describe_link(const struct link *link, const struct link_snapshot *links,
                                   const struct ip_addr *preferred)
{
	struct uplink uplink = {.index = link->index, .mtu = link->mtu};

	memcpy(uplink.name, link->name, sizeof(uplink.name));
	for (int i = 0; i < IP_FAMILIES; i++) {
		uint8_t family = ip_family((enum ip_family_index)i);
		const struct link_address *address = first_address(links, link->index, family);

		if (preferred && preferred->family == family)
			uplink.address[i] = *preferred;
		else if (address)
			uplink.address[i] = address->prefix.addr;
	}
	return uplink;
}

/* A family's address may still be on its way (DHCP, duplicate address detection): one will do. */
static int take_link(const struct link *link, const struct net_conf *conf,
                     const struct link_snapshot *links, const struct ip_addr *preferred,
                     struct uplink *out, struct error *err)
{
	struct uplink uplink = describe_link(link, links, preferred);

	if (link->loopback)
		return error_set(err, EINVAL,
		                 "interface %s is the loopback: other nodes cannot be reached "
		                 "through it; choose another with --iface",
		                 link->name);
	for (int i = 0; i < IP_FAMILIES; i++) {
		if (conf->network[i].addr.family != 0 && uplink.address[i].family != 0) {
			*out = uplink;
			return 0;
		}
	}
	return error_set(err, ENODEV,
	                 "interface %s has no global address of a family that the net-conf.json "
	                 "switches on; give it one, or choose another with --iface",
	                 link->name);
}

/* What comes through a VRF's interfaces is looked up in the VRF's own table. */
static int check_vrf(const struct link_snapshot *links, const struct link *link, uint32_t table,
                     struct error *err)
{
	const struct link *vrf = link_find(links, link->master);

	if (!link->vrf_slave || table != RT_TABLE_MAIN)
		return 0;
	return error_set(err, EINVAL,
	                 "interface %s is enslaved to VRF %s, whose routes are not in table main; "
	                 "give the VRF's table (ip -d link show) with --route-table, or choose "
	                 "another --iface",
	                 link->name, vrf ? vrf->name : "");
}

/* ---- by flag ---- */

static const struct link *link_by_text(const struct link_snapshot *links, const char *text,
                                       struct ip_addr *addr)
{
	const struct link_address *address;

	memset(addr, 0, sizeof(*addr));
	if (!ip_parse(text, addr))
		return link_find_name(links, text);
	address = link_find_address(links, addr);
	return address ? link_find(links, address->index) : NULL;
}

static bool matches(pcre2_code *pattern, pcre2_match_data *data, const char *text)
{
	return pcre2_match(pattern, (PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, 0, 0, data, NULL) >= 0;
}

static bool link_matches(const struct link_snapshot *links, const struct link *link,
                         pcre2_code *pattern, pcre2_match_data *data)
{
	char text[IP_TEXT_MAX];

	for (size_t i = 0; i < links->address_count; i++)
		if (links->addresses[i].index == link->index &&
		    matches(pattern, data, ip_format(&links->addresses[i].prefix.addr, text)))
			return true;
	return matches(pattern, data, link->name);
}

/* *out: the first link whose name or address matches; NULL: none does. */
static int link_by_regex(const struct link_snapshot *links, const char *text,
                         const struct link **out, struct error *err)
{
	int code;
	PCRE2_SIZE offset;
	PCRE2_UCHAR message[128];
	pcre2_code *pattern = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, 0, &code,
	                                    &offset, NULL);
	pcre2_match_data *data;

	*out = NULL;
	if (!pattern) {
		pcre2_get_error_message(code, message, sizeof(message));
		return error_set(err, EINVAL, "--iface-regex %s: %s at character %zu", text,
		                 (char *)message, offset + 1);
	}
	data = pcre2_match_data_create_from_pattern(pattern, NULL);
	for (size_t i = 0; data && i < links->link_count && !*out; i++)
		if (!links->links[i].loopback &&
		    link_matches(links, &links->links[i], pattern, data))
			*out = &links->links[i];
	pcre2_match_data_free(data);
	pcre2_code_free(pattern);
	return 0;
}

/* The names of all links, for an error that says what there is to choose from. */
static const char *list_links(const struct link_snapshot *links, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < links->link_count && used < size; i++)
		if (!links->links[i].loopback)
			used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "",
			                         links->links[i].name);
	return text;
}

static int choose_by_flags(const struct options *options, const struct net_conf *conf,
                           const struct link_snapshot *links, struct uplink *out, struct error *err)
{
	char names[256];
	const char *flag = options->iface.count ? "--iface" : "--iface-regex";
	const char *first = options->iface.count ? options->iface.items[0]
	                                         : options->iface_regex.items[0];

	for (size_t i = 0; i < options->iface.count; i++) {
		struct ip_addr addr;
		const struct link *link = link_by_text(links, options->iface.items[i], &addr);

		if (link)
			return take_link(link, conf, links, addr.family ? &addr : NULL, out, err);
	}
	for (size_t i = 0; i < options->iface_regex.count; i++) {
		const struct link *link;
		int result = link_by_regex(links, options->iface_regex.items[i], &link, err);

		if (result < 0)
			return result;
		if (link)
			return take_link(link, conf, links, NULL, out, err);
	}
	return error_set(err, EINVAL,
	                 "%s %s: no interface has that name or address%s; this host has %s", flag,
	                 first,
	                 options->iface.count + options->iface_regex.count > 1
	                         ? " (nor those given after it)"
	                         : "",
	                 list_links(links, names, sizeof(names)));
}

static int choose_by_public_ip(const char *text, const struct net_conf *conf,
                               const struct link_snapshot *links, struct uplink *out,
                               struct error *err)
{
	struct ip_addr addr;
	const struct link *link = link_by_text(links, text, &addr);

	if (addr.family != AF_INET)
		return error_set(err, EINVAL, "--public-ip %s is not an IPv4 address", text);
	if (!link)
		return error_set(err, EINVAL,
		                 "--public-ip %s: no interface of this host has it, as host-gw "
		                 "needs; give an address of this host, or --iface",
		                 text);
	return take_link(link, conf, links, &addr, out, err);
}

static int choose_by_reach(const char *text, const struct net_conf *conf, struct rtnl *rtnl,
                           const struct link_snapshot *links, struct uplink *out, struct error *err)
{
	struct ip_addr addr;
	const struct link *link;
	int index, result;

	if (!ip_parse(text, &addr))
		return error_set(err, EINVAL, "--iface-can-reach %s is not an IP address", text);
	result = route_lookup(rtnl, &addr, &index, err);
	if (result < 0)
		return error_wrap(err, "--iface-can-reach %s", text);
	link = link_find(links, index);
	if (!link)
		return error_set(err, ENODEV, "--iface-can-reach %s: its interface is gone", text);
	return take_link(link, conf, links, NULL, out, err);
}

int iface_by_address(const struct options *options, const struct net_conf *conf,
                     const struct link_snapshot *links, const struct ip_addr *addr,
                     struct uplink *out, struct error *err)
{
	const struct link_address *address = link_find_address(links, addr);
	const struct link *link = address ? link_find(links, address->index) : NULL;
	char text[IP_TEXT_MAX];
	int result;

	if (!link)
		return error_set(err, ENODEV, "no interface of this host has %s",
		                 ip_format(addr, text));
	result = take_link(link, conf, links, addr, out, err);
	return result < 0 ? result : check_vrf(links, link, options->route_table, err);
}

/* ---- by default route ---- */

/* An interface that only IPv6 is configured for is found by IPv6's. */
static uint8_t default_family(const struct net_conf *conf)
{
	return conf->network[IP_V4].addr.family != 0 ? AF_INET : AF_INET6;
}

int iface_find_default(const struct net_conf *conf, struct rtnl *rtnl, int *index,
                       struct error *err)
{
	const struct default_route *best;
	struct default_routes routes;

	if (default_routes_read(rtnl, default_family(conf), &routes, err) < 0)
		return -err->code;
	best = default_routes_best(&routes);
	*index = best ? best->oif : 0;
	return 0;
}

int iface_follow_default_route(const struct net_conf *conf, struct rtnl *rtnl,
                               const struct link_snapshot *links, struct uplink *out,
                               struct error *err)
{
	const struct link *link;
	int index;

	if (iface_find_default(conf, rtnl, &index, err) < 0)
		return -err->code;
	link = link_find(links, index);
	if (!link)
		return error_set(err, ENODEV,
		                 "this host has no %s default route to choose an interface by; "
		                 "name one with --iface",
		                 default_family(conf) == AF_INET ? "IPv4" : "IPv6");
	return take_link(link, conf, links, NULL, out, err);
}

bool iface_is_named(const struct options *options)
{
	return options->iface.count > 0 || options->iface_regex.count > 0 ||
	       options->public_ip[0] || options->iface_can_reach[0];
}

int iface_choose(const struct options *options, const struct net_conf *conf, struct rtnl *rtnl,
                 const struct link_snapshot *links, const struct log *log, struct uplink *out,
                 struct error *err)
{
	char text[IP_TEXT_MAX];
	int result;

	if (options->iface.count > 0 || options->iface_regex.count > 0) {
		result = choose_by_flags(options, conf, links, out, err);
	} else if (options->public_ip[0]) {
		result = choose_by_public_ip(options->public_ip, conf, links, out, err);
	} else if (options->iface_can_reach[0]) {
		result = choose_by_reach(options->iface_can_reach, conf, rtnl, links, out, err);
	} else {
		log_info(log, "Determining IP address of default interface");
		result = iface_follow_default_route(conf, rtnl, links, out, err);
	}
	if (result == 0)
		result = check_vrf(links, link_find(links, out->index), options->route_table, err);
	for (int i = 0; i < IP_FAMILIES && result == 0; i++)
		if (conf->network[i].addr.family != 0 && out->address[i].family != 0)
			log_info(log, "Using interface with name %s and address %s", out->name,
			         ip_format(&out->address[i], text));
	return result;
}

/* ---- what others are to use ---- */

static int check_public_ip(const char *flag, const char *text, uint8_t family,
                           const struct link_snapshot *links, const struct uplink *uplink,
                           struct ip_addr *out, struct error *err)
{
	if (!ip_parse(text, out) || out->family != family)
		return error_set(err, EINVAL, "%s %s is not an %s address", flag, text,
		                 family == AF_INET ? "IPv4" : "IPv6");
	if (!holds_address(links, uplink->index, out))
		return error_set(err, EINVAL,
		                 "%s %s is no address of interface %s, as host-gw needs; leave it "
		                 "out, or use the annotation public-ip-overwrite",
		                 flag, text, uplink->name);
	return 0;
}

int iface_public_ip(const struct options *options, const struct link_snapshot *links,
                    const struct uplink *uplink, const struct log *log,
                    struct ip_addr out[IP_FAMILIES], struct error *err)
{
	const char *const flags[IP_FAMILIES] = {"--public-ip", "--public-ipv6"};
	const char *const texts[IP_FAMILIES] = {options->public_ip, options->public_ipv6};
	char text[IP_TEXT_MAX];

	for (int i = 0; i < IP_FAMILIES; i++) {
		int result;

		out[i] = uplink->address[i];
		if (texts[i][0]) {
			result = check_public_ip(flags[i], texts[i],
			                         ip_family((enum ip_family_index)i), links, uplink,
			                         &out[i], err);
			if (result < 0)
				return result;
			log_info(log, "Using %s as external address", texts[i]);
		} else if (out[i].family != 0) {
			log_info(log, "Defaulting external address to interface address (%s)",
			         ip_format(&out[i], text));
		}
	}
	return 0;
}

int iface_refresh(const struct link_snapshot *links, uint32_t table, struct uplink *uplink,
                  struct error *err)
{
	const struct link *link = link_find(links, uplink->index);
	struct uplink fresh;

	if (!link)
		link = link_find_name(links, uplink->name);
	if (!link)
		return error_set(err, ENODEV,
		                 "interface %s is gone; waiting for it to come back "
		                 "(or restart with another --iface)",
		                 uplink->name);
	if (check_vrf(links, link, table, err) < 0)
		return -err->code;
	fresh = describe_link(link, links, NULL);
	/* An address that is still there stays the chosen one, whatever came beside it. */
	for (int i = 0; i < IP_FAMILIES; i++)
		if (holds_address(links, link->index, &uplink->address[i]))
			fresh.address[i] = uplink->address[i];
	*uplink = fresh;
	return 0;
}
