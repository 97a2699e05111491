/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conntrack_codec.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <string.h>

#include "attributes.h"

static struct nlmsghdr *put_header(void *buffer, uint16_t kind, uint8_t family)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

	message->nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | kind);
	message->nlmsg_flags = NLM_F_REQUEST;
	header->nfgen_family = family;
	header->version = NFNETLINK_V0;
	return message;
}

void conntrack_encode_dump(uint8_t family, unsigned char buffer[static CONNTRACK_REQUEST_MAX])
{
	struct nlmsghdr *message = put_header(buffer, IPCTNL_MSG_CT_GET, family);

	/* From Linux 5.15 on the kernel passes over what has SNAT; older ones tell of all. Left to
	 * it are flows whose port alone was rewritten, because an earlier one of the same pod's has
	 * the same answers: so seldom that it is not worth reading every masqueraded flow. */
	mnl_attr_put_u32(message, CTA_STATUS, 0);
	mnl_attr_put_u32(message, CTA_STATUS_MASK, htonl(IPS_SRC_NAT));
}

/* The addresses of one direction. */
static bool decode_tuple(const struct nlattr *tuple, uint8_t family, struct ip_addr *source,
                         struct ip_addr *destination)
{
	const struct nlattr *parts[CTA_TUPLE_MAX + 1];
	const struct nlattr *ips[CTA_IP_MAX + 1];
	uint16_t from = family == AF_INET6 ? CTA_IP_V6_SRC : CTA_IP_V4_SRC;
	uint16_t to = family == AF_INET6 ? CTA_IP_V6_DST : CTA_IP_V4_DST;

	return nl_nested_attributes(tuple, parts, CTA_TUPLE_MAX) &&
	       nl_nested_attributes(parts[CTA_TUPLE_IP], ips, CTA_IP_MAX) && ips[from] && ips[to] &&
	       nl_attribute_ip(ips[from], family, source) &&
	       nl_attribute_ip(ips[to], family, destination);
}

static bool decode_names(const struct nlattr **table, struct conntrack_entry *entry)
{
	const struct nlattr *tuple = table[CTA_TUPLE_ORIG];
	const struct nlattr *zone = table[CTA_ZONE];

	entry->tuple_length = mnl_attr_get_payload_len(tuple);
	if (entry->tuple_length > sizeof(entry->tuple) ||
	    !nl_attribute_u32(table[CTA_ID], &entry->id) ||
	    (zone && mnl_attr_get_payload_len(zone) != sizeof(entry->zone)))
		return false;
	memcpy(entry->tuple, mnl_attr_get_payload(tuple), entry->tuple_length);
	entry->has_zone = zone != NULL;
	if (zone)
		entry->zone = mnl_attr_get_u16(zone);
	return true;
}

int conntrack_decode(const struct nlmsghdr *message, struct conntrack_entry *out)
{
	const struct nfgenmsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *table[CTA_MAX + 1];
	struct conntrack_entry entry = {0};
	struct ip_addr target;

	if (!nl_message_attributes(message, sizeof(*header), table, CTA_MAX))
		return -EBADMSG;
	if (header->nfgen_family != AF_INET && header->nfgen_family != AF_INET6)
		return 0;
	if (!table[CTA_TUPLE_ORIG] || !table[CTA_TUPLE_REPLY] || !table[CTA_ID])
		return 0;
	if (!decode_tuple(table[CTA_TUPLE_ORIG], header->nfgen_family, &entry.source, &target) ||
	    !decode_tuple(table[CTA_TUPLE_REPLY], header->nfgen_family, &entry.destination,
	                  &entry.answered_to) ||
	    !decode_names(table, &entry))
		return -EBADMSG;
	*out = entry;
	return 1;
}

int conntrack_encode_delete(const struct conntrack_entry *entry, void *buffer, size_t room)
{
	struct nlmsghdr *message;

	if (room < NLMSG_SPACE(sizeof(struct nfgenmsg)))
		return -ENOSPC;
	message = put_header(buffer, IPCTNL_MSG_CT_DELETE, entry->source.family);
	/* Never without the tuple: the kernel would take that for "all of them". */
	if (!mnl_attr_put_check(message, room, CTA_TUPLE_ORIG | NLA_F_NESTED, entry->tuple_length,
	                        entry->tuple) ||
	    !mnl_attr_put_u32_check(message, room, CTA_ID, entry->id))
		return -ENOSPC;
	if (entry->has_zone && !mnl_attr_put_u16_check(message, room, CTA_ZONE, entry->zone))
		return -ENOSPC;
	return (int)message->nlmsg_len;
}
