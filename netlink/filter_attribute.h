/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nf_tables' attributes: numbers are big-endian, and what is missing is as wrong as what has the
 * wrong length. Internal to netlink/.
 */
#ifndef NETLINK_FILTER_ATTRIBUTE_H
#define NETLINK_FILTER_ATTRIBUTE_H

#include <endian.h>
#include <string.h>

#include "attributes.h"
#include "filter_rule.h"

static inline bool filter_attribute_u32(const struct nlattr *attribute, uint32_t *out)
{
	if (!attribute || !nl_attribute_u32(attribute, out))
		return false;
	*out = be32toh(*out);
	return true;
}

static inline bool filter_attribute_name(const struct nlattr *attribute, char out[FILTER_NAME_MAX])
{
	const char *text = nl_attribute_text(attribute);
	size_t length = text ? strlen(text) : FILTER_NAME_MAX;

	if (length >= FILTER_NAME_MAX)
		return false;
	memcpy(out, text, length + 1);
	return true;
}

#endif
