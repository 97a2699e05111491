/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "route_codec.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <string.h>

#include "attributes.h"

static void put_flags(struct nlmsghdr *message, enum route_verb verb)
{
	message->nlmsg_type = RTM_NEWROUTE;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	switch (verb) {
	case ROUTE_ADD:
		/* Without EXCL, IPv6 makes one multipath route of two. */
		message->nlmsg_flags |= NLM_F_CREATE | NLM_F_EXCL;
		break;
	case ROUTE_REPLACE:
		/* Without CREATE, a route that went in the meantime is -ENOENT. */
		message->nlmsg_flags |= NLM_F_REPLACE;
		break;
	case ROUTE_DELETE:
		message->nlmsg_type = RTM_DELROUTE;
		break;
	}
}

/* Where a packet may go: beyond a gateway anywhere, without one only as far as the link. */
static unsigned char scope_of(const struct route *route)
{
	bool on_link = route->type == RTN_UNICAST && route->via.family == 0 &&
	               route->nexthop_id == 0 && route->dst.addr.family == AF_INET;

	return on_link ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
}

static void put_header(struct nlmsghdr *message, const struct route *route)
{
	struct rtmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

	header->rtm_family = route->dst.addr.family;
	header->rtm_dst_len = route->dst.length;
	header->rtm_tos = route->tos;
	/* The field holds 8 bits; RTA_TABLE has them all. */
	header->rtm_table = route->table < 256 ? (unsigned char)route->table : RT_TABLE_COMPAT;
	header->rtm_protocol = route->protocol;
	header->rtm_scope = scope_of(route);
	header->rtm_type = route->type;
}

/* A nexthop object stands for gateway and interface; the kernel refuses both together. */
static bool put_next_hop(struct nlmsghdr *message, size_t room, const struct route *route)
{
	if (route->nexthop_id != 0)
		return mnl_attr_put_u32_check(message, room, RTA_NH_ID, route->nexthop_id);
	if (route->via.family != 0 && !nl_put_ip(message, room, RTA_GATEWAY, &route->via))
		return false;
	return route->oif == 0 ||
	       mnl_attr_put_u32_check(message, room, RTA_OIF, (uint32_t)route->oif);
}

int route_encode(enum route_verb verb, const struct route *route, void *buffer, size_t room)
{
	uint8_t family = route->dst.addr.family;
	struct nlmsghdr *message;

	if ((family != AF_INET && family != AF_INET6) || route->dst.length > ip_bits(family) ||
	    (route->via.family != 0 && route->via.family != family) || route->oif < 0)
		return -EINVAL;
	if (room < NLMSG_SPACE(sizeof(struct rtmsg)))
		return -ENOSPC;
	message = mnl_nlmsg_put_header(buffer);
	put_flags(message, verb);
	put_header(message, route);
	/* The metric is named even when it is 0. It helps nothing in an IPv4 delete, where the
	 * kernel takes 0 for "any metric": gateway, interface and protocol must do there. */
	if (!nl_put_ip(message, room, RTA_DST, &route->dst.addr) ||
	    !mnl_attr_put_u32_check(message, room, RTA_TABLE, route->table) ||
	    !mnl_attr_put_u32_check(message, room, RTA_PRIORITY, route->metric) ||
	    !put_next_hop(message, room, route))
		return -ENOSPC;
	return (int)message->nlmsg_len;
}

void route_encode_dump(uint8_t family, uint32_t table,
                       unsigned char buffer[static ROUTE_REQUEST_MAX])
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct rtmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

	message->nlmsg_type = RTM_GETROUTE;
	header->rtm_family = family;
	/* With NETLINK_GET_STRICT_CHK the kernel filters by table; older ones send all. */
	if (table != 0)
		mnl_attr_put_u32(message, RTA_TABLE, table);
}

void route_encode_lookup(const struct ip_addr *addr, unsigned char buffer[static ROUTE_REQUEST_MAX])
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct rtmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

	message->nlmsg_type = RTM_GETROUTE;
	header->rtm_family = addr->family;
	header->rtm_dst_len = ip_bits(addr->family);
	mnl_attr_put(message, RTA_DST, ip_bits(addr->family) / 8U, addr->bytes);
}

/* Beside the number of a nexthop object the kernel repeats what the object has, unless
 * net.ipv4.nexthop_compat_mode is 0. Routes are to read the same under either setting. */
