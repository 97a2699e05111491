/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pods' bridge after the node's pod CIDR has changed: the bridge plugin leaves it as it is, and
 * makes no pod until it has the address that the CNI configuration gives it. */
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define BRIDGE "cni0"

/* The address that the bridge must have: `key`'s in subnet.env. False: it is not said there. */
static bool find_subnet(const char *env, const char *key, struct prefix *subnet)
{
	char text[PREFIX_TEXT_MAX];
	const char *line = strstr(env, key);
	size_t length;

	while (line && line != env && line[-1] != '\n')
		line = strstr(line + 1, key);
	if (!line)
		return false;
	line += strlen(key);
	length = strcspn(line, "\n");
	if (length >= sizeof(text))
		return false;
	memcpy(text, line, length);
	text[length] = '\0';
	if (!prefix_parse(text, subnet))
		return false;
	subnet->addr = prefix_first_host(subnet); /* parsing has cleared the host's bits */
	return true;
}

/* An address of the bridge, as long as none is the one that it must have. */
static const struct link_address *find_other(const struct link_snapshot *links, int index,
                                             const struct prefix *subnet)
{
	const struct link_address *other = NULL;

	for (size_t i = 0; i < links->address_count; i++) {
		const struct link_address *address = &links->addresses[i];

		if (address->index != index || !address->global ||
		    address->prefix.addr.family != subnet->addr.family)
			continue;
		if (prefix_equal(&address->prefix, subnet))
			return NULL;
		other = address;
	}
	return other;
}

void check_bridge(const struct check_facts *facts, struct findings *findings)
{
	static const char *const keys[] = {"FLANNEL_SUBNET=", "FLANNEL_IPV6_SUBNET="};
	const struct link *bridge = link_find_name(facts->links, BRIDGE);
	char *env = bridge ? check_read(facts, facts->options->subnet_file) : NULL;

	for (size_t i = 0; env && i < sizeof(keys) / sizeof(keys[0]); i++) {
		char has[PREFIX_TEXT_MAX], must[PREFIX_TEXT_MAX];
		const struct link_address *other;
		struct prefix subnet;

		if (!find_subnet(env, keys[i], &subnet))
			continue;
		other = find_other(facts->links, bridge->index, &subnet);
		if (other)
			findings_add(findings, FINDING_WARNING, bridge->name,
			             "once the pods of the old pod CIDR are deleted, \"ip link "
			             "delete " BRIDGE "\"; the next pod makes it anew",
			             "has %s, from another pod CIDR; pods cannot start here until "
			             "it has %s",
			             prefix_format(&other->prefix, has),
			             prefix_format(&subnet, must));
	}
	free(env);
}
