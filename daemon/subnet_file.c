/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "subnet_file.h"

#include <stdio.h>

/* FLANNEL_SUBNET is the address that the bridge will have: the first of the
 * pod CIDR, with the CIDR's length. */
static int print_family(char *text, size_t size, const char *infix, const struct prefix *network,
                        const struct prefix *own)
{
	char network_text[PREFIX_TEXT_MAX], first_text[IP_TEXT_MAX];
	struct ip_addr first;

	if (network->addr.family == 0 || own->addr.family == 0)
		return 0;
	first = prefix_first_host(own);
	return snprintf(text, size, "FLANNEL_%sNETWORK=%s\nFLANNEL_%sSUBNET=%s/%u\n", infix,
	                prefix_format(network, network_text), infix, ip_format(&first, first_text),
	                own->length);
}

const char *subnet_file_print(const struct subnet_file *file,
                              char text[static SUBNET_FILE_TEXT_MAX])
{
	static const char *const infixes[IP_FAMILIES] = {[IP_V4] = "", [IP_V6] = "IPV6_"};
	int used = 0;

	/* The longest possible text is below 300 bytes: nothing is ever cut. */
	for (int i = 0; i < IP_FAMILIES; i++)
		used += print_family(text + used, (size_t)(SUBNET_FILE_TEXT_MAX - used), infixes[i],
		                     &file->network[i], &file->own[i]);
	snprintf(text + used, (size_t)(SUBNET_FILE_TEXT_MAX - used),
	         "FLANNEL_MTU=%u\nFLANNEL_IPMASQ=%s\n", file->mtu,
	         file->ip_masq ? "true" : "false");
	return text;
}