static void forget_next_hop(const struct nlattr **table)
{
	static const uint16_t repeated[] = {
		RTA_GATEWAY, RTA_OIF, RTA_VIA, RTA_MULTIPATH, RTA_ENCAP_TYPE, RTA_ENCAP,
	};

	for (size_t i = 0; i < sizeof(repeated) / sizeof(*repeated); i++)
		table[repeated[i]] = NULL;
}

/* True for attributes that a route of ours never has. */
static bool has_foreign(const struct rtmsg *header, const struct nlattr **table)
{
	static const uint16_t foreign[] = {
		RTA_SRC,  RTA_PREFSRC, RTA_METRICS, RTA_MULTIPATH,  RTA_FLOW,
		RTA_MARK, RTA_VIA,     RTA_NEWDST,  RTA_ENCAP_TYPE, RTA_ENCAP,
	};

	for (size_t i = 0; i < sizeof(foreign) / sizeof(*foreign); i++) {
		if (table[foreign[i]])
			return true;
	}
	return header->rtm_src_len != 0;
}

/* IPv6 dumps RTA_CACHEINFO with every route; it matters where the route will expire. */
static bool expires(const struct nlattr *attribute)
{
	struct rta_cacheinfo info;

	if (!attribute || mnl_attr_get_payload_len(attribute) < sizeof(info))
		return false;
	memcpy(&info, mnl_attr_get_payload(attribute), sizeof(info));
	return info.rta_expires != 0;
}

/* A route with several next hops names no interface of its own: that of the first stands for it. */
static void take_first_hop(const struct nlattr *multipath, int *oif)
{
	struct rtnexthop hop;

	if (!multipath || *oif != 0 || mnl_attr_get_payload_len(multipath) < sizeof(hop))
		return;
	memcpy(&hop, mnl_attr_get_payload(multipath), sizeof(hop));
	if (hop.rtnh_ifindex > 0)
		*oif = hop.rtnh_ifindex;
}

static bool decode_attributes(const struct rtmsg *header, const struct nlattr **table,
                              struct route *route)
{
	route->table = header->rtm_table;
	route->dst.addr.family = header->rtm_family;
	return nl_attribute_ip(table[RTA_DST], header->rtm_family, &route->dst.addr) &&
	       nl_attribute_ip(table[RTA_GATEWAY], header->rtm_family, &route->via) &&
	       nl_attribute_u32(table[RTA_TABLE], &route->table) &&
	       nl_attribute_u32(table[RTA_PRIORITY], &route->metric) &&
	       nl_attribute_u32(table[RTA_NH_ID], &route->nexthop_id) &&
	       nl_attribute_index(table[RTA_OIF], &route->oif);
}

int route_decode(const struct nlmsghdr *message, struct route *out)
{
	const struct rtmsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *table[RTA_MAX + 1];
	struct route route = {0};

	if (!nl_message_attributes(message, sizeof(*header), table, RTA_MAX))
		return -EBADMSG;
	if ((header->rtm_family != AF_INET && header->rtm_family != AF_INET6) ||
	    (header->rtm_flags & RTM_F_CLONED))
		return 0;
	/* A default route is never ours: what counts of it is where it leads. */
	if (table[RTA_NH_ID] && header->rtm_dst_len > 0)
		forget_next_hop(table);
	if (header->rtm_dst_len > ip_bits(header->rtm_family) ||
	    !decode_attributes(header, table, &route))
		return -EBADMSG;
	route.dst.length = header->rtm_dst_len;
	route.protocol = header->rtm_protocol;
	route.type = header->rtm_type;
	route.tos = header->rtm_tos;
	take_first_hop(table[RTA_MULTIPATH], &route.oif);
	route.foreign_attributes = has_foreign(header, table) || expires(table[RTA_CACHEINFO]);
	/* IPv6 hangs routes that lead nowhere on lo; nobody asked for that interface. */
	if (header->rtm_family == AF_INET6 &&
	    (route.type == RTN_BLACKHOLE || route.type == RTN_UNREACHABLE ||
	     route.type == RTN_PROHIBIT))
		route.oif = 0;
	*out = route;
	return 1;
}

int route_decode_oif(const struct nlmsghdr *message)
{
	const struct nlattr *table[RTA_MAX + 1];
	int oif = 0;

	if (!nl_message_attributes(message, sizeof(struct rtmsg), table, RTA_MAX) ||
	    !nl_attribute_index(table[RTA_OIF], &oif) || oif == 0)
		return -EBADMSG;
	return oif;
}
