/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "link_codec.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "attributes.h"

static bool is_vrf_slave(const struct nlattr *info)
{
	const struct nlattr *table[IFLA_INFO_MAX + 1];
	const char *kind;

	if (!nl_nested_attributes(info, table, IFLA_INFO_MAX))
		return false;
	kind = nl_attribute_text(table[IFLA_INFO_SLAVE_KIND]);
	return kind && strcmp(kind, "vrf") == 0;
}

/* IFA_LOCAL is the own address and IFA_ADDRESS the peer's; where both are one, IPv4 sends
 * both and IPv6 only IFA_ADDRESS. */
static bool decode_ends(const struct nlattr **table, uint8_t family, struct link_address *address)
{
	struct ip_addr local = {0};
	struct ip_addr other = {0};

	if (!nl_attribute_ip(table[IFA_LOCAL], family, &local) ||
	    !nl_attribute_ip(table[IFA_ADDRESS], family, &other))
		return false;
	address->prefix.addr = local.family != 0 ? local : other;
	if (local.family != 0 && other.family != 0 && !ip_equal(&local, &other))
		address->peer = other;
	return true;
}

static void decode_flags(uint32_t flags, struct link_address *address)
{
	bool ipv6 = address->prefix.addr.family == AF_INET6;
	uint32_t passing = IFA_F_TEMPORARY | IFA_F_DEPRECATED | IFA_F_TENTATIVE | IFA_F_DADFAILED;

	/* One bit with two meanings: IFA_F_TEMPORARY in IPv6, IFA_F_SECONDARY in IPv4. */
	address->secondary = !ipv6 && (flags & IFA_F_SECONDARY);
	address->temporary = ipv6 && (flags & passing);
}

int link_decode(const struct nlmsghdr *message, struct link *out)
{
	const struct ifinfomsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *table[IFLA_MAX + 1];
	struct link link = {0};
	uint32_t master = 0;
	const char *name;

	if (!nl_message_attributes(message, sizeof(*header), table, IFLA_MAX))
		return -EBADMSG;
	name = nl_attribute_text(table[IFLA_IFNAME]);
	if (!name || strlen(name) >= sizeof(link.name) ||
	    !nl_attribute_u32(table[IFLA_MTU], &link.mtu) ||
	    !nl_attribute_u32(table[IFLA_MASTER], &master))
		return -EBADMSG;
	strcpy(link.name, name);
	link.index = header->ifi_index;
	link.master = (int)master;
	link.up = (header->ifi_flags & IFF_UP) != 0;
	link.running = (header->ifi_flags & IFF_RUNNING) != 0;
	link.loopback = (header->ifi_flags & IFF_LOOPBACK) != 0;
	link.vrf_slave = is_vrf_slave(table[IFLA_LINKINFO]);
	*out = link;
	return 1;
}

int link_address_decode(const struct nlmsghdr *message, struct link_address *out)
{
	const struct ifaddrmsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *table[IFA_MAX + 1];
	struct link_address address = {0};
	uint32_t flags;

	if (!nl_message_attributes(message, sizeof(*header), table, IFA_MAX))
		return -EBADMSG;
	if (header->ifa_family != AF_INET && header->ifa_family != AF_INET6)
		return 0;
	flags = header->ifa_flags; /* the low 8 bits of what IFA_FLAGS has */
	if (header->ifa_prefixlen > ip_bits(header->ifa_family) ||
	    !decode_ends(table, header->ifa_family, &address) ||
	    !nl_attribute_u32(table[IFA_FLAGS], &flags))
		return -EBADMSG;
	if (address.prefix.addr.family == 0)
		return 0; /* the kernel sends 0.0.0.0 as no address at all */
	address.prefix.length = header->ifa_prefixlen;
	address.index = (int)header->ifa_index;
	address.global = header->ifa_scope == RT_SCOPE_UNIVERSE;
	decode_flags(flags, &address);
	*out = address;
	return 1;
}
