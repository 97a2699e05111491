/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attributes.h"

#include <libmnl/libmnl.h>
#include <limits.h>
#include <string.h>

bool nl_message_fits(const struct nlmsghdr *message, int left)
{
	/* libmnl takes a length beyond INT_MAX for a negative one, which fits everywhere. */
	return mnl_nlmsg_ok(message, left) && message->nlmsg_len <= INT_MAX;
}

bool nl_attributes_read(const void *payload, size_t length, const struct nlattr **table,
                        uint16_t max)
{
	const struct nlattr *attribute = payload;

	memset(table, 0, (max + 1U) * sizeof(*table));
	if (length > INT_MAX)
		return false;
	while (length > 0) {
		size_t step;

		if (!mnl_attr_ok(attribute, (int)length))
			return false;
		if (mnl_attr_get_type(attribute) <= max)
			table[mnl_attr_get_type(attribute)] = attribute;
		step = NLMSG_ALIGN((size_t)mnl_attr_get_len(attribute));
		/* The padding of the last one may be missing. */
		length -= step < length ? step : length;
		attribute = mnl_attr_next(attribute);
	}
	return true;
}

bool nl_message_attributes(const struct nlmsghdr *message, size_t header,
                           const struct nlattr **table, uint16_t max)
{
	size_t fixed = NLMSG_ALIGN(header);
	size_t payload = mnl_nlmsg_get_payload_len(message);

	if (payload < fixed)
		return false;
	return nl_attributes_read(mnl_nlmsg_get_payload_offset(message, fixed), payload - fixed,
	                          table, max);
}

bool nl_nested_attributes(const struct nlattr *attribute, const struct nlattr **table, uint16_t max)
{
	if (!attribute)
		return nl_attributes_read(NULL, 0, table, max);
	return nl_attributes_read(mnl_attr_get_payload(attribute),
	                          mnl_attr_get_payload_len(attribute), table, max);
}

bool nl_attribute_u32(const struct nlattr *attribute, uint32_t *out)
{
	if (!attribute)
		return true;
	if (mnl_attr_get_payload_len(attribute) != sizeof(*out))
		return false;
	*out = mnl_attr_get_u32(attribute);
	return true;
}

bool nl_attribute_index(const struct nlattr *attribute, int *out)
{
	uint32_t value;

	if (!attribute)
		return true;
	if (!nl_attribute_u32(attribute, &value) || value > INT_MAX)
		return false;
	*out = (int)value;
	return true;
}

bool nl_attribute_ip(const struct nlattr *attribute, uint8_t family, struct ip_addr *out)
{
	struct ip_addr addr = {.family = family};

	if (!attribute)
		return true;
	if (mnl_attr_get_payload_len(attribute) != ip_bits(family) / 8)
		return false;
	memcpy(addr.bytes, mnl_attr_get_payload(attribute), ip_bits(family) / 8);
	*out = addr;
	return true;
}

const char *nl_attribute_text(const struct nlattr *attribute)
{
	const char *text;

	if (!attribute)
		return NULL;
	text = mnl_attr_get_payload(attribute);
	return memchr(text, '\0', mnl_attr_get_payload_len(attribute)) ? text : NULL;
}

bool nl_put_ip(struct nlmsghdr *message, size_t room, uint16_t type, const struct ip_addr *addr)
{
	return mnl_attr_put_check(message, room, type, ip_bits(addr->family) / 8U, addr->bytes);
}
