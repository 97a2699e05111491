/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nexthop_codec.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "attributes.h"

static void put_flags(struct nlmsghdr *message, enum nexthop_verb verb)
{
	message->nlmsg_type = RTM_NEWNEXTHOP;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	switch (verb) {
	case NEXTHOP_ADD:
		message->nlmsg_flags |= NLM_F_CREATE | NLM_F_EXCL;
		break;
	case NEXTHOP_REPLACE:
		/* Without CREATE, one that went in the meantime is -ENOENT. */
		message->nlmsg_flags |= NLM_F_REPLACE;
		break;
	case NEXTHOP_DELETE:
		message->nlmsg_type = RTM_DELNEXTHOP;
		break;
	}
}

static bool is_whole(const struct nexthop *nexthop)
{
	return (nexthop->via.family == AF_INET || nexthop->via.family == AF_INET6) &&
	       nexthop->oif > 0;
}

int nexthop_encode(enum nexthop_verb verb, const struct nexthop *nexthop, void *buffer, size_t room)
{
	struct nlmsghdr *message;
	struct nhmsg *header;

	if (nexthop->id == 0 || (verb != NEXTHOP_DELETE && !is_whole(nexthop)))
		return -EINVAL;
	if (room < NLMSG_SPACE(sizeof(*header)))
		return -ENOSPC;
	message = mnl_nlmsg_put_header(buffer);
	put_flags(message, verb);
	header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	if (!mnl_attr_put_u32_check(message, room, NHA_ID, nexthop->id))
		return -ENOSPC;
	/* A delete that says more than the number is refused. */
	if (verb == NEXTHOP_DELETE)
		return (int)message->nlmsg_len;
	header->nh_family = nexthop->via.family;
	header->nh_protocol = nexthop->protocol;
	if (!mnl_attr_put_u32_check(message, room, NHA_OIF, (uint32_t)nexthop->oif) ||
	    !nl_put_ip(message, room, NHA_GATEWAY, &nexthop->via))
		return -ENOSPC;
	return (int)message->nlmsg_len;
}

void nexthop_encode_dump(unsigned char buffer[static NEXTHOP_REQUEST_MAX])
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

	message->nlmsg_type = RTM_GETNEXTHOP;
	mnl_nlmsg_put_extra_header(message, sizeof(struct nhmsg));
}

/* True for what a nexthop of ours never has. */
static bool has_foreign(const struct nhmsg *header, const struct nlattr **table)
{
	static const uint16_t foreign[] = {
		NHA_GROUP, NHA_BLACKHOLE, NHA_ENCAP_TYPE, NHA_ENCAP, NHA_FDB, NHA_RES_GROUP,
	};

	for (size_t i = 0; i < sizeof(foreign) / sizeof(*foreign); i++) {
		if (table[foreign[i]])
			return true;
	}
	return (header->nh_flags & RTNH_F_ONLINK) || !table[NHA_GATEWAY];
}

int nexthop_decode(const struct nlmsghdr *message, struct nexthop *out)
{
	const struct nhmsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *table[NHA_MAX + 1];
	struct nexthop nexthop = {0};

	if (!nl_message_attributes(message, sizeof(*header), table, NHA_MAX))
		return -EBADMSG;
	/* A gateway of a family that is not known here is as good as none. */
	if (header->nh_family != AF_INET && header->nh_family != AF_INET6)
		table[NHA_GATEWAY] = NULL;
	if (!nl_attribute_u32(table[NHA_ID], &nexthop.id) || nexthop.id == 0 ||
	    !nl_attribute_index(table[NHA_OIF], &nexthop.oif) ||
	    !nl_attribute_ip(table[NHA_GATEWAY], header->nh_family, &nexthop.via))
		return -EBADMSG;
	nexthop.protocol = header->nh_protocol;
	nexthop.foreign_attributes = has_foreign(header, table);
	*out = nexthop;
	return 0;
}

uint32_t nexthop_decode_member(const struct nlmsghdr *message, size_t index)
{
	const struct nlattr *table[NHA_MAX + 1];
	struct nexthop_grp member;

	if (!nl_message_attributes(message, sizeof(struct nhmsg), table, NHA_MAX) ||
	    !table[NHA_GROUP] ||
	    mnl_attr_get_payload_len(table[NHA_GROUP]) / sizeof(member) <= index)
		return 0;
	memcpy(&member,
	       (const char *)mnl_attr_get_payload(table[NHA_GROUP]) + index * sizeof(member),
	       sizeof(member));
	return member.id;
}
